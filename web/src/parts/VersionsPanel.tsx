import { useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { moment, t } from "../state/i18n";
import { Notice } from "./Notice";

interface Props {
  picture: Picture;
  current: string | null;
  against: Result | null;
  onAgainst: (result: Result | null) => void;
  onOpen: (result: Result) => void;
  keep: () => Promise<Result>;
  reload: () => void;
}

/** What was kept of a photo: to be named, opened again, compared with, shown to others, deleted. */
export function VersionsPanel({ picture, current, against, onAgainst, onOpen, keep, reload }: Props) {
  const [error, setError] = useState("");
  const failed = (caught: unknown): void => setError(message(caught));
  const rename = (result: Result): void => {
    const name = window.prompt(t("What is this version called?"), result.name);
    if (name === null) return;
    unwrap(api.PATCH("/api/results/{result_id}", { params: { path: { result_id: result.id } }, body: { name } })).then(reload, failed);
  };
  const remove = (result: Result): void => {
    if (!window.confirm(t("Delete this version for good?"))) return;
    if (against?.id === result.id) onAgainst(null);
    unwrap(api.DELETE("/api/results/{result_id}", { params: { path: { result_id: result.id } } })).then(reload, failed);
  };
  const show = (result: Result): void => {
    unwrap(api.PATCH("/api/pictures/{picture_id}", { params: { path: { picture_id: picture.id } }, body: { shown: result.id } })).then(reload, failed);
  };
  return (
    <>
      <button type="button" className="primary wide" onClick={() => void keep().catch(failed)} disabled={current !== null}>{current ? t("Kept") : t("Keep this version")}</button>
      {error && <Notice error={error} />}
      <ul className="plain versions">
        {[...picture.results].reverse().map((result) => (
          <li key={result.id} className={result.id === current ? "current" : undefined}>
            <button type="button" className="bare" onClick={() => onOpen(result)} aria-label={t("Open the version {name}", { name: title(result) })}>
              <img src={result.thumbnail_url} alt="" loading="lazy" />
            </button>
            <div>
              <strong>{title(result)}</strong>
              <p className="small">{moment(result.created)}{picture.shown === result.id && `, ${t("others see this one")}`}</p>
              <div className="row">
                <button type="button" aria-pressed={against?.id === result.id} onClick={() => onAgainst(against?.id === result.id ? null : result)}>{t("Compare with it")}</button>
                <button type="button" onClick={() => rename(result)}>{t("Name it")}</button>
                {picture.shown !== result.id && <button type="button" onClick={() => show(result)}>{t("Show this one")}</button>}
                <button type="button" className="danger" onClick={() => remove(result)}>{t("Delete")}</button>
              </div>
            </div>
          </li>
        ))}
      </ul>
      {picture.results.length === 0 && <p className="small">{t("Nothing is kept yet.")}</p>}
    </>
  );
}

/** Its name, or what was asked for it. */
function title(result: Result): string {
  if (result.name) return result.name;
  const { hints, strokes, ...others } = result.options as { hints?: unknown[]; strokes?: unknown[] };
  const drawn = (hints?.length ?? 0) + (strokes?.length ?? 0);
  const parts = [drawn ? t("{count} by hand", { count: drawn }) : "", Object.keys(others).length ? t("mood changed") : ""].filter(Boolean);
  return parts.length ? parts.join(", ") : t("The first guess");
}
