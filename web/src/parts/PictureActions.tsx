import { useState } from "react";
import { api, message, unwrap, type Ballot, type Picture } from "../api/client";
import { asOptions, isPlain, PLAIN, type Look } from "../state/look";
import { go } from "../state/router";
import { BallotCard } from "./BallotCard";
import { Notice } from "./Notice";

/** The browser then keeps the focus inside, and closes it by Escape. */
function showModally(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.open) dialog.showModal();
}

/** Share, delete, and compare blind with the model's first guess. */
export function PictureActions({ picture, look }: { picture: Picture; look: Look }) {
  const [shared, setShared] = useState(picture.shared);
  const [ballot, setBallot] = useState<Ballot | null>(null);
  const [error, setError] = useState("");
  const params = { path: { picture_id: picture.id } };
  const failed = (caught: unknown): void => setError(message(caught));
  const share = (): void => {
    unwrap(api.PATCH("/api/pictures/{picture_id}", { params, body: { shared: !shared } })).then(
      (now) => setShared(now.shared),
      failed,
    );
  };
  const remove = (): void => {
    if (!window.confirm("Delete this photo and its results for good?")) return;
    unwrap(api.DELETE("/api/pictures/{picture_id}", { params })).then(() => go("/gallery"), failed);
  };
  const duel = (): void => {
    const body = { first: asOptions(PLAIN), second: asOptions(look) };
    unwrap(api.POST("/api/pictures/{picture_id}/duels", { params, body })).then(setBallot, failed);
  };
  return (
    <div className="card">
      <label className="row">
        <input type="checkbox" checked={shared} onChange={share} />
        Show it in the shared gallery
      </label>
      <div className="row">
        {!isPlain(look) && <button type="button" onClick={duel}>Compare blind with the first guess</button>}
        <button type="button" onClick={remove}>Delete photo</button>
      </div>
      {error && <Notice error={error} />}
      {ballot && (
        <dialog className="over-all" ref={showModally} aria-label="Blind comparison" onClose={() => setBallot(null)}>
          <BallotCard key={ballot.id} ballot={ballot} question="Which is better?" next="Close" onNext={() => setBallot(null)} />
        </dialog>
      )}
    </div>
  );
}
