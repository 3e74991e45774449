import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { Link } from "../parts/Link";
import { Notice } from "../parts/Notice";
import { Tile } from "../parts/Tile";

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
      <nav className="row" aria-label="Whose pictures">
        <Link to="/gallery" current={!shared}>Mine</Link>
        <Link to="/gallery/shared" current={shared}>Shared by everybody</Link>
      </nav>
      {error && <Notice error={error} />}
      {!state && !error && items.length === 0 && <Notice>Nothing here yet.</Notice>}
      <ul className="tiles">
        {items.map((picture) => <Tile key={picture.id} picture={picture} />)}
      </ul>
      {next && <button type="button" disabled={state === "busy"} onClick={() => void load(next)}>More</button>}
      <p className="small">Colours are estimated.</p>
    </section>
  );
}
