import { useEffect, useState } from "react";
import { api, message, unwrap, type Picture, type Scene, type Scenes } from "../api/client";
import { hasEnded, useJob } from "../api/useJob";
import { photoOf, withPhoto, type ChangeWishes, type SceneWishes } from "../state/filmWishes";
import { t } from "../state/i18n";
import { at } from "../state/root";
import { Notice } from "./Notice";
import { dropTarget, useTaking, type Taking } from "./PhotoButton";
import { Progress } from "./Progress";
import { ScenePhoto } from "./ScenePhoto";

interface Props {
  picture: Picture;
  wishes: SceneWishes;
  onWishes: ChangeWishes;
  onTry: (scene: Scene) => void;
}

/** The scenes of a film, points on their frames that say what colour a thing has, and photos whose colours they take. */
export function FilmScenes({ picture, wishes, onWishes, onTry }: Props) {
  const [scenes, setScenes] = useState<Scenes | null>(null);
  const [job, setJob] = useState("");
  const [chosen, setChosen] = useState<Scene | null>(null);
  const [error, setError] = useState("");
  const failed = (caught: unknown): void => setError(message(caught));
  const load = (): void => void unwrap(api.GET("/api/films/{picture_id}/scenes", { params: { path: { picture_id: picture.id } } })).then((found) => {
    setScenes(found);
    setJob("");
  }, failed);
  useEffect(load, [picture.id]);
  const look = (): void => void unwrap(api.POST("/api/jobs", { body: { kind: "scenes", picture: picture.id } })).then((made) => setJob(made.id), failed);
  return (
    <section className="card" aria-labelledby="scenes">
      <h2 id="scenes">{t("Scenes")}</h2>
      {error && <Notice error={error} />}
      {scenes && !scenes.known && !job && (
        <>
          <p className="small">{t("Find the scenes to say what colour a thing has, and to try one of them first.")}</p>
          <button type="button" onClick={look}>{t("Find the scenes")}</button>
        </>
      )}
      {job && <Looking id={job} onEnd={load} />}
      {scenes?.known && (
        <ol className="scenes">
          {scenes.items.map((scene) => (
            <SceneTile key={scene.number} scene={scene} isChosen={chosen?.number === scene.number} wishes={wishes} onWishes={onWishes} onChoose={() => setChosen(scene)} />
          ))}
        </ol>
      )}
      {chosen && <SceneFrame key={chosen.number} picture={picture} scene={chosen} wishes={wishes} onWishes={onWishes} onTry={() => onTry(chosen)} />}
    </section>
  );
}

/** Sends a photo for one scene, in place of what the scene had. */
function useScenePhoto(scene: Scene, onWishes: ChangeWishes): Taking {
  return useTaking((sent) => onWishes(withPhoto(scene, sent.id)));
}

/** One scene of the list; a photo dropped on it is its reference. */
function SceneTile({ scene, isChosen, wishes, onWishes, onChoose }: { scene: Scene; isChosen: boolean; wishes: SceneWishes; onWishes: ChangeWishes; onChoose: () => void }) {
  const taking = useScenePhoto(scene, onWishes);
  const photo = photoOf(scene, wishes.photos);
  return (
    <li {...dropTarget(taking)}>
      <button type="button" aria-pressed={isChosen} onClick={onChoose}>
        <span className="pinned">
          <img src={scene.thumbnail_url} alt="" loading="lazy" />
          {photo && <img className="pin" src={at(`/api/pictures/${photo.picture}/thumbnail`)} alt={t("with the colours of a photo")} />}
        </span>
        <span>{t("Scene {number}", { number: scene.number + 1 })} <span className="small">{taking.busy ? t("Sending…") : clock(scene.start)}</span></span>
      </button>
      {taking.error && <Notice error={taking.error} />}
    </li>
  );
}

function Looking({ id, onEnd }: { id: string; onEnd: () => void }) {
  const { job, error, away } = useJob(id);
  const ended = job !== null && hasEnded(job);
  useEffect(() => { if (ended) onEnd(); }, [ended]);
  if (error || job?.error) return <Notice error={error || (job?.error ?? "")} />;
  const share = job && job.total > 0 ? job.done / job.total : undefined;
  return <><Progress label={t("Looking for the scenes")} share={share} />{away && <Notice error={away} />}</>;
}

/** One frame of a scene; a click on a thing gives it the colour, in its whole scene. */
function SceneFrame({ picture, scene, wishes, onWishes, onTry }: { picture: Picture; scene: Scene; wishes: SceneWishes; onWishes: ChangeWishes; onTry: () => void }) {
  const { points } = wishes;
  const onPoints = (points: SceneWishes["points"]): void => onWishes((now) => ({ ...now, points }));
  const taking = useScenePhoto(scene, onWishes);
  const [seconds, setSeconds] = useState((scene.start + scene.end) / 2);
  const [shown, setShown] = useState(seconds);
  const [color, setColor] = useState("#8a2f2f");
  const [broken, setBroken] = useState(false);
  const [size, setSize] = useState({ width: picture.width, height: picture.height });
  const here = points.filter((one) => one.seconds >= scene.start && one.seconds < scene.end);
  const add = (x: number, y: number): void => onPoints([...points, { seconds: shown, x: Math.min(x * size.width, size.width - 1), y: Math.min(y * size.height, size.height - 1), color }]);
  return (
    <div className="scene" {...dropTarget(taking)}>
      <div className="frame">
        <img
          src={at(`/api/films/${picture.id}/frame?seconds=${shown}`)} alt={t("A frame of scene {number}", { number: scene.number + 1 })}
          onError={() => setBroken(true)}
          onLoad={(event) => {
            setBroken(false);
            const tall = event.currentTarget.naturalHeight > event.currentTarget.naturalWidth; // frames may lie turned
            if (tall !== picture.height > picture.width) setSize({ width: picture.height, height: picture.width });
          }}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            add((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
          }}
        />
        {here.map((one, index) => <span key={index} className="dot" style={{ insetInlineStart: "auto", left: `${(100 * one.x) / size.width}%`, top: `${(100 * one.y) / size.height}%`, background: one.color }} />)}
      </div>
      {broken && <Notice error={t("This frame cannot be shown.")} />}
      <label className="slider">
        {t("Place in the scene")}
        <input type="range" min={scene.start} max={Math.max(scene.start, scene.end - 0.05)} step={0.04} value={seconds} onChange={(event) => setSeconds(Number(event.target.value))} onPointerUp={() => setShown(seconds)} onKeyUp={() => setShown(seconds)} />
      </label>
      <div className="row">
        <label>{t("Colour of the thing")} <input type="color" value={color} onChange={(event) => setColor(event.target.value)} /></label>
        <button type="button" onClick={() => add(0.5, 0.5)}>{t("Put it in the middle")}</button>
        <button type="button" onClick={onTry}>{t("Try this scene")}</button>
      </div>
      <ScenePhoto scene={scene} photos={wishes.photos} taking={taking} onRemove={() => onWishes(withPhoto(scene, null))} />
      <p className="small">{t("Choose a colour, then click on the thing: it gets the colour in its whole scene.")}</p>
      {here.length > 0 && (
        <ul className="plain swatches">
          {here.map((one, index) => (
            <li key={index}>
              <button type="button" onClick={() => onPoints(points.filter((other) => other !== one))} aria-label={t("Remove point {number}", { number: index + 1 })}>
                <span className="dot still" style={{ background: one.color }} /> ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
