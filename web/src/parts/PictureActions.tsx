import { useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { t } from "../state/i18n";
import { go } from "../state/router";
import { Notice } from "./Notice";

/** Share and delete. What is shared is what is seen: it is kept first. */
export function PictureActions({ picture, keep }: { picture: Picture; keep?: () => Promise<Result> }) {
  const [shared, setShared] = useState(picture.shared);
  const [error, setError] = useState("");
  const params = { path: { picture_id: picture.id } };
  const share = async (): Promise<void> => {
    setShared(!shared); // at once; taken back if the server does not agree
    setError("");
    try {
      if (!shared) await keep?.();
      const now = await unwrap(api.PATCH("/api/pictures/{picture_id}", { params, body: { shared: !shared } }));
      setShared(now.shared);
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
