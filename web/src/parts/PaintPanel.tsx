import { useState } from "react";
import type { Picture } from "../api/client";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import { keep, recall } from "../state/storage";
import type { Selection } from "../state/useSelection";
import { Slider } from "./Slider";

export type Tool = "point" | "paint" | "area" | "keep" | "grey" | "pick";
interface Props {
  picture: Picture;
  history: History<Look>;
  tool: Tool;
  onTool: (tool: Tool) => void;
  brush: number;
  onBrush: (brush: number) => void;
  colour: string;
  onColour: (colour: string) => void;
  selected: number | null;
  onSelect: (index: number | null) => void;
  onRemove: () => void;
  selection: Selection;
  onCommit: (color: string) => void;
}
interface Saved {
  name: string;
  color: string;
}

const TOOLS: { tool: Tool; label: string; says: string; key: string }[] = [
  { tool: "point", label: "Pick a thing", says: "Click or tap a thing: what would take the colour lights up. Then choose its colour.", key: "P" },
  { tool: "paint", label: "Brush", says: "Draw over a thing in the colour below. It need not be exact.", key: "B" },
  { tool: "area", label: "Area", says: "Draw around a thing to give it the colour below.", key: "A" },
  { tool: "keep", label: "Keep", says: "Draw over what shall stay as it is.", key: "K" },
  { tool: "grey", label: "To grey", says: "Draw over what shall have no colour.", key: "E" },
];
const SAVED = "tintype-colours";
/** Colours of things that are often asked for, for when the model has few ideas. */
const COMMON: Saved[] = [
  { name: "navy", color: "#2d3a5e" }, { name: "wine", color: "#6b2433" }, { name: "bottle green", color: "#2f4f3e" }, { name: "khaki", color: "#7d6f4e" },
  { name: "cream", color: "#e6d9bd" }, { name: "brick", color: "#9a4f3c" }, { name: "sky", color: "#8fb3d1" }, { name: "oak", color: "#8a6340" },
];

/** Colours by hand: things, strokes and areas, and the colours for them. */
export function PaintPanel(props: Props) {
  const { history, tool, onTool, brush, onBrush, colour, onColour, selected, onSelect, onRemove, selection, onCommit } = props;
  const look = history.value;
  const hint = selected === null ? undefined : look.hints[selected];
  const isSelecting = selection.points.plus.length > 0;
  const [saved, setSaved] = useState(() => recall<Saved[]>(SAVED, []));
  const value = hint ? hint.color : colour;
  const paint = (color: string, last: boolean): void => {
    onColour(color);
    if (hint) {
      history.change({ ...look, hints: look.hints.map((one, at) => (at === selected ? { ...one, color } : one)) }, `paint ${selected}`);
      if (last) history.settle();
    } else if (isSelecting && last) onCommit(color);
  };
  const alter = (next: { radius?: number | null; strength?: number }, label: string): void =>
    history.change({ ...look, hints: look.hints.map((one, at) => (at === selected ? { ...one, ...next } : one)) }, `${label} ${selected}`);
  const store = (): void => {
    const name = window.prompt(t("What is this colour called?"), "");
    if (name === null) return;
    const next = [...saved.filter((one) => one.color !== value), { name: name.trim() || value, color: value }].slice(-24);
    setSaved(next);
    keep(SAVED, next);
  };
  const eye = "EyeDropper" in window;
  const pick = (): void => {
    if (!eye) return onTool("pick");
    const dropper = new (window as unknown as { EyeDropper: new () => { open: () => Promise<{ sRGBHex: string }> } }).EyeDropper();
    dropper.open().then((found) => paint(found.sRGBHex, true), () => undefined);
  };
  return (
    <>
      <div className="tools" role="group" aria-label={t("What the pointer does")}>
        {TOOLS.map((one) => (
          <button key={one.tool} type="button" aria-pressed={tool === one.tool} title={one.key} onClick={() => { onTool(one.tool); onSelect(null); }}>{t(one.label)}</button>
        ))}
      </div>
      <p className="small">{t(TOOLS.find((one) => one.tool === tool)?.says ?? "Click on the photo to take a colour from it.")}</p>
      {isSelecting && (
        <div className="selecting">
          <p aria-live="polite"><strong>{selection.busy ? t("Finding the thing…") : t("What lights up takes the colour.")}</strong></p>
          <div className="row" role="group" aria-label={t("The next click")}>
            <button type="button" aria-pressed={!selection.minus} onClick={() => selection.setMinus(false)}>{t("+ belongs to it")}</button>
            <button type="button" aria-pressed={selection.minus} onClick={() => selection.setMinus(true)}>{t("− does not")}</button>
            <button type="button" className="quiet" onClick={selection.clear}>{t("Cancel")}</button>
          </div>
        </div>
      )}
      <label className="row">
        {t("Colour")}
        <input type="color" value={value} onChange={(event) => paint(event.target.value, false)} onBlur={history.settle} />
        <button type="button" onClick={pick} aria-pressed={tool === "pick"}>{t("Eyedropper")}</button>
        <button type="button" className="quiet" onClick={store}>{t("Save it")}</button>
      </label>
      {isSelecting && <button type="button" className="primary wide" onClick={() => onCommit(value)}>{t("Give it this colour")}</button>}
      {selection.likely.length > 0 && (
        <Swatches label={t("Likely colours here")} colours={selection.likely.map((one) => ({ color: one.color, name: t("{share} percent likely", { share: Math.round(one.probability * 100) }) }))} onChoose={(color) => paint(color, true)} />
      )}
      <Swatches label={t("Saved and common colours")} colours={[...saved, ...COMMON.map((one) => ({ ...one, name: t(one.name) }))]} onChoose={(color) => paint(color, true)} />
      {tool !== "point" && <Slider label={t("Brush")} min={0.005} max={0.15} step={0.005} rest={0.03} value={brush} onChange={onBrush} onSettle={() => undefined} percent />}
      {hint && (
        <>
          <Slider label={t("How strictly")} min={0.1} max={1} rest={1} value={hint.strength ?? 1} onChange={(strength) => alter({ strength }, "strictly")} onSettle={history.settle} percent />
          <Slider label={t("How far it surely reaches")} min={0} max={0.3} step={0.01} rest={0} value={hint.radius ?? 0} onChange={(radius) => alter({ radius: radius || null }, "radius")} onSettle={history.settle} percent />
          <button type="button" onClick={onRemove}>{t("Remove this colour")}</button>
        </>
      )}
      <div className="row">
        <button type="button" onClick={() => selection.add([0.5, 0.5], true)}>{t("Pick what is in the middle")}</button>
        {look.strokes.length > 0 && <button type="button" onClick={() => history.change({ ...look, strokes: look.strokes.slice(0, -1) }, "")}>{t("Remove the last stroke")}</button>}
        {look.hints.length + look.strokes.length > 0 && <button type="button" className="quiet" onClick={() => { history.change({ ...look, hints: [], strokes: [] }, ""); onSelect(null); }}>{t("Remove all")}</button>}
      </div>
      <p className="small">{t("The photo keeps its own light: dark red on a white dress becomes pink.")}</p>
    </>
  );
}

function Swatches({ label, colours, onChoose }: { label: string; colours: Saved[]; onChoose: (color: string) => void }) {
  return (
    <div className="swatches" role="group" aria-label={label}>
      <span className="small">{label}</span>
      {colours.map(({ name, color }, index) => (
        <button key={`${color}${index}`} type="button" className="swatch" style={{ background: color }} title={`${name} ${color}`} aria-label={`${color}, ${name}`} onClick={() => onChoose(color)} />
      ))}
    </div>
  );
}
