import { t } from "../state/i18n";
import { at } from "../state/root";
import { Notice } from "./Notice";
import { PhotoButton, useTaking } from "./PhotoButton";

/** A colour photo of like things whose colours a film takes. */
export function FilmReference({ value, onChange }: { value: string | null; onChange: (picture: string | null) => void }) {
  const taking = useTaking((sent) => onChange(sent.id));
  return (
    <fieldset>
      <legend>{t("Colours of another photo")}</legend>
      {value ? (
        <div className="row">
          <img className="thumb" src={at(`/api/pictures/${value}/thumbnail`)} alt={t("The photo whose colours are used")} />
          <button type="button" onClick={() => onChange(null)}>{t("Take it away")}</button>
        </div>
      ) : (
        <PhotoButton taking={taking} label={t("Choose a colour photo")} />
      )}
      {taking.error && <Notice error={taking.error} />}
    </fieldset>
  );
}
