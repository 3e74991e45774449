import type { Picture } from "../api/client";
import { Link } from "./Link";

/** A picture in the gallery: its newest result, small. */
export function Tile({ picture }: { picture: Picture }) {
  const result = picture.results.at(-1);
  const url = result?.thumbnail_url ?? picture.thumbnail_url;
  return (
    <li className={picture.kind === "film" ? "film" : undefined}>
      <Link to={`/photo/${picture.id}`}>
        <img src={url} alt="" loading="lazy" onError={(event) => event.currentTarget.classList.add("none")} />
        <span>{picture.name}{picture.kind === "film" && <span className="small"> film</span>}</span>
      </Link>
    </li>
  );
}
