import type { KeyboardEvent, PointerEvent } from "react";
import type { Hint, Picture } from "../api/client";
import type { History } from "../state/history";
import { t } from "../state/i18n";
import type { Look } from "../state/look";
import type { Selection } from "../state/useSelection";
import { Extent } from "./Extent";
import { Lines } from "./Stage";

interface Props {
  picture: Picture;
  history: History<Look>;
  selected: number | null;
  onSelect: (index: number | null) => void;
  selection: Selection;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const percent = (share: number): number => Math.round(100 * share);

/** Over the photo: the points and lines that were given colours, and what is being selected. */
export function Hints({ picture, history, selected, onSelect, selection }: Props) {
  const { hints, strokes } = history.value;
  const move = (index: number, to: { x: number; y: number }): void => {
    const moved = hints.map((hint, at) => (at === index ? { ...hint, x: clamp(to.x), y: clamp(to.y) } : hint));
    history.change({ ...history.value, hints: moved }, `move ${index}`);
  };
  const key = (event: KeyboardEvent, index: number, hint: Hint): void => {
    const step = event.shiftKey ? 0.05 : 0.01;
    const ways: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    move(index, { x: hint.x + way[0], y: hint.y + way[1] });
  };
  return (
    <>
      {selection.mask && <Extent key={selection.mask} url={selection.mask} />}
      <Lines width={picture.width} height={picture.height} lines={strokes.map((one) => ({ points: one.points as [number, number][], brush: one.width ?? 0.02, color: one.color, kind: one.kind, area: one.area }))} />
      {[...selection.points.plus.map((point) => ({ point, sign: "+" })), ...selection.points.minus.map((point) => ({ point, sign: "−" }))].map(({ point, sign }, index) => (
        <span key={`${sign}${index}`} className="mark" style={{ left: `${100 * point[0]}%`, top: `${100 * point[1]}%` }} aria-hidden="true">{sign}</span>
      ))}
      {hints.map((hint, index) => (
        <button
          key={index}
          type="button"
          className={index === selected ? "hint selected" : "hint"}
          aria-label={t("Colour {number}, {color}, at {x}, {y} percent", { number: index + 1, color: hint.color, x: percent(hint.x), y: percent(hint.y) })}
          style={{ left: `${hint.x * 100}%`, top: `${hint.y * 100}%`, background: hint.color }}
          onFocus={() => onSelect(index)}
          onPointerDown={(event: PointerEvent<HTMLElement>) => {
            event.stopPropagation();
            event.currentTarget.setPointerCapture(event.pointerId);
            onSelect(index);
          }}
          onPointerMove={(event) => {
            if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
            const box = event.currentTarget.parentElement?.getBoundingClientRect();
            if (box && (event.movementX !== 0 || event.movementY !== 0)) move(index, { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
          }}
          onPointerUp={history.settle}
          onKeyDown={(event) => key(event, index, hint)}
        />
      ))}
    </>
  );
}
