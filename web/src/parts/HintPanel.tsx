import { useEffect, useState } from "react";
import { api, unwrap, type Picture, type Suggestion } from "../api/client";
import type { History } from "../state/history";
import type { Look } from "../state/look";
import { addHint } from "./HintLayer";

interface Props {
  picture: Picture;
  history: History<Look>;
  selected: number | null;
  onSelect: (index: number | null) => void;
}

const PAUSE_MS = 200;

/** The selected hint: its colour, and the colours that the model finds likely there. */
export function HintPanel({ picture, history, selected, onSelect }: Props) {
  const look = history.value;
  const hint = selected === null ? undefined : look.hints[selected];
  const likely = useSuggestions(picture.id, look.model, hint?.x, hint?.y);
  const paint = (color: string): void => {
    const hints = look.hints.map((one, index) => (index === selected ? { ...one, color } : one));
    history.change({ ...look, hints }, `paint ${selected}`);
  };
  return (
    <div className="card">
      <h2>Hints</h2>
      {!hint && <p className="small">Click on the photo to say what colour a thing has.</p>}
      {hint && (
        <>
          <label className="row">
            Colour
            <input type="color" value={hint.color} onChange={(event) => paint(event.target.value)} onBlur={history.settle} />
          </label>
          <div className="swatches" role="group" aria-label="Likely colours here">
            {likely.map(({ color, probability }) => (
              <button
                key={color}
                type="button"
                className="swatch"
                style={{ background: color }}
                title={`${color}, ${Math.round(probability * 100)} %`}
                aria-label={`${color}, ${Math.round(probability * 100)} percent likely`}
                onClick={() => {
                  paint(color);
                  history.settle();
                }}
              />
            ))}
          </div>
          <p className="small">Likely colours here, the likeliest first.</p>
        </>
      )}
      <div className="row">
        <button
          type="button"
          onClick={() => void addHint(picture, history, 0.5, 0.5).then(() => onSelect(look.hints.length))}
        >
          Add in the middle
        </button>
        {hint && (
          <button
            type="button"
            onClick={() => {
              history.change({ ...look, hints: look.hints.filter((_, index) => index !== selected) }, "");
              onSelect(null);
            }}
          >
            Remove
          </button>
        )}
      </div>
    </div>
  );
}

function useSuggestions(id: string, model: string | null, x?: number, y?: number): Suggestion[] {
  const [found, setFound] = useState<Suggestion[]>([]);
  useEffect(() => {
    if (x === undefined || y === undefined) return;
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      const params = { path: { picture_id: id }, query: { x, y, count: 8, model } };
      unwrap(api.GET("/api/pictures/{picture_id}/suggestions", { params, signal: stop.signal })).then(setFound, () => undefined);
    }, PAUSE_MS);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [id, model, x, y]);
  return found;
}
