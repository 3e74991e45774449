// The photo in colour at screen size for a look. One question is under way at a time; when it is answered, the newest
// look is asked for, whatever lay between: while something is dragged the colours follow as fast as they can be had.
// What changes a photo that is shown already is asked for small first, and whole once nothing newer is wanted.
import { useEffect, useRef, useState } from "react";
import { api, ApiError, isAbort, message, unwrap } from "../api/client";
import { asOptions, type Look } from "./look";

const OLD_MS = 2000;
/** Long side of the first answer in pixels: it gives colour alone, the light beneath it is the photo's own. */
const COARSE = 192;

interface Shown {
  url: string;
  /** Whether `url` is the first, small answer: to be laid over the grey photo. */
  coarse: boolean;
  busy: boolean;
  error: string;
}

export function usePrediction(pictureId: string, look: Look): Shown & { again: () => void } {
  const [state, setState] = useState<Shown>({ url: "", coarse: false, busy: true, error: "" });
  const wanted = useRef(look);
  const asking = useRef(false);
  const stop = useRef<AbortController | null>(null);
  const whole = useRef<AbortController | null>(null); // of the question for the whole answer, while it is under way
  const shown = useRef("");
  wanted.current = look;
  const ask = useRef(async (): Promise<void> => undefined);
  ask.current = async () => {
    if (asking.current) return;
    asking.current = true;
    stop.current = new AbortController();
    const { signal } = stop.current;
    const show = (blob: Blob | null, coarse: boolean, busy: boolean): void => {
      const old = shown.current;
      if (blob) shown.current = URL.createObjectURL(blob);
      setState((now) => ({ url: shown.current, coarse: blob ? coarse : now.coarse, busy, error: "" }));
      if (blob && old) window.setTimeout(() => URL.revokeObjectURL(old), OLD_MS);
    };
    let asked: Look | null = null;
    try {
      while (asked !== wanted.current && !signal.aborted) {
        asked = wanted.current;
        if (shown.current && !asked.restore.length) { // what mending does to the light would be missing
          show(await predict(pictureId, asked, signal, COARSE), true, true);
          if (signal.aborted) return;
          if (asked !== wanted.current) continue;
        }
        whole.current = new AbortController();
        const blob = await predict(pictureId, asked, AbortSignal.any([signal, whole.current.signal])).catch((caught: unknown) => {
          if (isAbort(caught) && !signal.aborted) return null; // for a newer look
          throw caught;
        });
        whole.current = null;
        if (signal.aborted) return;
        show(blob, false, asked !== wanted.current);
      }
    } catch (caught) {
      if (!isAbort(caught)) setState((now) => ({ ...now, busy: false, error: message(caught) }));
    } finally {
      asking.current = false;
    }
  };
  useEffect(() => {
    setState((now) => ({ ...now, busy: true, error: "" }));
    whole.current?.abort();
    void ask.current();
  }, [pictureId, look]);
  useEffect(() => {
    const again = (): void => void ask.current(); // the network is back
    window.addEventListener("online", again);
    return () => {
      window.removeEventListener("online", again);
      stop.current?.abort();
      URL.revokeObjectURL(shown.current);
    };
  }, []);
  return { ...state, again: () => void ask.current() };
}

/** The picture, at most `pixels` long; null if a newer question replaced this one on the server. */
async function predict(id: string, look: Look, signal: AbortSignal, pixels?: number): Promise<Blob | null> {
  const params = { path: { picture_id: id }, query: { newest: true, steer: true, pixels, draft: pixels !== undefined } };
  try {
    const asked = api.POST("/api/pictures/{picture_id}/predict", { params, body: asOptions(look), parseAs: "blob", signal });
    return (await unwrap(asked)) as unknown as Blob;
  } catch (caught) {
    if (caught instanceof ApiError && caught.status === 409) return null;
    throw caught;
  }
}
