import { useEffect, useRef, useState } from "react";
import { api, message, unwrap, type Result } from "../api/client";
import { t } from "../state/i18n";
import { Notice } from "./Notice";

/**
 * Stars and a comment for the result that `find` gives; those that were given before are shown.
 *
 * The result may come to be kept while somebody is choosing stars: what they have entered stays until it is sent.
 */
export function Rating({ find, resultId }: { find: () => Promise<Result>; resultId?: string | undefined }) {
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const entered = useRef(false);
  useEffect(() => {
    let late = false;
    const show = (mine: { stars: number; comment: string }): void => {
      if (late || entered.current) return;
      setStars(mine.stars);
      setComment(mine.comment);
    };
    if (!entered.current) setSaid("");
    show({ stars: 0, comment: "" });
    if (resultId) {
      unwrap(api.GET("/api/results/{result_id}/rating", { params: { path: { result_id: resultId } } })).then(
        show,
        () => undefined, // none was given yet
      );
    }
    return () => {
      late = true;
    };
  }, [resultId]);
  const rate = async (): Promise<void> => {
    setError("");
    try {
      const result = await find();
      const path = { result_id: result.id };
      await unwrap(api.PUT("/api/results/{result_id}/rating", { params: { path }, body: { stars, comment } }));
      entered.current = false;
      setSaid(t("Thank you, your rating is kept."));
    } catch (caught) {
      setError(message(caught));
    }
  };
  return (
    <form
      className="rating"
      onChange={() => {
        entered.current = true;
      }}
      onSubmit={(event) => {
        event.preventDefault();
        void rate();
      }}
    >
      <fieldset className="bare">
        <legend>{t("How natural are the colours?")}</legend>
        <div className="stars">
          {[1, 2, 3, 4, 5].map((value) => (
            <label key={value} className={value <= stars ? "star on" : "star"}>
              <input type="radio" name="stars" value={value} checked={stars === value} onChange={() => setStars(value)} />
              <span aria-hidden="true">★</span>
              <span className="hidden">{value === 1 ? t("1 star") : t("{count} stars", { count: value })}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label>
        {t("Comment, if you like")}
        <input type="text" maxLength={1000} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
      <button type="submit" disabled={stars === 0}>{t("Rate")}</button>
      {(said || error) && <Notice error={error}>{said}</Notice>}
    </form>
  );
}
