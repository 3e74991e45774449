// Where a photo lies in its frame and how large: moved and scaled by wheel, fingers and keys.
import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from "react";

export const MOST_ZOOM = 8; // pixels of the screen for one of the photo

export interface View {
  /** Pixels of the screen for one of the photo. */
  scale: number;
  x: number;
  y: number;
}

export interface Frame {
  width: number;
  height: number;
}

export function fitted(frame: Frame, width: number, height: number): View {
  const scale = Math.min(frame.width / width, frame.height / height, MOST_ZOOM);
  return { scale, x: (frame.width - width * scale) / 2, y: (frame.height - height * scale) / 2 };
}

/** The view kept so that the photo fills the frame where it can, and stays in the middle where it cannot. */
export function held(view: View, frame: Frame, width: number, height: number): View {
  const hold = (at: number, room: number, size: number): number =>
    size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
  return {
    scale: view.scale,
    x: hold(view.x, frame.width, width * view.scale),
    y: hold(view.y, frame.height, height * view.scale),
  };
}

export function useView(box: RefObject<HTMLElement | null>, width: number, height: number, halves: boolean) {
  const [frame, setFrame] = useState<Frame>({ width: 0, height: 0 });
  const [asked, setAsked] = useState<View | null>(null); // null: as large as fits
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      const room = element.getBoundingClientRect();
      setFrame({ width: halves ? room.width / 2 : room.width, height: room.height });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [box, halves]);
  const fit = fitted(frame, width, height);
  const view = asked ? held(asked, frame, width, height) : fit;
  const now = useRef(view);
  now.current = view;
  const limits = useRef({ frame, fit });
  limits.current = { frame, fit };

  const show = useCallback(
    (next: View) => {
      now.current = held(next, limits.current.frame, width, height); // at once: two fingers move before it is drawn anew
      setAsked(now.current);
    },
    [width, height],
  );
  /** Scale by a factor; the place (x, y) of the frame stays where it is. */
  const zoom = useCallback(
    (factor: number, x?: number, y?: number) => {
      const { frame: room, fit: least } = limits.current;
      const at = { x: x ?? room.width / 2, y: y ?? room.height / 2 };
      const old = now.current;
      const smallest = Math.min(least.scale, 1 / window.devicePixelRatio); // of a small photo 1:1 is less than what fits
      const scale = Math.min(MOST_ZOOM, Math.max(smallest, old.scale * factor));
      if (Math.abs(scale / least.scale - 1) < 0.001) {
        now.current = least;
        return setAsked(null);
      }
      const ratio = scale / old.scale;
      show({ scale, x: at.x - (at.x - old.x) * ratio, y: at.y - (at.y - old.y) * ratio });
    },
    [show],
  );
  const pan = useCallback(
    (dx: number, dy: number) => show({ ...now.current, x: now.current.x + dx, y: now.current.y + dy }),
    [show],
  );
  /** One pixel of the photo for one of the screen. */
  const whole = useCallback(() => zoom(1 / window.devicePixelRatio / now.current.scale), [zoom]);
  return { view, frame, isZoomed: asked !== null, zoom, pan, whole, fit: useCallback(() => setAsked(null), []) };
}
