import { useRef, useState } from "react";
import { api, unwrap, type FilmPoint, type Picture, type SceneReference } from "../api/client";

/** What was said of single scenes of a film: colours of things, photos whose colours a scene takes. */
export interface SceneWishes {
  points: FilmPoint[];
  photos: SceneReference[];
}

export type ChangeWishes = (how: (now: SceneWishes) => SceneWishes) => void;

/** The wishes for a film's scenes, kept with the film on the server: there again after a reload, and in any browser. */
export function useSceneWishes(picture: Picture): [SceneWishes, ChangeWishes] {
  const [wishes, setWishes] = useState(() => wishesOf(picture.look));
  const newest = useRef(wishes); // photos for two scenes may be on their way at once
  const change: ChangeWishes = (how) => {
    const next = how(newest.current);
    newest.current = next;
    setWishes(next);
    if (!picture.mine) return;
    const look = { hints: next.points, scene_references: next.photos };
    unwrap(api.PATCH("/api/pictures/{picture_id}", { params: { path: { picture_id: picture.id } }, body: { look } })).catch(() => undefined); // the window has them still
  };
  return [wishes, change];
}

function wishesOf(look: Picture["look"]): SceneWishes {
  const list = (name: string): never[] => (Array.isArray(look?.[name]) ? (look[name] as never[]) : []);
  return { points: list("hints"), photos: list("scene_references") };
}

type Part = Pick<SceneReference, "start" | "end">;

/** The photo of a scene among those that were given. */
export const photoOf = (scene: Part, photos: SceneReference[]): SceneReference | undefined => photos.find((one) => one.start <= scene.start && scene.start < one.end);

/** With another photo for a scene, or with none. */
export const withPhoto = ({ start, end }: Part, picture: string | null) => (now: SceneWishes): SceneWishes => {
  const others = now.photos.filter((one) => one !== photoOf({ start, end }, now.photos));
  return { ...now, photos: picture === null ? others : [...others, { start, end, picture }] };
};
