import { useState } from "react";
import { api, message, unwrap, type Ballot, type Revealed } from "../api/client";
import { Notice } from "./Notice";
import { t } from "../state/i18n";

const WORDS: Record<Ballot["choices"][number], string> = {
  left: "Left is better",
  right: "Right is better",
  tie: "Equally good",
  both_bad: "Both are bad",
  original: "Real colours",
  coloured: "Estimated colours",
};

const GREY = "the grey photo"; // what the server calls it
interface Props {
  ballot: Ballot;
  question: string;
  next: string;
  onNext: () => void;
}

/** One blind question; what was what is told after the answer. */
export function BallotCard({ ballot, question, next, onNext }: Props) {
  const [revealed, setRevealed] = useState<Revealed | null>(null);
  const [error, setError] = useState("");
  const vote = (choice: Ballot["choices"][number]): void => {
    const params = { path: { ballot_id: ballot.id } };
    unwrap(api.POST("/api/ballots/{ballot_id}/vote", { params, body: { choice } })).then(
      setRevealed,
      (caught: unknown) => setError(message(caught)),
    );
  };
  const sides = [
    { url: ballot.photo_url, name: t("The photo"), label: "" },
    { url: ballot.left_url, name: ballot.right_url ? t("Left") : t("The picture"), label: revealed?.left_label },
    { url: ballot.right_url, name: t("Right"), label: revealed?.right_label },
  ];
  return (
    <div className="card ballot">
      <h2>{question}</h2>
      <div className="sides">
        {sides.map(({ url, name, label }) => url && (
          <figure key={name}>
            <img src={url} alt={name} />
            <figcaption>{name}{label && `: ${label === GREY ? t("the grey photo") : label}`}</figcaption>
          </figure>
        ))}
      </div>
      <div className="row" aria-live="polite">
        {!revealed && ballot.choices.map((choice) => (
          <button key={choice} type="button" onClick={() => vote(choice)}>{t(WORDS[choice])}</button>
        ))}
        {(revealed || error) && <button type="button" className="primary" onClick={onNext}>{next}</button>}
      </div>
      {revealed && ballot.kind === "turing" && <Notice>{verdict(revealed)}</Notice>}
      {revealed?.is_check && <Notice>{t("This was a check of attention: one side was the grey photo.")}</Notice>}
      {error && <Notice error={error} />}
    </div>
  );
}

/** Whether the answer was right, and what it was. */
function verdict({ choice, left_label: label }: Revealed): string {
  const isReal = label === "the original";
  if ((choice === "original") === isReal) return isReal ? t("You were right: these are the photograph's own colours.") : t("You were right: {label} made these colours.", { label });
  return isReal ? t("You were fooled: these are the photograph's own colours.") : t("You were fooled: {label} made these colours.", { label });
}
