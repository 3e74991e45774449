import type { RefObject } from "react";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { Link } from "./Link";
import type { Compare, StageHandle } from "./Stage";

interface Props {
  history: History<Look>;
  compare: Compare;
  onCompare: (compare: Compare) => void;
  held: boolean;
  onHold: (held: boolean) => void;
  sure: boolean;
  onSure: ((sure: boolean) => void) | null;
  stage: RefObject<StageHandle | null>;
  onFullScreen: () => void;
  open: boolean;
  onOpen: (open: boolean) => void;
}

/** Above the photo: back and forth, how it is compared, how large it is. */
export function Toolbar({ history, compare, onCompare, held, onHold, sure, onSure, stage, onFullScreen, open, onOpen }: Props) {
  return (
    <div className="toolbar" role="toolbar" aria-label={t("View")}>
      <Link to="/" className="home"><span aria-hidden="true">‹</span><span className="hidden">{t("Back to the start")}</span></Link>
      <button type="button" onClick={history.undo} disabled={!history.canUndo} aria-label={t("Undo")} title={t("Undo")}>↶</button>
      <button type="button" onClick={history.redo} disabled={!history.canRedo} aria-label={t("Redo")} title={t("Redo")}>↷</button>
      <span className="gap" />
      <select aria-label={t("Compare by")} value={compare} onChange={(event) => onCompare(event.target.value as Compare)}>
        <option value="slider">{t("Line")}</option>
        <option value="side">{t("Side by side")}</option>
        <option value="hold">{t("Colour only")}</option>
      </select>
      <button
        type="button" aria-pressed={held} onPointerDown={() => onHold(true)} onPointerUp={() => onHold(false)} onPointerLeave={() => held && onHold(false)}
        onKeyDown={(event) => event.key === " " && onHold(true)} onKeyUp={(event) => event.key === " " && onHold(false)}
      >
        {t("Hold for grey")}
      </button>
      {onSure && <button type="button" aria-pressed={sure} onClick={() => onSure(!sure)}>{t("Confidence")}</button>}
      <span className="gap" />
      <button type="button" aria-label={t("Smaller")} onClick={() => stage.current?.zoom(1 / 1.5)}>−</button>
      <button type="button" onClick={() => stage.current?.fit()}>{t("Fit")}</button>
      <button type="button" aria-label={t("Zoom to 1:1")} onClick={() => stage.current?.whole()}>1:1</button>
      <button type="button" aria-label={t("Larger")} onClick={() => stage.current?.zoom(1.5)}>+</button>
      <button type="button" onClick={onFullScreen} aria-label={t("Full screen")} title={t("Full screen")}><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" fill="none" stroke="currentColor" strokeWidth="1.6" /></svg></button>
      <button type="button" className="fold" aria-expanded={open} aria-label={open ? t("Hide tools") : t("Show tools")} title={open ? t("Hide tools") : t("Show tools")} onClick={() => onOpen(!open)}>{open ? "⇥" : "⇤"}</button>
    </div>
  );
}
