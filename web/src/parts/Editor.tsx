import { useCallback, useEffect, useRef, useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { can, useCapabilities } from "../state/capabilities";
import { useHistory } from "../state/history";
import { asOptions, isPlain, remember, remembered, type Look } from "../state/look";
import { usePrediction } from "../state/usePrediction";
import { Alternatives } from "./Alternatives";
import { BeforeAfter } from "./BeforeAfter";
import { Download } from "./Download";
import { Duel } from "./Duel";
import { HintLayer } from "./HintLayer";
import { HintPanel } from "./HintPanel";
import { Moods } from "./Moods";
import { Notice } from "./Notice";
import { PictureActions } from "./PictureActions";
import { Rating } from "./Rating";
import { UndoRedo } from "./UndoRedo";

const SHOWABLE = ["JPEG", "PNG", "WEBP", "GIF", "BMP"];

/** A photo of one's own: before and after, hints, moods, download. */
export function Editor({ picture }: { picture: Picture }) {
  const known = useCapabilities();
  const [first] = useState(() => remembered(picture.id));
  const history = useHistory<Look>(first);
  const look = history.value;
  useEffect(() => remember(picture.id, look), [picture.id, look]);
  const prediction = usePrediction(picture.id, look);
  const [selected, setSelected] = useState<number | null>(null);
  const [full, setFull] = useState(false);
  const [sure, setSure] = useState(false);
  const [kept, setKept] = useState<{ look: Look; result: Result } | null>(null);
  const [error, setError] = useState("");

  /** The whole result of what is seen. Asked the same again, the server gives the same. */
  const keep = useCallback(async (): Promise<Result> => {
    const params = { path: { picture_id: picture.id } };
    const result = await unwrap(api.POST("/api/pictures/{picture_id}/results", { params, body: asOptions(look) }));
    setKept({ look, result });
    return result;
  }, [picture.id, look]);
  const hasFirst = useRef(false);
  useEffect(() => {
    if (!full && hasFirst.current) return; // the first result is kept for the gallery, others when they are asked for
    hasFirst.current = true;
    keep().catch((caught: unknown) => setError(message(caught)));
  }, [full, keep]);

  const result = kept?.look === look ? kept.result : null;
  const isFull = full && result !== null;
  const after = isFull ? shown(result.file_url, result.format) : prediction.url;
  const before = isFull && SHOWABLE.includes(picture.format.toUpperCase()) ? picture.file_url : `${picture.preview_url}?grey=true`;
  const hasHints = can(known, "hints", look.model);
  const trouble = prediction.error || error;
  return (
    <section className="editor">
      <h1>{picture.name}</h1>
      <p className="small facts">{picture.width} × {picture.height} pixels, {picture.format}</p>
      <div className="work">
        <div>
          <BeforeAfter before={before} after={after} width={picture.width} height={picture.height} full={isFull} busy={prediction.busy}>
            {sure && <img className="sure" alt="Where the model is sure" src={`/api/pictures/${picture.id}/confidence${look.model ? `?model=${encodeURIComponent(look.model)}` : ""}`} />}
            {hasHints && <HintLayer picture={picture} history={history} selected={selected} onSelect={setSelected} />}
          </BeforeAfter>
          <div className="row tools" role="group" aria-label="View">
            <UndoRedo history={history} />
            <button type="button" aria-pressed={full} onClick={() => setFull(!full)}>{full ? "Fit" : "Zoom to 1:1"}</button>
            {can(known, "confidence", look.model) && (
              <button type="button" aria-pressed={sure} onClick={() => setSure(!sure)}>Confidence</button>
            )}
          </div>
          {sure && <p className="legend small"><span className="ramp" aria-hidden="true" />Dark is a guess; where it is clear the model is fairly sure.</p>}
          {trouble ? <Notice error={trouble} /> : <Notice>{prediction.busy || (full && !isFull) ? "Colouring…" : "Colours are estimated."}</Notice>}
        </div>
        <aside>
          <div className="card"><Download picture={picture} keep={keep} /></div>
          {hasHints && <HintPanel picture={picture} history={history} selected={selected} onSelect={setSelected} />}
          <Moods history={history} />
          {can(known, "alternatives", look.model) && <Alternatives picture={picture} history={history} />}
          <div className="card">
            <h2>Your opinion</h2>
            {result ? <Rating key={result.id} find={keep} /> : (
              <>
                <p className="small">Keep this version, to rate it and to have it in your gallery.</p>
                <button type="button" onClick={() => void keep().catch((caught: unknown) => setError(message(caught)))}>Keep this version</button>
              </>
            )}
            {!isPlain(look) && <Duel picture={picture} look={look} />}
          </div>
          <PictureActions picture={picture} />
        </aside>
      </div>
    </section>
  );
}

/** An address that a browser can show. */
function shown(url: string, format: string): string {
  return SHOWABLE.includes(format.toUpperCase()) ? url : `${url}?format=jpeg&quality=95`;
}
