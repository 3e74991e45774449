import { useEffect, useState } from "react";
import { api, message, unwrap, type Shared } from "../api/client";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { Stage } from "../parts/Stage";
import { moment, t } from "../state/i18n";

/** What somebody was given a link to. */
export function SharedLink({ id }: { id: string }) {
  const [shown, setShown] = useState<Shared | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    unwrap(api.GET("/api/links/{link_id}", { params: { path: { link_id: id } } })).then(setShown, (caught: unknown) => setError(message(caught)));
  }, [id]);
  if (error) return <Lost error={t("This link has ended, or was taken back.")} />;
  if (!shown) return <Notice>{t("Opening the photo.")}</Notice>;
  return (
    <section className="guest">
      <Stage before={shown.before_url} after={shown.after_url} width={shown.width} height={shown.height} preview={1280} compare="slider" showBefore={false} busy={false} />
      <h1>{shown.name}</h1>
      <p className="small">{t("Colours are estimated by the model {model}.", { model: shown.model })} {t("The link ends {moment}.", { moment: moment(shown.expires) })}</p>
    </section>
  );
}
