import { useCallback, useEffect, useImperativeHandle, useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode, type Ref } from "react";
import { t } from "../state/i18n";
import { useView } from "../state/view";

export type Compare = "slider" | "side" | "hold";
export type Point = [number, number];
export interface StageHandle {
  zoom: (factor: number) => void;
  fit: () => void;
  whole: () => void;
}

interface Props {
  before: string;
  after: string;
  /** The grey photo with all its pixels, for when it is larger on the screen than the preview. */
  full?: string;
  width: number;
  height: number;
  /** Long side of `before` and `after` in pixels. */
  preview: number;
  compare: Compare;
  /** Whether the grey photo is to be seen instead, for as long as a key or button is held. */
  showBefore: boolean;
  busy: boolean;
  /** Whether `after` is small: its colours are laid over the grey photo. */
  coarse?: boolean;
  /** Width of the brush as a part of the photo's short side; null if nothing is drawn. */
  brush?: number | null;
  onTap?: (x: number, y: number, event: PointerEvent) => void;
  onDraw?: (points: Point[]) => void;
  handle?: Ref<StageHandle>;
  /** What lies over the photo and moves with it. */
  children?: ReactNode;
}

const SLOP = 5; // pixels that a tap may move
const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/** The photo in grey and in colour: compared by a line, side by side or by holding; moved, scaled, tapped, drawn on. */
export function Stage(props: Props) {
  const { before, after, full, width, height, preview, compare, showBefore, busy, coarse = false, brush = null, onTap, onDraw, handle, children } = props;
  const stage = useRef<HTMLDivElement>(null);
  const { view, frame, isZoomed, zoom, pan, whole, fit } = useView(stage, width, height, compare === "side");
  const [cut, setCut] = useState(50);
  const [drawn, setDrawn] = useState<Point[]>([]);
  useImperativeHandle(handle, () => ({ zoom, fit, whole }), [zoom, fit, whole]);

  const origin = useCallback((): { left: number; top: number } => {
    const room = stage.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    return { left: room.left + (compare === "side" ? frame.width : 0), top: room.top };
  }, [compare, frame.width]);
  const place = (event: { clientX: number; clientY: number }): Point => {
    const { left, top } = origin();
    return [clamp((event.clientX - left - view.x) / (width * view.scale)), clamp((event.clientY - top - view.y) / (height * view.scale))];
  };

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = origin();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event.clientX - left, event.clientY - top);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [origin, zoom]);

  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const first = useRef<{ x: number; y: number; moved: boolean; many: boolean } | null>(null);
  const down = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button > 1) return;
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.current.size === 1) {
      first.current = { x: event.clientX, y: event.clientY, moved: false, many: false };
      if (brush !== null && event.target === event.currentTarget) setDrawn([place(event)]);
    } else if (first.current) {
      first.current.many = true;
      setDrawn([]);
    }
    if (event.target === event.currentTarget) event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    const old = fingers.current.get(event.pointerId);
    if (!old || !first.current) return;
    const now = { x: event.clientX, y: event.clientY };
    if (Math.hypot(now.x - first.current.x, now.y - first.current.y) > SLOP) first.current.moved = true;
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (other) {
      const { left, top } = origin();
      const ratio = Math.hypot(now.x - other.x, now.y - other.y) / (Math.hypot(old.x - other.x, old.y - other.y) || 1);
      zoom(ratio, (now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top);
      pan((now.x - old.x) / 2, (now.y - old.y) / 2);
    } else if (drawn.length) setDrawn((points) => [...points, place(event)]);
    else if (first.current.moved && isZoomed && event.currentTarget.hasPointerCapture(event.pointerId)) pan(now.x - old.x, now.y - old.y);
  };
  const up = (event: PointerEvent<HTMLDivElement>): void => {
    if (!fingers.current.delete(event.pointerId)) return;
    if (fingers.current.size > 0) return;
    const { moved, many } = first.current ?? { moved: true, many: true };
    first.current = null;
    const points = drawn;
    setDrawn([]);
    if (many || event.type === "pointercancel") return;
    if (points.length && onDraw) onDraw(points);
    else if (!moved && event.target === event.currentTarget && onTap) onTap(...place(event), event);
  };

  const key = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? 200 : 60;
    const ways: Record<string, () => void> = {
      ArrowLeft: () => pan(step, 0), ArrowRight: () => pan(-step, 0), ArrowUp: () => pan(0, step), ArrowDown: () => pan(0, -step),
    };
    const way = ways[event.key];
    if (!way || event.target !== event.currentTarget || !isZoomed) return;
    event.preventDefault();
    way();
  };
  const paper = { width: width * view.scale, height: height * view.scale, transform: `translate(${view.x}px, ${view.y}px)` };
  const isLarge = full !== undefined && Math.max(width, height) * view.scale * window.devicePixelRatio > 1.1 * preview;
  const crisp = view.scale * window.devicePixelRatio >= 3 ? "pixelated" : undefined;
  const clip = compare === "slider" ? `inset(0 0 0 ${cut}%)` : undefined;
  return (
    <div className={`stage ${compare}`} ref={stage} aria-busy={busy} tabIndex={0} role="group" aria-label={t("The photo; plus and minus zoom, arrows move it")} onKeyDown={key} data-zoom={(view.scale * window.devicePixelRatio).toFixed(3)}>
      <div className="layer grey-side">
        <div className="paper" style={paper}>
          <img src={before} alt={t("The photo in grey")} draggable={false} className="grey" />
          {isLarge && <img src={full} alt="" draggable={false} className="grey" style={{ imageRendering: crisp }} />}
        </div>
      </div>
      <div className="layer colour-side" style={{ clipPath: clip, visibility: showBefore ? "hidden" : undefined }}>
        <div className="paper" style={paper}>
          {(isLarge || coarse) && <img src={isLarge ? full : before} alt="" draggable={false} className="grey" style={{ imageRendering: isLarge ? crisp : undefined }} />}
          {after && <img src={after} alt={t("The photo in estimated colours")} draggable={false} className={isLarge || coarse ? "over" : undefined} />}
        </div>
      </div>
      <div className="layer colour-side surface" onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} data-tool={brush === null ? "point" : "brush"}>
        <div className="paper hints" style={paper}>
          {children}
          {drawn.length > 0 && brush !== null && <Lines width={width} height={height} lines={[{ points: drawn, brush }]} />}
        </div>
      </div>
      {compare === "slider" && <Line cut={cut} onCut={setCut} stage={stage} />}
    </div>
  );
}

