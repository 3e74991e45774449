import { useState } from "react";
import { hasEnded, useJob } from "../api/useJob";
import { FilmPlayer } from "../parts/FilmPlayer";
import { Link } from "../parts/Link";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { Pause } from "../parts/Pause";
import { Progress } from "../parts/Progress";
import { Stop } from "../parts/Stop";
import { t } from "../state/i18n";
import { useTell } from "../state/useTell";
import { at } from "../state/root";

/** A film on its way, then to watch and to save. */
export function Film({ id }: { id: string }) {
  const { job, error, away } = useJob(id);
  const [tell, setTell] = useState(false);
  useTell(tell && job !== null && hasEnded(job) ? t("Your film is ready.") : "");
  if (error) return <Lost error={error} />;
  if (!job) return <Notice error={away}>{t("Looking for the film.")}</Notice>;
  const result = job.outcomes[0]?.result_id;
  const picture = job.pictures[0];
  const share = job.total > 0 ? job.done / job.total : undefined;
  const frames = job.total > 0 ? t("{done} of {total} frames", { done: job.done, total: job.total }) : t("{done} frames", { done: job.done });
  const waiting = job.ahead ? t("Waiting: {count} before yours", { count: job.ahead }) : t("Waiting for its turn");
  return (
    <section>
      <h1>{t("Film")}</h1>
      {!hasEnded(job) && (
        <div className="card">
          {picture && <img className="poster" src={at(`/api/pictures/${picture}/preview`)} alt="" />}
          <Progress label={job.state === "queued" ? waiting : job.state === "paused" ? t("Paused at {frames}", { frames }) : frames} share={share} />
          <p className="small">{job.note}</p>
          <p className="small">{t("You may close the page. The film goes on; it will be in your gallery.")}</p>
          <div className="row">
            <Pause job={job} />
            <Stop jobId={id} />
            {"Notification" in window && !tell && <button type="button" onClick={() => void Notification.requestPermission().then(() => setTell(true))}>{t("Tell me when it is ready")}</button>}
          </div>
        </div>
      )}
      {away && <Notice error={away} />}
      {job.state === "failed" && <Notice error={job.error ?? t("The film could not be coloured.")} />}
      {job.state === "cancelled" && <Notice>{t("The film was stopped before it was whole.")}</Notice>}
      {result && <FilmPlayer resultId={result} />}
      {hasEnded(job) && picture && <Link to={`/photo/${picture}`} className="button">{t("Its settings")}</Link>}
    </section>
  );
}
