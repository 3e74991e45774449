import { useState } from "react";
import { api, unwrap } from "../api/client";
import { hasEnded, useJob } from "../api/useJob";
import { Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";

/** A film on its way, then to watch and to save. */
export function Film({ id }: { id: string }) {
  const { job, error } = useJob(id);
  const [stopping, setStopping] = useState(false);
  if (error) return <Notice error={error} />;
  if (!job) return <Notice>Looking for the film.</Notice>;
  const result = job.outcomes[0]?.result_id;
  const share = job.total > 0 ? job.done / job.total : undefined;
  const frames = job.total > 0 ? `${job.done} of ${job.total} frames` : `${job.done} frames`;
  return (
    <section>
      <h1>Film</h1>
      {!hasEnded(job) && (
        <>
          <Progress label={job.state === "queued" ? "Waiting for its turn" : `${job.note || "Colouring"}: ${frames}`} share={share} />
          <button
            type="button"
            disabled={stopping}
            onClick={() => {
              setStopping(true);
              void unwrap(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })).catch(() => setStopping(false));
            }}
          >
            Stop
          </button>
          <p className="small">You may close the page: the film goes on, and then lies in your gallery.</p>
        </>
      )}
      {job.state === "failed" && <Notice error={job.error ?? "The film could not be coloured."} />}
      {job.state === "cancelled" && <Notice>Stopped.</Notice>}
      {result && (
        <>
          <video controls playsInline src={`/api/results/${result}/file`} poster={`/api/results/${result}/preview`} />
          <p className="row">
            <a className="button primary" href={`/api/results/${result}/file?download=true`} download>Download</a>
            <span className="small">Colours are estimated.</span>
          </p>
        </>
      )}
    </section>
  );
}
