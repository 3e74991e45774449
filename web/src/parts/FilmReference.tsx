import { useState } from "react";
import { message } from "../api/client";
import { uploadPhoto } from "../api/upload";
import { t } from "../state/i18n";
import { at } from "../state/root";
import { Notice } from "./Notice";

/** A colour photo of like things whose colours a film takes. */
export function FilmReference({ value, onChange }: { value: string | null; onChange: (picture: string | null) => void }) {
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
      onChange(picture.id);
    } catch (caught) {
      setError(message(caught));
    }
    setBusy(false);
  };
  return (
    <fieldset>
      <legend>{t("Colours of another photo")}</legend>
      {value ? (
        <div className="row">
          <img className="thumb" src={at(`/api/pictures/${value}/thumbnail`)} alt={t("The photo whose colours are used")} />
          <button type="button" onClick={() => onChange(null)}>{t("Take it away")}</button>
        </div>
      ) : (
        <label className="button">
          {busy ? t("Sending…") : t("Choose a colour photo")}
          <input type="file" accept="image/*" className="hidden" disabled={busy} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; void take(file); }} />
        </label>
      )}
      {error && <Notice error={error} />}
    </fieldset>
  );
}
