import { useEffect, useRef } from "react";
import { t } from "../state/i18n";

/** Lights up what would take the colour; `url` is a picture whose opacity says how much of it. */
export function Extent({ url }: { url: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    const image = new Image();
    image.src = url;
    image.decode().then(
      () => {
        const target = canvas.current;
        const context = target?.getContext("2d");
        if (gone || !target || !context) return;
        [target.width, target.height] = [image.naturalWidth, image.naturalHeight];
        context.drawImage(image, 0, 0);
        const pixels = context.getImageData(0, 0, target.width, target.height);
        for (let at = 0; at < pixels.data.length; at += 4) {
          const share = (pixels.data[at + 3] as number) / 255;
          pixels.data.set([255, 120, 40, 235 * Math.min(1, 2.2 * share)], at);
        }
        context.putImageData(pixels, 0, 0);
        target.dataset.drawn = "true";
      },
      () => undefined, // replaced by a newer one
    );
    return () => {
      gone = true;
    };
  }, [url]);
  return <canvas ref={canvas} className="extent" role="img" aria-label={t("What would take the colour")} />;
}
