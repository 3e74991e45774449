import { useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { useSceneWishes } from "../state/filmWishes";
import { t } from "../state/i18n";
import { go } from "../state/router";
import { FilmReference } from "./FilmReference";
import { FilmPlayer } from "./FilmPlayer";
import { FilmScenes } from "./FilmScenes";
import { Notice } from "./Notice";
import { PictureActions } from "./PictureActions";
import { Slider } from "./Slider";

const PREVIEW_S = 4;

/** A film: how it is to be coloured, a short part of it first if one likes, and what came of it. */
export function FilmPage({ picture }: { picture: Picture }) {
  const [error, setError] = useState("");
  const [saturation, setSaturation] = useState(1);
  const [temperature, setTemperature] = useState(0);
  const [stability, setStability] = useState(0.75);
  const [start, setStart] = useState("");
  const [end, setEnd] = useState("");
  const [wishes, setWishes] = useSceneWishes(picture);
  const [references, setReferences] = useState<string[]>([]);
  const result = picture.results.find((one) => one.id === picture.shown) ?? picture.results.at(-1);
  const begin = (film: { start?: number; end?: number }): void => {
    setError("");
    unwrap(api.POST("/api/jobs", { body: { kind: "film", picture: picture.id, options: { saturation, temperature } as never, film: { stability, hints: wishes.points, scene_references: wishes.photos, references, ...film } as never } })).then(
      (job) => go(`/film/${job.id}`),
      (caught: unknown) => setError(message(caught)),
    );
  };
  const seconds = (text: string): number | null => {
    const parts = text.trim().split(":").map(Number);
    return text.trim() === "" || parts.some(Number.isNaN) ? null : parts.reduce((sum, part) => 60 * sum + part, 0);
  };
  const range = (): { start?: number; end?: number } => {
    const [from, to] = [seconds(start), seconds(end)];
    return { ...(from === null ? {} : { start: from }), ...(to === null ? {} : { end: to }) };
  };
  const from = seconds(start) ?? 0;
  return (
    <section>
      <h1>{picture.name}</h1>
      {result ? <FilmPlayer resultId={result.id} name={picture.name} /> : <img className="poster" src={picture.preview_url} alt={t("The first picture of the film")} />}
      {picture.mine && (
        <div className="card">
          <h2>{result ? t("Colour it anew") : t("How shall it be coloured?")}</h2>
          <Slider label={t("Saturation")} min={0} max={2} rest={1} value={saturation} onChange={setSaturation} onSettle={() => undefined} />
          <Slider label={t("Temperature")} min={-1} max={1} rest={0} value={temperature} onChange={setTemperature} onSettle={() => undefined} />
          <Slider label={t("Calm of the colours")} min={0} max={1} rest={0.75} value={stability} onChange={setStability} onSettle={() => undefined} />
          <div className="row">
            <label>{t("From")} <input type="text" size={8} placeholder="0:00" value={start} onChange={(event) => setStart(event.target.value)} /></label>
            <label>{t("to")} <input type="text" size={8} placeholder={t("the end")} value={end} onChange={(event) => setEnd(event.target.value)} /></label>
          </div>
          <FilmReference value={references} onChange={setReferences} />
          <div className="row">
            <button type="button" className="primary" onClick={() => begin(range())}>{t("Colour it")}</button>
            <button type="button" onClick={() => begin({ start: from, end: from + PREVIEW_S })}>{t("Try {count} seconds first", { count: PREVIEW_S })}</button>
          </div>
        </div>
      )}
      {picture.mine && <FilmScenes picture={picture} wishes={wishes} onWishes={setWishes} onTry={(scene) => begin({ start: scene.start, end: scene.end })} />}
      {error && <Notice error={error} />}
      {picture.mine && <PictureActions picture={picture} />}
    </section>
  );
}
