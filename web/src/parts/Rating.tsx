import { useState } from "react";
import { api, message, unwrap, type Result } from "../api/client";
import { Notice } from "./Notice";

/** Stars and a comment for the result that `find` gives. */
export function Rating({ find }: { find: () => Promise<Result> }) {
  const [stars, setStars] = useState(0);
  const [comment, setComment] = useState("");
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const rate = async (): Promise<void> => {
    setError("");
    try {
      const result = await find();
      const path = { result_id: result.id };
      await unwrap(api.PUT("/api/results/{result_id}/rating", { params: { path }, body: { stars, comment } }));
      setSaid("Thank you, your rating is kept.");
    } catch (caught) {
      setError(message(caught));
    }
  };
  return (
    <form
      className="rating"
      onSubmit={(event) => {
        event.preventDefault();
        void rate();
      }}
    >
      <fieldset>
        <legend>How natural are the colours?</legend>
        <div className="stars">
          {[1, 2, 3, 4, 5].map((value) => (
            <label key={value} className={value <= stars ? "star on" : "star"}>
              <input type="radio" name="stars" value={value} checked={stars === value} onChange={() => setStars(value)} />
              <span aria-hidden="true">★</span>
              <span className="hidden">{value === 1 ? "1 star" : `${value} stars`}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label>
        Comment, if you like
        <input type="text" maxLength={1000} value={comment} onChange={(event) => setComment(event.target.value)} />
      </label>
      <button type="submit" disabled={stars === 0}>Rate</button>
      {(said || error) && <Notice error={error}>{said}</Notice>}
    </form>
  );
}