interface LinesProps {
  width: number;
  height: number;
  lines: { points: Point[]; brush: number; color?: string; kind?: string; area?: boolean; selected?: boolean; onSelect?: () => void }[];
}

/** Lines and areas over the photo, in its own proportions. */
export function Lines({ width, height, lines }: LinesProps) {
  const short = Math.min(width, height);
  return (
    <svg className="lines" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {lines.map(({ points, brush, color = "#fff", kind, area, selected, onSelect }, index) => {
        const path = points.map(([x, y]) => `${x * width},${y * height}`).join(" ");
        const classes = [kind ?? "drawing", selected ? "selected" : "", area ? "area" : ""].join(" ");
        const style = { stroke: color, fill: area ? color : "none", strokeWidth: Math.max(brush * short, short * 0.004) };
        const shape = points.length === 1 ? <polyline points={`${path} ${path}`} style={style} /> : area ? <polygon points={path} style={style} /> : <polyline points={path} style={style} />;
        return <g key={index} className={classes} onPointerDown={onSelect}>{shape}</g>;
      })}
    </svg>
  );
}

/** The line between grey and colour; it follows mouse, finger and arrow keys. */
function Line({ cut, onCut, stage }: { cut: number; onCut: (cut: number) => void; stage: React.RefObject<HTMLDivElement | null> }) {
  const drag = (event: PointerEvent<HTMLDivElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !stage.current) return;
    const box = stage.current.getBoundingClientRect();
    onCut(100 * clamp((event.clientX - box.left) / box.width));
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
    event.stopPropagation();
    onCut(100 * clamp(next / 100));
  };
  return (
    <div
      className="handle"
      role="slider"
      tabIndex={0}
      aria-label={t("Line between grey and colour")}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(cut)}
      aria-valuetext={t("grey on the left {share} percent", { share: Math.round(cut) })}
      style={{ left: `${cut}%` }}
      onPointerMove={drag}
      onKeyDown={key}
    >
      <span
        aria-hidden="true"
        onPointerDown={(event) => {
          event.stopPropagation();
          event.currentTarget.parentElement?.setPointerCapture(event.pointerId);
        }}
      >
        ‹ ›
      </span>
    </div>
  );
}
