import { useState } from "react";
import { api, message, unwrap, type Match, type Picture } from "../api/client";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { at } from "../state/root";
import { Notice } from "./Notice";
import { dropTarget, PhotoButton, useTaking } from "./PhotoButton";

/** A second picture whose colours like things get; what matches where can be looked at, and taken singly. */
export function Reference({ picture, history }: { picture: Picture; history: History<Look> }) {
  const look = history.value;
  const taking = useTaking((sent) => history.change({ ...look, reference: sent.id }, ""));
  return (
    <fieldset {...dropTarget(taking)}>
      <legend>{t("Colours of another photo")}</legend>
      {look.reference ? (
        <>
        <div className="row">
          <img className="thumb" src={at(`/api/pictures/${look.reference}/thumbnail`)} alt={t("The photo whose colours are used")} />
          <button type="button" onClick={() => history.change({ ...look, reference: null }, "")}>{t("Take it away")}</button>
        </div>
        <Matches key={look.reference} picture={picture} reference={look.reference} history={history} />
        </>
      ) : (
        <>
          <p className="small">{t("Drop a colour photo of like things here, or choose one.")}</p>
          <PhotoButton taking={taking} label={t("Choose a colour photo")} />
        </>
      )}
      {taking.error && <Notice error={taking.error} />}
    </fieldset>
  );
}

interface Matched {
  picture: Picture;
  reference: string;
  history: History<Look>;
}

/** Which place of the photo takes its colour from which place of the reference; those that are wrong can be left out. */
function Matches({ picture, reference, history }: Matched) {
  const look = history.value;
  const [matches, setMatches] = useState<Match[] | null>(null);
  const [refused, setRefused] = useState<number[]>([]);
  const [error, setError] = useState("");
  const ask = (): void => {
    setError("");
    const params = { path: { picture_id: picture.id }, query: { reference, model: look.model } };
    unwrap(api.GET("/api/pictures/{picture_id}/matches", { params })).then(setMatches, (caught: unknown) => setError(message(caught)));
  };
  const flip = (index: number): void => setRefused((now) => (now.includes(index) ? now.filter((one) => one !== index) : [...now, index]));
  const take = (): void => {
    const taken = (matches ?? []).filter((_, index) => !refused.includes(index));
    const hints = taken.map(({ x, y, color, radius, likeness }) => ({ x, y, color, radius, strength: Math.max(0.05, likeness) }));
    history.change({ ...look, reference: null, hints: [...look.hints, ...hints], alternative: null }, "");
  };
  if (!matches) return <>{error && <Notice error={error} />}<button type="button" onClick={ask}>{t("Show what matches")}</button></>;
  if (matches.length === 0) return <p className="small">{t("Nothing in the two photos is alike beyond doubt.")}</p>;
  return (
    <div className="matches">
      <p className="small">{t("Take away what does not belong together, then take the rest.")}</p>
      <div className="pairing">
        {[picture.id, reference].map((id, side) => (
          <div key={id} className="frame">
            <img src={at(`/api/pictures/${id}/preview`)} alt="" />
            {matches.map((one, index) => (
              <span key={index} className={refused.includes(index) ? "dot refused" : "dot"} style={{ left: `${100 * (side ? one.other_x : one.x)}%`, top: `${100 * (side ? one.other_y : one.y)}%`, background: one.color }}>{index + 1}</span>
            ))}
          </div>
        ))}
      </div>
      <div className="swatches">
        {matches.map((one, index) => (
          <button key={index} type="button" aria-pressed={!refused.includes(index)} aria-label={t("Match {number}", { number: index + 1 })} onClick={() => flip(index)}>
            <span className="dot still" style={{ background: one.color }} /> {index + 1}
          </button>
        ))}
      </div>
      <button type="button" className="primary" onClick={take}>{t("Take these {count}", { count: matches.length - refused.length })}</button>
    </div>
  );
}
