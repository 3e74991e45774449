import { useEffect, useState } from "react";
import { api, unwrap, type Picture } from "../api/client";
import { t } from "../state/i18n";
import { go } from "../state/router";
import { Link } from "./Link";

const MOST = 60;

export interface Neighbours {
  items: Picture[];
  go: (by: number) => void;
}

/** One's photos, newest first, and the way to those beside the current. */
export function useNeighbours(current: string): Neighbours {
  const [items, setItems] = useState<Picture[]>([]);
  useEffect(() => {
    unwrap(api.GET("/api/pictures", { params: { query: { limit: MOST } } })).then(
      (page) => setItems(page.items.filter((one) => one.kind === "photo")),
      () => undefined,
    );
  }, [current]);
  return {
    items,
    go: (by) => {
      const next = items[items.findIndex((one) => one.id === current) + by];
      if (next) go(`/photo/${next.id}`);
    },
  };
}

export function FilmStrip({ current, neighbours }: { current: string; neighbours: Neighbours }) {
  if (neighbours.items.length < 2) return null;
  return (
    <nav className="strip" aria-label={t("Your photos")}>
      {neighbours.items.map((one) => {
        const result = one.results.find((each) => each.id === one.shown) ?? one.results.at(-1);
        return (
          <Link key={one.id} to={`/photo/${one.id}`} current={one.id === current}>
            <img src={result?.thumbnail_url ?? one.thumbnail_url} alt={one.name} loading="lazy" />
          </Link>
        );
      })}
    </nav>
  );
}
