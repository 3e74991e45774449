import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";

interface Props {
  before: string;
  after: string;
  width: number;
  height: number;
  /** Whether one pixel of the photo is one pixel of the screen; else it fits. */
  full: boolean;
  busy: boolean;
  /** What lies over the photo and moves with it: hints, confidence. */
  children?: ReactNode;
}

const TALLEST = 0.68; // of the window's height

/** Grey on the left of a line, colour on the right. The line follows mouse, finger and arrow keys. */
export function BeforeAfter({ before, after, width, height, full, busy, children }: Props) {
  const [cut, setCut] = useState(50);
  const stage = useRef<HTMLDivElement>(null);
  const view = useRef<HTMLDivElement>(null);
  const colour = useRef<HTMLImageElement>(null);

  const clip = useCallback(() => {
    if (!view.current || !colour.current) return;
    const x = view.current.scrollLeft + (view.current.clientWidth * cut) / 100;
    colour.current.style.clipPath = `inset(0 0 0 ${x}px)`;
  }, [cut]);
  useEffect(() => {
    clip();
    const watch = new ResizeObserver(clip);
    if (view.current) watch.observe(view.current);
    return () => watch.disconnect();
  }, [clip, full, after]);
  useEffect(() => {
    const now = view.current;
    if (!full || !now) return;
    now.scrollTo((now.scrollWidth - now.clientWidth) / 2, (now.scrollHeight - now.clientHeight) / 2);
  }, [full]);

  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !stage.current) return;
    const box = stage.current.getBoundingClientRect();
    setCut(Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width)));
  };
  const key = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 10 : 2;
    const moves: Record<string, number> = {
      ArrowLeft: cut - step, ArrowDown: cut - step, ArrowRight: cut + step, ArrowUp: cut + step,
      PageDown: cut - 10, PageUp: cut + 10, Home: 0, End: 100,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setCut(Math.min(100, Math.max(0, next)));
  };
  const wide = `min(100%, ${(TALLEST * 100 * width) / height}vh)`;
  const real = full ? { width: `${width / window.devicePixelRatio}px` } : { width: "100%" };
  return (
    <div className="stage" ref={stage} style={{ width: wide, aspectRatio: `${width} / ${height}` }} aria-busy={busy}>
      <div className="view" ref={view} onScroll={clip} tabIndex={full ? 0 : -1}>
        <div className="paper" style={{ ...real, aspectRatio: `${width} / ${height}` }}>
          <img src={before} alt="The photo in grey" draggable={false} className="grey" />
          {after && <img ref={colour} src={after} alt="The photo in estimated colours" draggable={false} onLoad={clip} />}
          {children}
        </div>
      </div>
      <div
        className="handle"
        role="slider"
        tabIndex={0}
        aria-label="Line between grey and colour"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(cut)}
        aria-valuetext={`grey on the left ${Math.round(cut)} percent`}
        style={{ left: `${cut}%` }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
        onKeyDown={key}
      >
        <span aria-hidden="true">‹ ›</span>
      </div>
    </div>
  );
}
