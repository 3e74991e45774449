import { useState } from "react";
import { api, message, unwrap, type Job } from "../api/client";
import { t } from "../state/i18n";
import { Notice } from "./Notice";

/** Lets a job wait, and go on where it was. */
export function Pause({ job }: { job: Job }) {
  const [error, setError] = useState("");
  const waits = job.state === "paused";
  const change = (): void => {
    const params = { path: { job_id: job.id } };
    const asked = waits ? api.POST("/api/jobs/{job_id}/resume", { params }) : api.POST("/api/jobs/{job_id}/pause", { params });
    unwrap(asked).then(() => setError(""), (caught: unknown) => setError(message(caught)));
  };
  return (
    <>
      <button type="button" onClick={change}>{waits ? t("Go on") : t("Pause")}</button>
      {error && <Notice error={error} />}
    </>
  );
}
