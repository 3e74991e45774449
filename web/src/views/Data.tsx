import { useEffect, useState } from "react";
import { api, message, unwrap, type Kept } from "../api/client";
import { Notice } from "../parts/Notice";
import { bytes, moment, t } from "../state/i18n";

/** What the server keeps of whoever asks, until when, and a way to delete all of it. */
export function Data() {
  const [kept, setKept] = useState<Kept | null>(null);
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const failed = (caught: unknown): void => setError(message(caught));
  const load = (): void => void unwrap(api.GET("/api/session/data")).then(setKept, failed);
  useEffect(load, []);
  const remove = (): void => {
    if (!window.confirm(t("Delete every photo, film, version, study and link of yours, for good?"))) return;
    unwrap(api.DELETE("/api/session/data")).then((gone) => {
      setSaid(t("Deleted: {pictures}, {results}.", { pictures: t("{count} pictures", { count: gone.pictures }), results: t("{count} versions", { count: gone.results }) }));
      load();
    }, failed);
  };
  const rows: [string, string][] = kept ? [
    [t("Photos and films"), String(kept.pictures)], [t("Versions"), String(kept.results)], [t("Studies"), String(kept.studies)],
    [t("Jobs"), String(kept.jobs)], [t("Links"), String(kept.links)],
    [t("Size"), kept.quota_bytes ? t("{size} of {most}", { size: bytes(kept.bytes), most: bytes(kept.quota_bytes) }) : bytes(kept.bytes)],
    [t("The next is deleted"), kept.first_expires ? moment(kept.first_expires) : t("never")],
  ] : [];
  return (
    <section className="narrow">
      <h1>{t("What is kept of you")}</h1>
      <p>{t("This server knows you by a cookie alone. What you send is yours; nobody else sees it unless you share it.")}</p>
      <table className="facts"><tbody>{rows.map(([name, value]) => <tr key={name}><th scope="row">{name}</th><td>{value}</td></tr>)}</tbody></table>
      <button type="button" className="danger" onClick={remove}>{t("Delete everything")}</button>
      {(said || error) && <Notice error={error}>{said}</Notice>}
    </section>
  );
}
