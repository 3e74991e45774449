import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { uploadPhoto } from "../api/upload";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { Notice } from "./Notice";

/** Colours that all others are drawn to. */
export function Palette({ history }: { history: History<Look> }) {
  const look = history.value;
  const set = (palette: string[], label = ""): void => history.change({ ...look, palette }, label);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setError("");
    try {
      const { pictures, refused } = await uploadPhoto(file, () => undefined).answer;
      const sent = pictures[0];
      if (!sent) throw new Error(refused[0]?.detail);
      const found = await unwrap(api.GET("/api/pictures/{picture_id}/palette", { params: { path: { picture_id: sent.id } } }));
      if (found.length === 0) throw new Error(t("This picture has no colour but grey."));
      set(found);
      await unwrap(api.DELETE("/api/pictures/{picture_id}", { params: { path: { picture_id: sent.id } } })); // only its colours were wanted
    } catch (caught) {
      setError(message(caught));
    }
    setBusy(false);
  };
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
      <label className="button">
        {busy ? t("Sending…") : t("Take the colours of a picture")}
        <input type="file" accept="image/*" className="hidden" disabled={busy} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; void take(file); }} />
      </label>
      {error && <Notice error={error} />}
    </fieldset>
  );
}
