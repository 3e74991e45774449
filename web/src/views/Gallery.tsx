import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { Tile } from "../parts/Tile";
import { Underway } from "../parts/Underway";

const PAGE = 24;

/** One's own pictures, or those that everybody shared, page by page. */
export function Gallery({ shared }: { shared: boolean }) {
  const [items, setItems] = useState<Picture[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [state, setState] = useState("busy");
  const [error, setError] = useState("");
  const load = useCallback(
    async (cursor: string | null) => {
      setState("busy");
      try {
        const params = { query: { limit: PAGE, cursor } };
        const page = await unwrap(shared ? api.GET("/api/gallery", { params }) : api.GET("/api/pictures", { params }));
        setItems((now) => (cursor ? [...now, ...page.items] : page.items));
        setNext(page.next ?? null);
      } catch (caught) {
        setError(message(caught));
      }
      setState("");
    },
    [shared],
  );
  useEffect(() => void load(null), [load]);
  return (
    <section>
      <h1>Gallery</h1>
      <nav className="row tabs" aria-label="Whose pictures">
        <Link to="/gallery" current={!shared}>Mine</Link>
        <Link to="/gallery/shared" current={shared}>Shared by everybody</Link>
      </nav>
      {error && <Notice error={error} />}
      {!shared && <Underway />}
      {!state && !error && items.length === 0 && (
        <div className="empty">
          <Notice>{shared ? "Nobody has shared a photo yet. Yours could be the first: its page has the switch." : "Your coloured photos will hang here."}</Notice>
          <Link to="/" className="button primary">Colour a photo</Link>
        </div>
      )}
      <ul className="tiles">
        {items.map((picture) => <Tile key={picture.id} picture={picture} />)}
      </ul>
      {next && <button type="button" disabled={state === "busy"} onClick={() => void load(next)}>More</button>}
    </section>
  );
}
