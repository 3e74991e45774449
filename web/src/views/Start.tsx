import { useCallback, useState } from "react";
import { api, message, unwrap, type Upload } from "../api/client";
import { isFilm, uploadFilm, uploadPhotos } from "../api/upload";
import { DropZone } from "../parts/DropZone";
import { Notice } from "../parts/Notice";
import { Samples } from "../parts/Samples";
import { Underway } from "../parts/Underway";
import { Progress } from "../parts/Progress";
import { PLAIN } from "../state/look";
import { can, useCapabilities } from "../state/capabilities";
import { keepRefused } from "../state/refused";
import { go } from "../state/router";

/** The first page: takes files and goes on to the photo, the batch or the film. */
export function Start() {
  const known = useCapabilities();
  const [share, setShare] = useState<number | null>(null);
  const [error, setError] = useState("");

  const take = useCallback(
    async (files: File[]) => {
      setError("");
      setShare(0);
      try {
        const film = files.find(isFilm);
        if (film && files.length > 1) throw new Error("Send a film by itself, without other files.");
        if (film && !can(known, "films")) throw new Error("This server cannot colour films.");
        go(film ? await startFilm(film, setShare) : await startPhotos(files, known.limits.max_files, setShare));
      } catch (caught) {
        setError(message(caught));
        setShare(null);
      }
    },
    [known],
  );

  const busy = share !== null;
  const { retention_hours: hours, max_bytes: most, max_film_bytes: mostOfFilm } = known.limits;
  return (
    <div className="start">
      <h1>Colour old photographs</h1>
      <p className="lead">
        Drop a photo and see how it may have looked. Then change your mind: choose a colour for the dress, try another mood.
      </p>
      <DropZone onFiles={take} disabled={busy} films={can(known, "films")}>
        {share !== null && (
          <Progress label={share < 1 ? `Sending, ${Math.round(share * 100)} %` : "Opening"} share={share < 1 ? share : undefined} />
        )}
        {error && <Notice error={error} />}
      </DropZone>
      <p className="small">
        Several photos at once become a batch with one ZIP. Photos up to {size(most)}
        {can(known, "films") && `, films up to ${size(mostOfFilm)}`}. Files stay on this server
        {hours > 0 ? ` and are deleted after ${span(hours)}.` : "."}
      </p>
      <Underway />
      <Samples onFiles={take} onTrouble={(caught) => setError(message(caught))} disabled={busy} />
    </div>
  );
}

const size = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${+(bytes / 1e9).toFixed(1)} GB`);

function span(hours: number): string {
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  if (hours >= 1.5) return `${Math.round(hours)} hours`;
  return hours >= 1 ? "an hour" : `${Math.max(1, Math.round(hours * 60))} minutes`;
}

async function startFilm(file: File, onProgress: (share: number) => void): Promise<string> {
  const film = await uploadFilm(file, onProgress);
  const job = await unwrap(api.POST("/api/jobs", { body: { kind: "film", picture: film.id } }));
  return `/film/${job.id}`;
}

/** Sends the photos, as many at once as the server takes; gives the address to go on to. */
async function startPhotos(files: File[], most: number, onProgress: (share: number) => void): Promise<string> {
  const sent: Upload = { pictures: [], refused: [] };
  for (let at = 0; at < files.length; at += most) {
    const part = files.slice(at, at + most);
    const answer = await uploadPhotos(part, (share) => onProgress((at + share * part.length) / files.length));
    sent.pictures.push(...answer.pictures);
    sent.refused.push(...answer.refused);
  }
  const [first] = sent.pictures;
  if (first && files.length === 1) return `/photo/${first.id}`;
  const pictures = sent.pictures.map((one) => one.id);
  const job = await unwrap(api.POST("/api/jobs", { body: { kind: "colorize", pictures, options: PLAIN } }));
  keepRefused(job.id, sent.refused);
  return `/batch/${job.id}`;
}
