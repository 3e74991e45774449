import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { hasEnded, useJob } from "../api/useJob";
import { BatchTile } from "../parts/BatchTile";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";
import { Stop } from "../parts/Stop";
import { t } from "../state/i18n";
import { forOthers, lookOf, recallLook } from "../state/look";
import { findRefused } from "../state/refused";
import { go } from "../state/router";
import { at } from "../state/root";

/** Many photos on their way; what is done is shown at once, and all of it comes as one ZIP. */
export function Batch({ id }: { id: string }) {
  const { job, error, away, take } = useJob(id);
  const [trouble, setTrouble] = useState("");
  const [refused] = useState(() => findRefused(id));
  if (error) return <Lost error={error} />;
  if (!job) return <Notice error={away}>{t("Looking for the batch.")}</Notice>;
  const results = job.outcomes.flatMap((one) => (one.result_id ? [one.result_id] : []));
  const left = job.outcomes.filter((one) => one.left === "colour" || one.left === "own").length;
  const all = results.length + job.outcomes.filter((one) => one.left).length;
  const failed = job.outcomes.filter((one) => one.error).map((one) => one.picture_id);
  const again = (pictures: string[], options: Record<string, unknown>, skip_colour = true): void => {
    unwrap(api.POST("/api/jobs", { body: { kind: "colorize", pictures, options: options as never, skip_colour } })).then((next) => go(`/batch/${next.id}`), (caught: unknown) => setTrouble(message(caught)));
  };
  const leave = (picture_id: string, left: boolean): Promise<void> =>
    unwrap(api.PUT("/api/jobs/{job_id}/pictures/{picture_id}", { params: { path: { job_id: id, picture_id } }, body: { left } })).then(take, (caught: unknown) => setTrouble(message(caught)));
  const copyLook = (pictureId: string): void => {
    unwrap(api.GET("/api/pictures/{picture_id}", { params: { path: { picture_id: pictureId } } })).then(
      (picture) => again(job.outcomes.filter((one) => !one.left).map((one) => one.picture_id), { ...forOthers(recallLook(pictureId) ?? lookOf(picture.look)) }, false),
      (caught: unknown) => setTrouble(message(caught)),
    );
  };
  const waiting = job.ahead ? t("Waiting: {count} before yours", { count: job.ahead }) : t("Waiting for its turn");
  return (
    <section>
      <h1>{t("Batch")}</h1>
      {!hasEnded(job) && (
        <div className="card">
          <Progress label={job.state === "queued" && job.done === 0 ? waiting : t("{done} of {total} photos", { done: job.done, total: job.total })} share={job.total ? job.done / job.total : undefined} />
          <Stop jobId={id} />
        </div>
      )}
      {away && <Notice error={away} />}
      {job.state === "cancelled" && <Notice>{t("Stopped after {done} of {total} photos.", { done: job.done, total: job.total })}</Notice>}
      {job.state === "failed" && <Notice error={job.error ?? t("The batch failed.")} />}
      {refused.map((one) => <Notice key={one.name} error={t("Not taken: {detail}", { detail: one.detail })} />)}
      {left > 0 && <Notice>{t("{count} of {total} photos have colour already and are left as they are. Below each you can have it coloured all the same.", { count: left, total: job.total })}</Notice>}
      {trouble && <Notice error={trouble} />}
      {hasEnded(job) && (
        <p className="row">
          {all > 0 && <a className="button primary" href={at(`/api/jobs/${id}/zip`)} download>{t("Download {count} as ZIP", { count: all })}</a>}
          {results.length > 0 && <a className="button" href={at(`/api/jobs/${id}/album`)} download>{t("Album")}</a>}
          {failed.length > 0 && <button type="button" onClick={() => again(failed, job.options)}>{t("Try {count} again", { count: failed.length })}</button>}
          {job.state === "cancelled" && <button type="button" onClick={() => again(job.pictures.slice(job.done), job.options)}>{t("Go on with the rest")}</button>}
        </p>
      )}
      <ul className="tiles">
        {job.pictures.map((pictureId, at) => (
          <BatchTile key={pictureId} pictureId={pictureId} outcome={job.outcomes[at]} onLeave={hasEnded(job) ? leave : null} onCopy={hasEnded(job) && job.pictures.length > 1 ? copyLook : null} />
        ))}
      </ul>
    </section>
  );
}
