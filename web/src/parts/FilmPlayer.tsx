import { useState } from "react";
import type { Result } from "../api/client";

interface Props {
  resultId: Result["id"];
  name?: string;
}

/** The film in colour; grey again while a button is pressed, since its light is the film's own. */
export function FilmPlayer({ resultId, name = "The film in estimated colours" }: Props) {
  const [isGrey, setGrey] = useState(false);
  const file = `/api/results/${resultId}/file`;
  return (
    <>
      <video
        controls
        playsInline
        preload="metadata"
        aria-label={name}
        className={isGrey ? "grey" : undefined}
        src={file}
        poster={`/api/results/${resultId}/preview`}
      />
      <div className="row">
        <a className="button primary" href={`${file}?download=true`} download>Download</a>
        <button type="button" aria-pressed={isGrey} onClick={() => setGrey(!isGrey)}>Show it in grey</button>
        <span className="small">Colours are estimated.</span>
      </div>
    </>
  );
}
