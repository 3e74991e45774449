import { useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { go } from "../state/router";
import { Notice } from "./Notice";

/** Share and delete. */
export function PictureActions({ picture }: { picture: Picture }) {
  const [shared, setShared] = useState(picture.shared);
  const [error, setError] = useState("");
  const params = { path: { picture_id: picture.id } };
  const failed = (caught: unknown): void => setError(message(caught));
  const share = (): void => {
    setShared(!shared); // at once; taken back if the server does not agree
    unwrap(api.PATCH("/api/pictures/{picture_id}", { params, body: { shared: !shared } })).then(
      (now) => setShared(now.shared),
      (caught: unknown) => {
        setShared(shared);
        failed(caught);
      },
    );
  };
  const remove = (): void => {
    if (!window.confirm("Delete this and its results for good?")) return;
    unwrap(api.DELETE("/api/pictures/{picture_id}", { params })).then(() => go("/gallery"), failed);
  };
  return (
    <div className="card">
      <label className="check">
        <input type="checkbox" checked={shared} onChange={share} />
        <span>Show it in the shared gallery<span className="small">Everybody who reaches this server sees it then.</span></span>
      </label>
      <button type="button" className="danger" onClick={remove}>Delete {picture.kind}</button>
      {error && <Notice error={error} />}
    </div>
  );
}
