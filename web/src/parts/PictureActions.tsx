import { useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { t } from "../state/i18n";
import { go } from "../state/router";
import { Notice } from "./Notice";

/** Share and delete. What is shared is what is seen: it is kept first. */
export function PictureActions({ picture, keep, reload }: { picture: Picture; keep?: (share: boolean) => Promise<Result>; reload?: () => void }) {
  const [shared, setShared] = useState(picture.shared);
  const [error, setError] = useState("");
  const params = { path: { picture_id: picture.id } };
  const share = async (): Promise<void> => {
    setShared(!shared); // at once; taken back if the server does not agree
    setError("");
    try {
      // One question, which outlives the page: whoever leaves it at once has shared, and what was seen.
      if (!shared && keep) await keep(true);
      else setShared((await unwrap(api.PATCH("/api/pictures/{picture_id}", { params, body: { shared: !shared }, keepalive: true }))).shared);
      reload?.(); // whoever opens this panel again sees what is so
    } catch (caught) {
      setShared(shared);
      setError(message(caught));
    }
  };
  const remove = (): void => {
    if (!window.confirm(t("Delete this and its results for good?"))) return;
    unwrap(api.DELETE("/api/pictures/{picture_id}", { params })).then(() => go("/gallery"), (caught: unknown) => setError(message(caught)));
  };
  return (
    <>
      <label className="check">
        <input type="checkbox" checked={shared} onChange={() => void share()} />
        <span>{t("Show it in the shared gallery")}<span className="small">{t("Everybody who reaches this server sees the version you see now, and its file name.")}</span></span>
      </label>
      <button type="button" className="danger" onClick={remove}>{picture.kind === "film" ? t("Delete film") : t("Delete photo")}</button>
      {error && <Notice error={error} />}
    </>
  );
}
