// The photo in colour at screen size for a look. One question is under way at a time; when it is answered, the newest
// look is asked for, whatever lay between: while something is dragged the colours follow as fast as they can be had.
import { useEffect, useRef, useState } from "react";
import { api, ApiError, isAbort, message, unwrap } from "../api/client";
import { asOptions, type Look } from "./look";

const OLD_MS = 2000;

interface Shown {
  url: string;
  busy: boolean;
  error: string;
}

export function usePrediction(pictureId: string, look: Look): Shown & { again: () => void } {
  const [state, setState] = useState<Shown>({ url: "", busy: true, error: "" });
  const wanted = useRef(look);
  const asking = useRef(false);
  const stop = useRef<AbortController | null>(null);
  const shown = useRef("");
  wanted.current = look;
  const ask = useRef(async (): Promise<void> => undefined);
  ask.current = async () => {
    if (asking.current) return;
    asking.current = true;
    stop.current = new AbortController();
    const { signal } = stop.current;
    let asked: Look | null = null;
    try {
      while (asked !== wanted.current && !signal.aborted) {
        asked = wanted.current;
        const blob = await predict(pictureId, asked, signal);
        if (signal.aborted) return;
        const old = shown.current;
        if (blob) shown.current = URL.createObjectURL(blob);
        const isNewest = asked === wanted.current;
        setState({ url: shown.current, busy: !isNewest, error: "" });
        if (blob && old) window.setTimeout(() => URL.revokeObjectURL(old), OLD_MS);
      }
    } catch (caught) {
      if (!isAbort(caught)) setState((now) => ({ ...now, busy: false, error: message(caught) }));
    } finally {
      asking.current = false;
    }
  };
  useEffect(() => {
    setState((now) => ({ ...now, busy: true, error: "" }));
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

/** The picture; null if a newer question replaced this one on the server. */
async function predict(id: string, look: Look, signal: AbortSignal): Promise<Blob | null> {
  const params = { path: { picture_id: id }, query: { newest: true } };
  try {
    const asked = api.POST("/api/pictures/{picture_id}/predict", { params, body: asOptions(look), parseAs: "blob", signal });
    return (await unwrap(asked)) as unknown as Blob;
  } catch (caught) {
    if (caught instanceof ApiError && caught.status === 409) return null;
    throw caught;
  }
}
