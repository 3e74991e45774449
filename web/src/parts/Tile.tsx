import type { Picture } from "../api/client";
import { t } from "../state/i18n";
import { Link } from "./Link";

interface Props {
  picture: Picture;
  /** null while nothing is being chosen. */
  chosen: boolean | null;
  onChoose: () => void;
}

/** A picture in the gallery: the version that stands for it, small. */
export function Tile({ picture, chosen, onChoose }: Props) {
  const result = picture.results.find((one) => one.id === picture.shown) ?? picture.results.at(-1);
  const url = result?.thumbnail_url ?? picture.thumbnail_url;
  return (
    <li className={picture.kind === "film" ? "film" : undefined}>
      <Link to={`/photo/${picture.id}`}>
        <img src={url} alt="" loading="lazy" onError={(event) => event.currentTarget.classList.add("none")} />
        <span>{picture.name}{picture.kind === "film" && <span className="small"> {t("film")}</span>}</span>
      </Link>
      {chosen !== null && <label className="choose"><input type="checkbox" checked={chosen} onChange={onChoose} aria-label={t("Choose {name}", { name: picture.name })} /></label>}
    </li>
  );
}
