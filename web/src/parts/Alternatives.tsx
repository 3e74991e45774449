import { useEffect, useState } from "react";
import { api, message, unwrap, type Mood, type Picture } from "../api/client";
import type { History } from "../state/history";
import type { Look } from "../state/look";
import { Notice } from "./Notice";

/** Three other colourings side by side; one that is chosen is shown large. */
export function Alternatives({ picture, history }: { picture: Picture; history: History<Look> }) {
  const look = history.value;
  const [moods, setMoods] = useState<Mood[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => setMoods(null), [look.model]);
  const ask = (): void => {
    setBusy(true);
    const params = { path: { picture_id: picture.id }, query: { model: look.model, count: 3 } };
    unwrap(api.GET("/api/pictures/{picture_id}/alternatives", { params }))
      .then((found) => setMoods(found.items), (caught: unknown) => setError(message(caught)))
      .finally(() => setBusy(false));
  };
  const choose = (alternative: number | null): void => history.change({ ...look, alternative, hints: [] }, "");
  return (
    <div className="card">
      <h2>Alternatives</h2>
      {!moods && <button type="button" disabled={busy} onClick={ask}>{busy ? "Looking…" : "Show three"}</button>}
      {moods?.length === 0 && <p className="small">The model sees no other way.</p>}
      <div className="trio">
        {moods?.map((mood) => (
          <button
            key={mood.number}
            type="button"
            aria-pressed={look.alternative === mood.number}
            aria-label={`Alternative ${mood.number}`}
            onClick={() => choose(look.alternative === mood.number ? null : mood.number)}
          >
            <img src={mood.preview_url} alt="" />
          </button>
        ))}
      </div>
      {look.alternative !== null && <button type="button" onClick={() => choose(null)}>Back to the best guess</button>}
      {error && <Notice error={error} />}
    </div>
  );
}
