import { hasEnded, useJob } from "../api/useJob";
import { FilmPlayer } from "../parts/FilmPlayer";
import { Link } from "../parts/Link";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";
import { Stop } from "../parts/Stop";

/** A film on its way, then to watch and to save. */
export function Film({ id }: { id: string }) {
  const { job, error } = useJob(id);
  if (error) return <Lost error={error} />;
  if (!job) return <Notice>Looking for the film.</Notice>;
  const result = job.outcomes[0]?.result_id;
  const share = job.total > 0 ? job.done / job.total : undefined;
  const frames = job.total > 0 ? `${job.done} of ${job.total} frames` : `${job.done} frames`;
  return (
    <section>
      <h1>Film</h1>
      {!hasEnded(job) && (
        <div className="card">
          <Progress label={job.state === "queued" ? "Waiting for its turn" : frames} share={share} />
          <p className="small">{job.note}</p>
          <p className="small">You may close the page. The film goes on; you find it here again, and then in your gallery.</p>
          <Stop jobId={id} />
        </div>
      )}
      {job.state === "failed" && <Notice error={job.error ?? "The film could not be coloured."} />}
      {job.state === "cancelled" && <Notice>The film was stopped before it was whole.</Notice>}
      {result && <FilmPlayer resultId={result} />}
      {hasEnded(job) && !result && <Link to="/" className="button">Send another</Link>}
    </section>
  );
}
