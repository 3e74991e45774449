import { useState } from "react";
import { message } from "../api/client";
import { hasEnded, useJob } from "../api/useJob";
import { findRefused } from "../state/refused";
import { fetchAndZip } from "../state/zip";
import { BatchTile } from "../parts/BatchTile";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { Progress } from "../parts/Progress";
import { Stop } from "../parts/Stop";

/** Many photos on their way; what is done is shown at once, and all of it comes as one ZIP. */
export function Batch({ id }: { id: string }) {
  const { job, error } = useJob(id);
  const [packed, setPacked] = useState<number | null>(null);
  const [trouble, setTrouble] = useState("");
  const [refused] = useState(() => findRefused(id));
  if (error) return <Lost error={error} />;
  if (!job) return <Notice>Looking for the batch.</Notice>;
  const results = job.outcomes.flatMap((one) => (one.result_id ? [one.result_id] : []));
  const save = async (): Promise<void> => {
    setTrouble("");
    setPacked(0);
    try {
      const zip = await fetchAndZip(results.map((one) => `/api/results/${one}/file?download=true`), setPacked);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(zip);
      link.download = "tintype.zip";
      link.click();
      window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (caught) {
      setTrouble(message(caught));
    }
    setPacked(null);
  };
  return (
    <section>
      <h1>Batch</h1>
      {!hasEnded(job) && (
        <div className="card">
          <Progress label={`${job.done} of ${job.total} photos`} share={job.total ? job.done / job.total : undefined} />
          <Stop jobId={id} />
        </div>
      )}
      {job.state === "cancelled" && <Notice>{`Stopped after ${job.done} of ${job.total} photos.`}</Notice>}
      {job.state === "failed" && <Notice error={job.error ?? "The batch failed."} />}
      {refused.map((one) => <Notice key={one.name} error={`Not taken: ${one.detail}`} />)}
      {trouble && <Notice error={trouble} />}
      {hasEnded(job) && results.length > 0 && (
        <p className="row">
          <button type="button" className="primary" disabled={packed !== null} onClick={() => void save()}>
            {packed === null ? `Download ${results.length} as ZIP` : `Packing ${packed} of ${results.length}`}
          </button>
          <span className="small">Colours are estimated.</span>
        </p>
      )}
      <ul className="tiles">
        {job.outcomes.map((one) => (
          <BatchTile key={one.picture_id} outcome={one} />
        ))}
        {!hasEnded(job) && Array.from({ length: job.total - job.outcomes.length }, (_, at) => <li key={at} className="waiting" aria-hidden="true" />)}
      </ul>
    </section>
  );
}
