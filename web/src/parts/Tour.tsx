import { useState } from "react";
import { t } from "../state/i18n";
import { keep, recall } from "../state/storage";

const KEY = "tintype-tour-seen";
const STEPS = [
  "Drop a photo, or try one of the three above: after some seconds it is in colour. Move the line to see it in grey again.",
  "Click a thing in the photo: what would take a colour lights up. Choose the colour, and only that thing changes.",
  "Under Mood are other colourings, the colours of another photo, and mending. Under Save you take it all home.",
];

/** Half a minute about the page, for who has not seen it; skipped for good by one click. */
export function Tour() {
  const [at, setAt] = useState(() => (recall(KEY, false) ? -1 : 0));
  const end = (): void => {
    keep(KEY, true);
    setAt(-1);
  };
  if (at < 0) return <button type="button" className="quiet" onClick={() => setAt(0)}>{t("How does it work?")}</button>;
  return (
    <section className="tour card" aria-label={t("How does it work?")}>
      <p aria-live="polite"><span className="count">{at + 1}/{STEPS.length}</span> {t(STEPS[at] ?? "")}</p>
      <div className="row">
        {at + 1 < STEPS.length && <button type="button" onClick={() => setAt(at + 1)}>{t("Next")}</button>}
        <button type="button" className="quiet" onClick={end}>{at + 1 < STEPS.length ? t("Skip") : t("Got it")}</button>
      </div>
    </section>
  );
}
