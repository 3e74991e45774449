import { api, unwrap } from "../api/client";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { Notice } from "./Notice";
import { PhotoButton, useTaking } from "./PhotoButton";

/** Colours that all others are drawn to. */
export function Palette({ history }: { history: History<Look> }) {
  const look = history.value;
  const set = (palette: string[], label = ""): void => history.change({ ...look, palette }, label);
  const taking = useTaking(async (sent) => {
    const params = { path: { picture_id: sent.id } };
    try {
      const found = await unwrap(api.GET("/api/pictures/{picture_id}/palette", { params }));
      if (found.length === 0) throw new Error(t("This picture has no colour but grey."));
      set(found);
    } finally {
      await unwrap(api.DELETE("/api/pictures/{picture_id}", { params })); // only its colours were wanted
    }
  });
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
      <PhotoButton taking={taking} label={t("Take the colours of a picture")} />
      {taking.error && <Notice error={taking.error} />}
    </fieldset>
  );
}
