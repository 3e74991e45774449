import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { Tile } from "../parts/Tile";
import { Underway } from "../parts/Underway";
import { t } from "../state/i18n";
import { keep, recall } from "../state/storage";
import { at } from "../state/root";

const PAGE = 24;

/** One's own pictures, or those that everybody shared, page by page; several can be chosen. */
export function Gallery({ shared }: { shared: boolean }) {
  const shownKey = `tintype-gallery-${shared ? "shared" : "mine"}`;
  const [items, setItems] = useState<Picture[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [state, setState] = useState("busy");
  const [error, setError] = useState("");
  const [chosen, setChosen] = useState<string[] | null>(null);
  const load = useCallback(
    async (cursor: string | null, limit = PAGE) => {
      setState("busy");
      try {
        const params = { query: { limit, cursor } };
        const page = await unwrap(shared ? api.GET("/api/gallery", { params }) : api.GET("/api/pictures", { params }));
        setItems((now) => {
          const all = cursor ? [...now, ...page.items] : page.items;
          keep(shownKey, all.length, "sessionStorage");
          return all;
        });
        setNext(page.next ?? null);
        setError("");
      } catch (caught) {
        setError(message(caught));
      }
      setState("");
    },
    [shared, shownKey],
  );
  useEffect(() => void load(null, Math.min(100, Math.max(PAGE, recall(shownKey, PAGE, "sessionStorage")))), [load, shownKey]);
  const toggle = (id: string): void => setChosen((now) => (now?.includes(id) ? now.filter((one) => one !== id) : [...(now ?? []), id]));
  const remove = async (): Promise<void> => {
    if (!chosen?.length || !window.confirm(t("Delete {count} pictures and their versions for good?", { count: chosen.length }))) return;
    for (const id of chosen) await unwrap(api.DELETE("/api/pictures/{picture_id}", { params: { path: { picture_id: id } } })).catch((caught: unknown) => setError(message(caught)));
    setChosen(null);
    void load(null);
  };
  const album = new URLSearchParams((chosen ?? []).map((id) => ["pictures", id]));
  return (
    <section>
      <h1>{t("Gallery")}</h1>
      <nav className="row tabs" aria-label={t("Whose pictures")}>
        <Link to="/gallery" current={!shared}>{t("Mine")}</Link>
        <Link to="/gallery/shared" current={shared}>{t("Shared by everybody")}</Link>
        {!shared && items.length > 0 && <button type="button" className="quiet" aria-pressed={chosen !== null} onClick={() => setChosen(chosen ? null : [])}>{t("Choose several")}</button>}
      </nav>
      {chosen && chosen.length > 0 && (
        <div className="row chosen" role="group" aria-label={t("What to do with them")}>
          <span>{t("{count} chosen", { count: chosen.length })}</span>
          <a className="button" href={at(`/api/album?${album}`)} download>{t("Album")}</a>
          <button type="button" className="danger" onClick={() => void remove()}>{t("Delete")}</button>
        </div>
      )}
      {error && <div className="row"><Notice error={error} /><button type="button" onClick={() => void load(null)}>{t("Try again")}</button></div>}
      {!shared && <Underway />}
      {!state && !error && items.length === 0 && (
        <div className="empty">
          <Notice>{shared ? t("Nobody has shared a photo yet. Yours could be the first: its page has the switch.") : t("Your coloured photos will hang here.")}</Notice>
          <Link to="/" className="button primary">{t("Colour a photo")}</Link>
        </div>
      )}
      <ul className="tiles">
        {items.map((picture) => <Tile key={picture.id} picture={picture} chosen={chosen ? chosen.includes(picture.id) : null} onChoose={() => toggle(picture.id)} />)}
      </ul>
      {next && <button type="button" disabled={state === "busy"} onClick={() => void load(next)}>{t("More")}</button>}
    </section>
  );
}
