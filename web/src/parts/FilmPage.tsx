import { useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { go } from "../state/router";
import { FilmPlayer } from "./FilmPlayer";
import { Notice } from "./Notice";
import { PictureActions } from "./PictureActions";

/** A film from the gallery: to watch, or, where it was stopped, to begin again. */
export function FilmPage({ picture }: { picture: Picture }) {
  const [error, setError] = useState("");
  const result = picture.results.at(-1);
  const begin = (): void => {
    unwrap(api.POST("/api/jobs", { body: { kind: "film", picture: picture.id } })).then(
      (job) => go(`/film/${job.id}`),
      (caught: unknown) => setError(message(caught)),
    );
  };
  return (
    <section>
      <h1>{picture.name}</h1>
      {result && <FilmPlayer resultId={result.id} name={picture.name} />}
      {!result && (
        <>
          <p>This film is not coloured yet, or still on its way.</p>
          {picture.mine && <button type="button" className="primary" onClick={begin}>Colour it</button>}
        </>
      )}
      {error && <Notice error={error} />}
      {picture.mine && <PictureActions picture={picture} />}
    </section>
  );
}
