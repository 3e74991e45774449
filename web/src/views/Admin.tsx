import { useEffect, useState } from "react";
import { api, ApiError, message, unwrap, type AdminJob, type Owner, type Overview } from "../api/client";
import { Notice } from "../parts/Notice";
import { Token } from "./Token";
import { bytes, moment, number, t } from "../state/i18n";

const STATE: Record<AdminJob["state"], string> = { queued: "waiting", running: "in work", paused: "paused", done: "done", failed: "failed", cancelled: "cancelled" };
const EVERY_MS = 5000;

/** What whoever looks after the server sees: room, jobs and owners, and ways to take away what should not be. */
export function Admin() {
  const [overview, setOverview] = useState<Overview | null>(null);
  const [owners, setOwners] = useState<Owner[]>([]);
  const [jobs, setJobs] = useState<AdminJob[]>([]);
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const [locked, setLocked] = useState(false);
  const failed = (caught: unknown): void => {
    if (caught instanceof ApiError && caught.status === 403) setLocked(true);
    setError(message(caught));
  };
  const load = (): void => {
    unwrap(api.GET("/api/admin")).then((told) => {
      setLocked(false);
      setError("");
      setOverview(told);
    }, failed);
    unwrap(api.GET("/api/admin/owners")).then(setOwners, () => undefined);
    unwrap(api.GET("/api/admin/jobs")).then(setJobs, () => undefined);
  };
  useEffect(() => {
    load();
    const timer = window.setInterval(load, EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
  const then = (what: string) => (): void => {
    setSaid(what);
    load();
  };
  const quota = (owner: Owner): void => {
    const asked = window.prompt(t("How many megabytes may {name} keep? Empty for everybody's quota, 0 for no limit.", { name: called(owner) }), owner.quota_bytes === null ? "" : String(owner.quota_bytes / 1e6));
    if (asked === null) return;
    const size = asked.trim() === "" ? null : Math.round(1e6 * Number(asked));
    if (size !== null && !(size >= 0)) return setError(t("This is no number."));
    unwrap(api.PATCH("/api/admin/owners/{owner}", { params: { path: { owner: owner.owner } }, body: { quota_bytes: size } })).then(then(""), failed);
  };
  const remove = (owner: Owner): void => {
    if (!window.confirm(t("Delete everything that {name} keeps here, for good?", { name: called(owner) }))) return;
    unwrap(api.DELETE("/api/admin/owners/{owner}", { params: { path: { owner: owner.owner } } })).then(
      (gone) => then(t("Deleted: {pictures}, {results}.", { pictures: t("{count} pictures", { count: gone.pictures }), results: t("{count} versions", { count: gone.results }) }))(), failed);
  };
  const stop = (job: AdminJob): void =>
    void unwrap(api.POST("/api/admin/jobs/{job_id}/cancel", { params: { path: { job_id: job.id } } })).then(then(""), failed);
  if (locked) return <Token onAllowed={load} />;
  if (!overview) return <Notice error={error}>{t("Opening…")}</Notice>;
  const rows: [string, string][] = [
    [t("Photos and films"), number(overview.pictures)], [t("Versions"), number(overview.results)], [t("Studies"), number(overview.studies)], [t("Links"), number(overview.links)],
    [t("Kept in all"), overview.store_bytes ? t("{size} of {most}", { size: bytes(overview.stored_bytes), most: bytes(overview.store_bytes) }) : bytes(overview.stored_bytes)],
    [t("Room on the disk"), overview.disk_free === null ? t("an object store") : t("{size} of {most}", { size: bytes(overview.disk_free), most: bytes(overview.disk_total ?? 0) })],
    [t("Memory"), t("{size} of {most}", { size: bytes(overview.memory_bytes), most: bytes(overview.memory_limit) })],
    [t("Pictures in work"), number(overview.in_work)],
  ];
  return (
    <section>
      <h1>{t("Looking after the server")}</h1>
      {(said || error) && <Notice error={error}>{said}</Notice>}
      <table className="facts"><tbody>{rows.map(([name, value]) => <tr key={name}><th scope="row">{name}</th><td>{value}</td></tr>)}</tbody></table>
      <h2>{t("Owners")}</h2>
      <div className="wide" tabIndex={0} role="group" aria-label={t("Owners")}>
        <table>
          <thead><tr><th scope="col">{t("Name")}</th><th scope="col">{t("Photos and films")}</th><th scope="col">{t("Versions")}</th><th scope="col">{t("Size")}</th><th scope="col">{t("Last seen")}</th><th scope="col"><span className="hidden">{t("Actions")}</span></th></tr></thead>
          <tbody>
            {owners.map((one) => (
              <tr key={one.owner}>
                <th scope="row">{called(one)}</th><td>{number(one.pictures)}</td><td>{number(one.results)}</td>
                <td>{one.quota_bytes ? t("{size} of {most}", { size: bytes(one.bytes), most: bytes(one.quota_bytes) }) : bytes(one.bytes)}</td>
                <td>{one.seen ? moment(one.seen) : t("never")}</td>
                <td className="row">
                  <button type="button" onClick={() => quota(one)} aria-label={t("Quota of {name}", { name: called(one) })}>{t("Quota")}</button>
                  <button type="button" className="danger" onClick={() => remove(one)} aria-label={t("Delete all of {name}", { name: called(one) })}>{t("Delete")}</button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {owners.length === 0 && <p>{t("Nobody keeps anything here yet.")}</p>}
      <h2>{t("Jobs")}</h2>
      <div className="wide" tabIndex={0} role="group" aria-label={t("Jobs")}>
        <table>
          <thead><tr><th scope="col">{t("Begun")}</th><th scope="col">{t("Name")}</th><th scope="col">{t("State")}</th><th scope="col">{t("Done")}</th><th scope="col"><span className="hidden">{t("Actions")}</span></th></tr></thead>
          <tbody>
            {jobs.map((job) => (
              <tr key={job.id}>
                <th scope="row">{moment(job.created)}</th><td>{called(job)}</td><td title={job.error ?? job.note}>{t(STATE[job.state])}</td><td>{number(job.done)} / {number(job.total)}</td>
                <td>{["queued", "running", "paused"].includes(job.state) && <button type="button" onClick={() => stop(job)}>{t("Stop")}</button>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {jobs.length === 0 && <p>{t("There are no jobs.")}</p>}
    </section>
  );
}

function called(one: { name: string; owner: string }): string {
  return one.name || t("visitor {number}", { number: one.owner.slice(0, 8) });
}
