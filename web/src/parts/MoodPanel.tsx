import { useEffect, useState } from "react";
import { api, message, unwrap, type Mood, type Picture } from "../api/client";
import { uploadPhoto } from "../api/upload";
import { can, useCapabilities } from "../state/capabilities";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import { PLAIN, type Look } from "../state/look";
import { Notice } from "./Notice";
import { Slider } from "./Slider";
import { at } from "../state/root";

const SLIDERS = [
  { name: "saturation", label: "Saturation", min: 0, max: 2 },
  { name: "temperature", label: "Temperature", min: -1, max: 1 },
] as const;
const RESTORE = [
  { name: "fade", label: "Faded", says: "Draws blacks and whites apart again." },
  { name: "dust", label: "Dust and scratches", says: "Takes away small bright and dark specks." },
  { name: "noise", label: "Grain", says: "Smooths grain and keeps edges." },
] as const;
const ABOUT: Record<string, string> = {
  tint: "For photographs: the most true and vivid.", "tint-small": "For photographs: half the size, quicker.", sketch: "For black lines on white paper; of a photo it makes a ruin.",
};

interface Props {
  picture: Picture;
  history: History<Look>;
}

/** Everything that changes the whole picture: model, mood, other colourings, a reference, a palette, mending. */
export function MoodPanel({ picture, history }: Props) {
  const known = useCapabilities();
  const look = history.value;
  const change = (next: Partial<Look>, label = ""): void => history.change({ ...look, ...next }, label);
  const model = known.models.find((one) => (look.model ? one.name === look.model : one.default));
  const chooseModel = (name: string): void => {
    const next = known.models.find((one) => (name ? one.name === name : one.default));
    if (next?.condition === "sketch" && !window.confirm(t("This model is for drawings: black lines on white paper. A photo comes out ruined. Use it all the same?"))) return;
    change({ model: name || null, hints: [], strokes: [], alternative: null });
  };
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
      {can(known, "hints", look.model) && <Reference history={history} />}
      <Palette history={history} />
      <fieldset>
        <legend>{t("Mend first")}</legend>
        {RESTORE.map(({ name, label, says }) => (
          <label key={name} className="check">
            <input
              type="checkbox"
              checked={look.restore.includes(name)}
              onChange={(event) => change({ restore: event.target.checked ? [...look.restore, name] : look.restore.filter((one) => one !== name) })}
            />
            <span>{t(label)}<span className="small">{t(says)}</span></span>
          </label>
        ))}
        <label className="check">
          <input type="checkbox" checked={look.keep_sepia} onChange={(event) => change({ keep_sepia: event.target.checked })} />
          <span>{t("Keep the print's own tint beneath")}</span>
        </label>
      </fieldset>
      {known.models.length > 1 && (
        <label className="stack">
          {t("Model")}
          <select aria-label={t("Model")} value={look.model ?? ""} onChange={(event) => chooseModel(event.target.value)}>
            {known.models.map((one) => (
              <option key={one.name} value={one.default ? "" : one.name}>{one.name}{one.condition === "sketch" ? t(", for drawings") : ""}</option>
            ))}
          </select>
          {model && <span className="small">{ABOUT[model.name] ? t(ABOUT[model.name] as string) : t("Trained on {count} pictures.", { count: model.images_seen })}</span>}
        </label>
      )}
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

/** A second picture whose colours like things get. */
function Reference({ history }: { history: History<Look> }) {
  const look = history.value;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setError("");
    try {
      const { pictures, refused } = await uploadPhoto(file, () => undefined).answer;
      const picture = pictures[0];
      if (!picture) throw new Error(refused[0]?.detail);
      history.change({ ...look, reference: picture.id }, "");
    } catch (caught) {
      setError(message(caught));
    }
    setBusy(false);
  };
  return (
    <fieldset
      onDragOver={(event) => { event.preventDefault(); event.stopPropagation(); }}
      onDrop={(event) => { event.preventDefault(); event.stopPropagation(); void take(event.dataTransfer.files[0]); }}
    >
      <legend>{t("Colours of another photo")}</legend>
      {look.reference ? (
        <div className="row">
          <img className="thumb" src={at(`/api/pictures/${look.reference}/thumbnail`)} alt={t("The photo whose colours are used")} />
          <button type="button" onClick={() => history.change({ ...look, reference: null }, "")}>{t("Take it away")}</button>
        </div>
      ) : (
        <>
          <p className="small">{t("Drop a colour photo of like things here, or choose one.")}</p>
          <label className="button">
            {busy ? t("Sending…") : t("Choose a colour photo")}
            <input type="file" accept="image/*" className="hidden" disabled={busy} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; void take(file); }} />
          </label>
        </>
      )}
      {error && <Notice error={error} />}
    </fieldset>
  );
}

/** Colours that all others are drawn to. */
function Palette({ history }: { history: History<Look> }) {
  const look = history.value;
  const set = (palette: string[], label = ""): void => history.change({ ...look, palette }, label);
  return (
    <fieldset>
      <legend>{t("Only these colours")}</legend>
      <div className="swatches">
        {look.palette.map((color, index) => (
          <span key={index} className="pair">
            <input type="color" value={color} aria-label={t("Colour {number} of the palette", { number: index + 1 })} onChange={(event) => set(look.palette.map((one, at) => (at === index ? event.target.value : one)), `palette ${index}`)} onBlur={history.settle} />
            <button type="button" className="quiet" aria-label={t("Remove colour {number}", { number: index + 1 })} onClick={() => set(look.palette.filter((_, at) => at !== index))}>×</button>
          </span>
        ))}
        {look.palette.length < 16 && <button type="button" onClick={() => set([...look.palette, "#8a6340"])}>{t("Add a colour")}</button>}
      </div>
    </fieldset>
  );
}
