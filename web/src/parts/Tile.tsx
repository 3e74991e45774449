import type { Picture } from "../api/client";
import { Link } from "./Link";

/** A picture in the gallery: its newest result, small. A film opens as the coloured file. */
export function Tile({ picture }: { picture: Picture }) {
  const result = picture.results[0];
  const url = result?.thumbnail_url ?? picture.thumbnail_url;
  const inside = (
    <>
      <img src={url} alt="" loading="lazy" onError={(event) => event.currentTarget.classList.add("none")} />
      <span>{picture.name}</span>
    </>
  );
  if (picture.kind === "photo") return <li><Link to={`/photo/${picture.id}`}>{inside}</Link></li>;
  return <li>{result ? <a href={result.file_url}>{inside}</a> : inside}</li>;
}
