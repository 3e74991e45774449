import { useState } from "react";
import type { Result } from "../api/client";
import { t } from "../state/i18n";
import { at } from "../state/root";

interface Props {
  resultId: Result["id"];
  name?: string;
}

/** The film in colour; a slider takes the colour away, since its light is the film's own. */
export function FilmPlayer({ resultId, name = t("The film in estimated colours") }: Props) {
  const [grey, setGrey] = useState(0);
  const file = at(`/api/results/${resultId}/file`);
  return (
    <>
      <video controls playsInline preload="metadata" aria-label={name} style={{ filter: grey ? `grayscale(${grey})` : undefined }} src={file} poster={at(`/api/results/${resultId}/preview`)} />
      <div className="row">
        <a className="button primary" href={`${file}?download=true`} download>{t("Download")}</a>
        <label className="row">{t("Grey")} <input type="range" min={0} max={1} step={0.05} value={grey} onChange={(event) => setGrey(Number(event.target.value))} /></label>
        <span className="small">{t("Colours are estimated.")}</span>
      </div>
    </>
  );
}
