import { t } from "../state/i18n";
import { cancelUploads, useUploads } from "../state/uploads";
import { Notice } from "./Notice";
import { Progress } from "./Progress";

/** What is being sent, on every view: one bar, what went wrong with which file, and a way to stop. */
export function UploadTray() {
  const { items, going, error } = useUploads();
  const refused = items.filter((item) => item.state === "refused");
  if (!going && !error && refused.length === 0) return null;
  const share = items.reduce((sum, item) => sum + (item.state === "sent" || item.state === "refused" ? 1 : item.share), 0) / Math.max(1, items.length);
  const sent = items.filter((item) => item.state === "sent").length;
  const label = items.length > 1 ? t("Sent {done} of {total}", { done: sent, total: items.length }) : share < 1 ? t("Sending, {share} %", { share: Math.round(100 * share) }) : t("Opening");
  return (
    <section className="tray card" aria-label={t("Being sent")}>
      {going && (
        <>
          <Progress label={label} share={share < 1 ? share : undefined} />
          <button type="button" onClick={cancelUploads}>{t("Cancel")}</button>
        </>
      )}
      {items.some((item) => item.broken) && <Notice>{t("The connection broke off. It goes on by itself where it stopped.")}</Notice>}
      {error && <Notice error={error} />}
      {going && refused.map((item, index) => <Notice key={index} error={item.error} />)}
    </section>
  );
}
