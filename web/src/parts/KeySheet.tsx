import { useCallback, useEffect, useState } from "react";
import { t } from "../state/i18n";
import { isWriting } from "../state/keys";

const KEYS: [string, string][] = [
  ["?", "This list"], ["Ctrl Z", "Undo"], ["Ctrl Shift Z", "Redo"], ["+ −", "Larger, smaller"], ["0", "Fit"], ["1", "Zoom to 1:1"],
  ["F", "Full screen"], ["H", "Grey or colour"], ["S", "Line or side by side"], ["C", "Confidence"], ["P", "Pick a thing"], ["B", "Brush"], ["A", "Area"],
  ["K", "Keep"], ["E", "To grey"], ["Alt", "While clicking: does not belong to it"], ["Esc", "Let go"], ["Del", "Remove this colour"], ["V", "Keep this version"], ["D", "Download"], ["[ ]", "Photo before, photo after"],
];

/** The keyboard shortcuts, shown by "?". */
export function KeySheet() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key === "?" && !isWriting(event.target)) setOpen((now) => !now);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  const show = useCallback((dialog: HTMLDialogElement | null) => {
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <>
      <button type="button" className="quiet keys" onClick={() => setOpen(true)} aria-label={t("Keyboard shortcuts")}>?</button>
      {open && (
        <dialog className="over-all" ref={show} aria-label={t("Keyboard shortcuts")} onClose={() => setOpen(false)}>
          <div className="card">
            <h2>{t("Keyboard shortcuts")}</h2>
            <dl className="keylist">
              {KEYS.map(([key, what]) => (
                <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(what)}</dd></div>
              ))}
            </dl>
            <button type="button" onClick={() => setOpen(false)}>{t("Close")}</button>
          </div>
        </dialog>
      )}
    </>
  );
}
