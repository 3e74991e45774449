// The photo in colour at screen size for a look, asked a moment after the last change.
import { useEffect, useRef, useState } from "react";
import { api, isAbort, message, unwrap } from "../api/client";
import { asOptions, type Look } from "./look";

const PAUSE_MS = 120;

export function usePrediction(pictureId: string, look: Look): { url: string; busy: boolean; error: string } {
  const [state, setState] = useState({ url: "", busy: true, error: "" });
  const shown = useRef("");
  useEffect(() => {
    const stop = new AbortController();
    setState((now) => ({ ...now, busy: true, error: "" }));
    const timer = window.setTimeout(async () => {
      try {
        const blob = await unwrap(
          api.POST("/api/pictures/{picture_id}/predict", {
            params: { path: { picture_id: pictureId } },
            body: asOptions(look),
            parseAs: "blob",
            signal: stop.signal,
          }),
        );
        if (stop.signal.aborted) return;
        const old = shown.current;
        shown.current = URL.createObjectURL(blob as unknown as Blob);
        setState({ url: shown.current, busy: false, error: "" });
        if (old) window.setTimeout(() => URL.revokeObjectURL(old), 2000);
      } catch (caught) {
        if (!isAbort(caught)) setState((now) => ({ ...now, busy: false, error: message(caught) }));
      }
    }, PAUSE_MS);
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [pictureId, look]);
  useEffect(() => () => URL.revokeObjectURL(shown.current), []);
  return state;
}
