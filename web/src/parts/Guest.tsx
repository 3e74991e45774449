import type { Picture } from "../api/client";
import { t } from "../state/i18n";
import { Notice } from "./Notice";
import { Rating } from "./Rating";
import { Stage } from "./Stage";

/** Somebody else's shared photo: the version that its owner shows, to look at and to rate. */
export function Guest({ picture }: { picture: Picture }) {
  const result = picture.results.find((one) => one.id === picture.shown) ?? picture.results.at(-1);
  if (!result) return <Notice>{t("This photo has no result yet.")}</Notice>;
  return (
    <section className="guest">
      <Stage before={`${picture.preview_url}?grey=true`} after={result.preview_url} width={picture.width} height={picture.height} preview={1280} compare="slider" showBefore={false} busy={false} />
      <h1>{picture.name}</h1>
      <p className="small">{t("Colours are estimated by the model {model}.", { model: result.model })}</p>
      <Rating key={result.id} find={() => Promise.resolve(result)} resultId={result.id} />
    </section>
  );
}
