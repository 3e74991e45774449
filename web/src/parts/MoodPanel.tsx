import { useEffect, useState } from "react";
import { api, message, unwrap, type Mood, type Picture } from "../api/client";
import { can, useCapabilities } from "../state/capabilities";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import { PLAIN, type Look } from "../state/look";
import { Mending } from "./Mending";
import { Models } from "./Models";
import { Notice } from "./Notice";
import { Palette } from "./PalettePanel";
import { Reference } from "./ReferencePanel";
import { Slider } from "./Slider";

const SLIDERS = [
  { name: "saturation", label: "Saturation", min: 0, max: 2 },
  { name: "temperature", label: "Temperature", min: -1, max: 1 },
] as const;
interface Props {
  picture: Picture;
  history: History<Look>;
}

/** Everything that changes the whole picture: model, mood, other colourings, a reference, a palette, mending. */
export function MoodPanel({ picture, history }: Props) {
  const known = useCapabilities();
  const look = history.value;
  const change = (next: Partial<Look>, label = ""): void => history.change({ ...look, ...next }, label);
  return (
    <>
      {SLIDERS.map(({ name, label, min, max }) => (
        <Slider key={name} label={t(label)} min={min} max={max} rest={PLAIN[name]} value={look[name]} onChange={(value) => change({ [name]: value }, name)} onSettle={history.settle} />
      ))}
      <Slider label={t("Strength")} min={0} max={1} rest={1} value={look.strength === "auto" ? 1 : look.strength} onChange={(strength) => change({ strength }, "strength")} onSettle={history.settle} />
      {can(known, "confidence", look.model) && (
        <label className="check">
          <input type="checkbox" checked={look.strength === "auto"} onChange={(event) => change({ strength: event.target.checked ? "auto" : 1 })} />
          <span>{t("Fade what is only a guess")}</span>
        </label>
      )}
      {can(known, "alternatives", look.model) && <Alternatives picture={picture} history={history} />}
      {can(known, "hints", look.model) && <Reference picture={picture} history={history} />}
      <Palette history={history} />
      <Mending picture={picture} history={history} />
      {known.models.length > 1 && <Models history={history} />}
    </>
  );
}

/** Other colourings side by side; one that is chosen is shown large. */
function Alternatives({ picture, history }: Props) {
  const look = history.value;
  const [moods, setMoods] = useState<Mood[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => setMoods(null), [look.model]);
  const ask = (): void => {
    setBusy(true);
    setError("");
    const params = { path: { picture_id: picture.id }, query: { model: look.model, count: 3 } };
    unwrap(api.GET("/api/pictures/{picture_id}/alternatives", { params }))
      .then((found) => setMoods(found.items), (caught: unknown) => setError(message(caught)))
      .finally(() => setBusy(false));
  };
  const choose = (alternative: number | null): void => history.change({ ...look, alternative, hints: [], strokes: [] }, "");
  return (
    <fieldset>
      <legend>{t("Other colourings")}</legend>
      {!moods && <button type="button" disabled={busy} onClick={ask}>{busy ? t("Looking…") : t("Show up to three")}</button>}
      {moods?.length === 0 && <p className="small">{t("The model sees no other way.")}</p>}
      <div className="trio">
        {moods?.map((mood) => (
          <button key={mood.number} type="button" aria-pressed={look.alternative === mood.number} aria-label={t("Colouring {number}", { number: mood.number + 1 })} onClick={() => choose(look.alternative === mood.number ? null : mood.number)}>
            <img src={`${mood.preview_url}${mood.preview_url.includes("?") ? "&" : "?"}small=true`} alt="" />
          </button>
        ))}
      </div>
      {look.alternative !== null && <button type="button" onClick={() => choose(null)}>{t("Back to the best guess")}</button>}
      {error && <Notice error={error} />}
    </fieldset>
  );
}
