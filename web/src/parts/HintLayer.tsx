import { useState, type KeyboardEvent, type PointerEvent } from "react";
import { api, unwrap, type Hint, type Picture } from "../api/client";
import type { History } from "../state/history";
import type { Look } from "../state/look";

interface Props {
  picture: Picture;
  history: History<Look>;
  selected: number | null;
  onSelect: (index: number | null) => void;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** Adds a hint at a place, in the likeliest colour there. */
export async function addHint(picture: Picture, history: History<Look>, x: number, y: number): Promise<void> {
  const look = history.value;
  const found = await unwrap(
    api.GET("/api/pictures/{picture_id}/suggestions", {
      params: { path: { picture_id: picture.id }, query: { x, y, count: 1, model: look.model } },
    }),
  ).catch(() => []);
  const hint: Hint = { x, y, color: found[0]?.color ?? "#808080" };
  history.change({ ...look, hints: [...look.hints, hint], alternative: null }, "");
}

/** Over the photo: a click places a hint; hints are dragged, or moved with arrow keys. */
export function HintLayer({ picture, history, selected, onSelect }: Props) {
  const { hints } = history.value;
  const [adding, setAdding] = useState(false);
  const move = (index: number, to: { x: number; y: number }): void => {
    const moved = hints.map((hint, at) => (at === index ? { ...hint, x: clamp(to.x), y: clamp(to.y) } : hint));
    history.change({ ...history.value, hints: moved }, `move ${index}`);
  };
  const place = (event: PointerEvent<HTMLElement>, box: DOMRect) => ({
    x: clamp((event.clientX - box.left) / box.width),
    y: clamp((event.clientY - box.top) / box.height),
  });
  const key = (event: KeyboardEvent, index: number, hint: Hint): void => {
    const step = event.shiftKey ? 0.05 : 0.01;
    const ways: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const way = ways[event.key];
    if (way) {
      event.preventDefault();
      move(index, { x: hint.x + way[0], y: hint.y + way[1] });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      history.change({ ...history.value, hints: hints.filter((_, at) => at !== index) }, "");
      onSelect(null);
    }
  };
  return (
    <div
      className="hints"
      onClick={(event) => {
        if (event.target !== event.currentTarget || adding) return;
        const box = event.currentTarget.getBoundingClientRect();
        setAdding(true);
        const x = clamp((event.clientX - box.left) / box.width);
        const y = clamp((event.clientY - box.top) / box.height);
        void addHint(picture, history, x, y).then(() => {
          setAdding(false);
          onSelect(hints.length);
        });
      }}
    >
      {hints.map((hint, index) => (
        <button
          key={index}
          type="button"
          className={index === selected ? "hint selected" : "hint"}
          aria-label={`Hint ${index + 1}, ${hint.color}, at ${Math.round(hint.x * 100)}, ${Math.round(hint.y * 100)} percent`}
          style={{ left: `${hint.x * 100}%`, top: `${hint.y * 100}%`, background: hint.color }}
          onFocus={() => onSelect(index)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            onSelect(index);
          }}
          onPointerMove={(event) => {
            if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
            const box = event.currentTarget.parentElement?.getBoundingClientRect();
            if (box && (event.movementX !== 0 || event.movementY !== 0)) move(index, place(event, box));
          }}
          onPointerUp={history.settle}
          onKeyDown={(event) => key(event, index, hint)}
        />
      ))}
    </div>
  );
}
