import { t } from "../state/i18n";
import { at } from "../state/root";
import { Notice } from "./Notice";
import { PhotoButton, useTaking } from "./PhotoButton";

const MOST = 20;

/** Colour photos of like things whose colours a film takes: each scene those of the photo most like it. */
export function FilmReference({ value, onChange }: { value: string[]; onChange: (pictures: string[]) => void }) {
  const taking = useTaking((sent) => onChange([...value, sent.id]));
  return (
    <fieldset>
      <legend>{value.length > 1 ? t("Colours of other photos") : t("Colours of another photo")}</legend>
      {value.map((id, index) => (
        <div className="row" key={id}>
          <img className="thumb" src={at(`/api/pictures/${id}/thumbnail`)} alt={t("The photo whose colours are used")} />
          <button type="button" onClick={() => onChange(value.filter((_, other) => other !== index))}>{t("Take it away")}</button>
        </div>
      ))}
      {value.length < MOST && <PhotoButton taking={taking} label={value.length ? t("One more, for other scenes") : t("Choose a colour photo")} />}
      {value.length > 1 && <p className="small">{t("Each scene takes the colours of the photo most like it, or of none.")}</p>}
      {taking.error && <Notice error={taking.error} />}
    </fieldset>
  );
}
