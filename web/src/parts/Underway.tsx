import { useEffect, useState } from "react";
import { api, unwrap, type Job } from "../api/client";
import { hasEnded } from "../api/useJob";
import { Link } from "./Link";
import { t } from "../state/i18n";

const EVERY_MS = 5000;
const VIEW: Partial<Record<Job["kind"], string>> = { colorize: "batch", film: "film" };

/** Jobs that are still going, so that a closed page is found again. */
export function Underway() {
  const [jobs, setJobs] = useState<Job[]>([]);
  useEffect(() => {
    let timer = 0;
    let gone = false;
    const ask = (): void => {
      unwrap(api.GET("/api/jobs", { params: { query: { limit: 20 } } })).then(
        (page) => {
          if (gone) return;
          const going = page.items.filter((job) => !hasEnded(job) && VIEW[job.kind]);
          setJobs(going);
          if (going.length > 0) timer = window.setTimeout(ask, EVERY_MS);
        },
        () => undefined, // it is a convenience: without it the page works as well
      );
    };
    ask();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, []);
  if (jobs.length === 0) return null;
  return (
    <section className="card" aria-labelledby="underway">
      <h2 id="underway">{t("Still being coloured")}</h2>
      <ul className="plain">
        {jobs.map((job) => (
          <li key={job.id}>
            <Link to={`/${VIEW[job.kind]}/${job.id}`}>{job.kind === "film" ? t("A film") : t("A batch of {total} photos", { total: job.total })}</Link>
            <span className="small"> {job.state === "queued" ? t("Waiting for its turn") : t("{done} of {total} done", { done: job.done, total: job.total || "?" })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
