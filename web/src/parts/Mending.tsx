import { useState } from "react";
import type { Picture } from "../api/client";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { at } from "../state/root";

const RESTORE = [
  { name: "auto", label: "Damage", says: "A small network lessens scratches and printing screens; photos without any stay as they are." },
  { name: "fade", label: "Faded", says: "Draws blacks and whites apart again." },
  { name: "dust", label: "Dust and scratches", says: "Takes away small bright and dark specks." },
  { name: "noise", label: "Grain", says: "Smooths grain and keeps edges." },
] as const;

/** Steps that mend a photo before it is coloured, each with what it does to this one. */
export function Mending({ picture, history }: { picture: Picture; history: History<Look> }) {
  const look = history.value;
  const [seen, setSeen] = useState("");
  const change = (next: Partial<Look>): void => history.change({ ...look, ...next }, "");
  return (
    <fieldset>
      <legend>{t("Mend first")}</legend>
      {RESTORE.map(({ name, label, says }) => (
        <div key={name}>
          <div className="row step">
            <label className="check">
              <input
                type="checkbox"
                checked={look.restore.includes(name)}
                onChange={(event) => change({ restore: event.target.checked ? [...look.restore, name] : look.restore.filter((one) => one !== name) })}
              />
              <span>{t(label)}<span className="small">{t(says)}</span></span>
            </label>
            <button type="button" className="quiet" aria-expanded={seen === name} aria-label={t("What it does here: {step}", { step: t(label) })} onClick={() => setSeen(seen === name ? "" : name)}>◧</button>
          </div>
          {seen === name && (
            <div className="pairing">
              {[false, true].map((applied) => (
                <figure key={String(applied)}>
                  <img src={at(`/api/pictures/${picture.id}/mended?step=${name}&applied=${applied}`)} alt="" />
                  <figcaption className="small">{applied ? t("After") : t("Before")}</figcaption>
                </figure>
              ))}
              <figure className="wide">
                <img src={at(`/api/pictures/${picture.id}/mended?step=${name}&changes=true`)} alt="" />
                <figcaption className="small">{t("What it changed; mid-grey is nothing")}</figcaption>
              </figure>
            </div>
          )}
        </div>
      ))}
      <label className="check">
        <input type="checkbox" checked={look.keep_sepia} onChange={(event) => change({ keep_sepia: event.target.checked })} />
        <span>{t("Keep the print's own tint beneath")}</span>
      </label>
    </fieldset>
  );
}
