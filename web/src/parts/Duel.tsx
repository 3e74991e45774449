import { useState } from "react";
import { api, message, unwrap, type Ballot, type Picture } from "../api/client";
import { asOptions, PLAIN, type Look } from "../state/look";
import { BallotCard } from "./BallotCard";
import { Notice } from "./Notice";
import { t } from "../state/i18n";

/** The browser then keeps the focus inside, and closes it by Escape. */
function showModally(dialog: HTMLDialogElement | null): void {
  if (dialog && !dialog.open) dialog.showModal();
}

/** What is seen against the model's first guess, blind. */
export function Duel({ picture, look }: { picture: Picture; look: Look }) {
  const [ballot, setBallot] = useState<Ballot | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const ask = (): void => {
    setBusy(true);
    setError("");
    const body = { first: asOptions(PLAIN), second: asOptions(look) };
    unwrap(api.POST("/api/pictures/{picture_id}/duels", { params: { path: { picture_id: picture.id } }, body }))
      .then(setBallot, (caught: unknown) => setError(message(caught)))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <p className="row">
        <button type="button" disabled={busy} onClick={ask}>{busy ? t("Colouring…") : t("Compare blind with the first guess")}</button>
      </p>
      {error && <Notice error={error} />}
      {ballot && (
        <dialog className="over-all" ref={showModally} aria-label={t("Blind comparison")} onClose={() => setBallot(null)}>
          <BallotCard key={ballot.id} ballot={ballot} question={t("Which is better?")} next={t("Close")} onNext={() => setBallot(null)} />
        </dialog>
      )}
    </>
  );
}
