// A thing of the photo before it is coloured: where one clicked on it and beside it, how far colour would reach, and the
// colours that are likely there.
import { useEffect, useState } from "react";
import { api, isAbort, unwrap, type Suggestion } from "../api/client";

type Point = [number, number];

export interface Selection {
  points: { plus: Point[]; minus: Point[] };
  /** Whether the next click says what does not belong to it. */
  minus: boolean;
  setMinus: (minus: boolean) => void;
  add: (point: Point, plus: boolean) => void;
  clear: () => void;
  mask: string;
  busy: boolean;
  likely: Suggestion[];
}

const NONE = { plus: [] as Point[], minus: [] as Point[] };

/** `hasLikely`: whether the model knows other colours that are likely; one that does not is not asked. */
export function useSelection(pictureId: string, model: string | null, hasLikely: boolean): Selection {
  const [points, setPoints] = useState(NONE);
  const [minus, setMinus] = useState(false);
  const [mask, setMask] = useState("");
  const [busy, setBusy] = useState(false);
  const [likely, setLikely] = useState<Suggestion[]>([]);
  const place = points.plus[0];
  useEffect(() => {
    if (!place || !hasLikely) return setLikely([]);
    const stop = new AbortController();
    const params = { path: { picture_id: pictureId }, query: { x: place[0], y: place[1], count: 8, model } };
    unwrap(api.GET("/api/pictures/{picture_id}/suggestions", { params, signal: stop.signal })).then(setLikely, () => undefined);
    return () => stop.abort();
  }, [pictureId, model, place, hasLikely]);
  useEffect(() => {
    if (points.plus.length === 0) return setMask("");
    const stop = new AbortController();
    let url = "";
    setBusy(true);
    const asked = [...points.plus.map(([x, y]) => ({ x, y, plus: true })), ...points.minus.map(([x, y]) => ({ x, y, plus: false }))];
    const params = { path: { picture_id: pictureId } };
    unwrap(api.POST("/api/pictures/{picture_id}/extent", { params, body: { points: asked, model }, parseAs: "blob", signal: stop.signal })).then(
      (blob) => {
        url = URL.createObjectURL(blob as unknown as Blob);
        setMask(url);
        setBusy(false);
      },
      (caught: unknown) => !isAbort(caught) && setBusy(false),
    );
    return () => {
      stop.abort();
      if (url) window.setTimeout(() => URL.revokeObjectURL(url), 1000);
    };
  }, [pictureId, model, points]);
  return {
    points, minus, setMinus, mask, busy, likely,
    add: (point, plus) =>
      setPoints((now) => (plus || now.plus.length === 0 ? { ...now, plus: [...now.plus, point] } : { ...now, minus: [...now.minus, point] })),
    clear: () => {
      setPoints(NONE);
      setMinus(false);
      setMask("");
    },
  };
}
