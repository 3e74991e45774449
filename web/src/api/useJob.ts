// A job and how far it is: by the server's events while there are any, else by asking now and then.
import { useEffect, useState } from "react";
import { api, ApiError, message, unwrap, type Job } from "./client";
import { at } from "../state/root";

const STATES: Job["state"][] = ["queued", "running", "paused", "done", "failed", "cancelled"];
const EVERY_MS = 3000;
export const hasEnded = (job: Job): boolean => !["queued", "running", "paused"].includes(job.state);

/** `error` says that there is no such job; `away` that the server could not be asked, for now. */
export function useJob(id: string): { job: Job | null; error: string; away: string; take: (job: Job) => void } {
  const [state, setState] = useState<{ job: Job | null; error: string; away: string }>({ job: null, error: "", away: "" });
  useEffect(() => {
    let timer = 0;
    let gone = false;
    setState({ job: null, error: "", away: "" });
    const events = new EventSource(at(`/api/jobs/${id}/events`));
    const take = (job: Job): void => {
      if (gone) return;
      setState({ job, error: "", away: "" });
      if (hasEnded(job)) events.close();
    };
    const ask = (): void => {
      window.clearTimeout(timer);
      unwrap(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } } })).then(
        (job) => {
          take(job);
          if (!gone && !hasEnded(job) && events.readyState === EventSource.CLOSED) timer = window.setTimeout(ask, EVERY_MS);
        },
        (caught: unknown) => {
          if (gone) return;
          if (caught instanceof ApiError && caught.status === 404) setState({ job: null, error: caught.message, away: "" });
          else {
            setState((now) => ({ ...now, away: message(caught) }));
            timer = window.setTimeout(ask, EVERY_MS);
          }
        },
      );
    };
    const told = (event: MessageEvent<string>): void => take(JSON.parse(event.data) as Job);
    for (const one of STATES) events.addEventListener(one, told);
    events.onerror = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, events.readyState === EventSource.CLOSED ? 0 : EVERY_MS);
    };
    return () => {
      gone = true;
      window.clearTimeout(timer);
      events.close();
    };
  }, [id]);
  return { ...state, take: (job) => setState({ job, error: "", away: "" }) };
}
