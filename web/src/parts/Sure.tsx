import { useEffect, useRef, useState } from "react";
import { problem, message } from "../api/client";
import { t } from "../state/i18n";
import { Notice } from "./Notice";

const EVERY = 9; // pixels from one line of the hatching to the next
const CLEAR = 0.5; // confidence from which nothing is hatched: 10 CIE units of error

/** Hatched is what the model only guesses: lines, since shade would be taken for the photo's own. */
export function Sure({ url }: { url: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    let gone = false;
    const draw = async (): Promise<void> => {
      const answer = await fetch(url);
      if (!answer.ok) throw problem(await answer.json().catch(() => undefined), answer.status);
      const image = await createImageBitmap(await answer.blob());
      const target = canvas.current;
      const context = target?.getContext("2d");
      if (gone || !target || !context) return;
      const factor = Math.min(8, Math.max(1, 900 / Math.max(image.width, image.height)));
      [target.width, target.height] = [Math.round(image.width * factor), Math.round(image.height * factor)];
      context.drawImage(image, 0, 0, target.width, target.height);
      const pixels = context.getImageData(0, 0, target.width, target.height);
      const { data, width } = pixels;
      for (let at = 0; at < data.length; at += 4) {
        const [x, y] = [(at / 4) % width, Math.floor(at / 4 / width)];
        const guess = Math.max(0, 1 - (data[at] as number) / 255 / CLEAR);
        const line = (x + y) % EVERY;
        const light = line < 2 ? 255 : 0;
        [data[at], data[at + 1], data[at + 2]] = [light, light, light];
        data[at + 3] = line < 4 ? 230 * Math.min(1, 1.4 * guess) : 0;
      }
      context.putImageData(pixels, 0, 0);
      target.dataset.drawn = "true";
    };
    draw().catch((caught: unknown) => !gone && setError(message(caught)));
    return () => {
      gone = true;
    };
  }, [url]);
  if (error) return <Notice error={error} />;
  return <canvas ref={canvas} className="sure" role="img" aria-label={t("Hatched where the model only guesses")} />;
}
