// A job and how far it is, as the server's events tell.
import { useEffect, useState } from "react";
import { api, message, unwrap, type Job } from "./client";

const STATES: Job["state"][] = ["queued", "running", "done", "failed", "cancelled"];
export const hasEnded = (job: Job): boolean => job.state !== "queued" && job.state !== "running";

export function useJob(id: string): { job: Job | null; error: string } {
  const [job, setJob] = useState<Job | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    setJob(null);
    setError("");
    const events = new EventSource(`/api/jobs/${id}/events`);
    const told = (event: MessageEvent<string>): void => {
      const now = JSON.parse(event.data) as Job;
      setJob(now);
      if (hasEnded(now)) events.close();
    };
    for (const state of STATES) events.addEventListener(state, told);
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      unwrap(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } } })).then(setJob, (caught: unknown) =>
        setError(message(caught)),
      );
    };
    return () => events.close();
  }, [id]);
  return { job, error };
}
