import { Link } from "./Link";
import { Notice } from "./Notice";
import { t } from "../state/i18n";

/** Nothing is at this address: what the server says, and the way on. */
export function Lost({ error }: { error: string }) {
  return (
    <section className="empty">
      <h1>{t("Not here")}</h1>
      <Notice error={error} />
      <p className="row">
        <Link to="/" className="button primary">{t("Colour a photo")}</Link>
        <Link to="/gallery" className="button">{t("Your gallery")}</Link>
      </p>
    </section>
  );
}
