import { DropZone } from "../parts/DropZone";
import { useTake } from "../parts/DropAnywhere";
import { Samples } from "../parts/Samples";
import { Tour } from "../parts/Tour";
import { Underway } from "../parts/Underway";
import { can, useCapabilities } from "../state/capabilities";
import { bytes, t } from "../state/i18n";
import { failUploads, useUploads } from "../state/uploads";
import { message } from "../api/client";

/** The first page: takes files, and shows what becomes of them. */
export function Start() {
  const known = useCapabilities();
  const { going } = useUploads();
  const take = useTake();
  const { retention_hours: hours, max_bytes: most, max_film_bytes: mostOfFilm } = known.limits;
  const films = can(known, "films");
  return (
    <div className="start">
      <h1>{t("Colour old photographs")}</h1>
      <p className="lead">{t("Drop a photo and see how it may have looked. Then change your mind: choose a colour for the dress, try another mood.")}</p>
      <DropZone onFiles={take} disabled={going} films={films} />
      <Samples onFiles={take} onTrouble={(caught) => failUploads(message(caught))} disabled={going} />
      <Underway />
      <Tour />
      <p className="small">
        {t("Several photos at once become a batch with one ZIP.")} {films ? t("Photos up to {size}, films up to {film}.", { size: bytes(most), film: bytes(mostOfFilm) }) : t("Photos up to {size}.", { size: bytes(most) })}{" "}
        {hours > 0 ? t("Files stay on this server and are deleted after {time}.", { time: span(hours) }) : t("Files stay on this server.")}
      </p>
    </div>
  );
}

function span(hours: number): string {
  if (hours >= 48) return t("{count} days", { count: Math.round(hours / 24) });
  if (hours >= 1.5) return t("{count} hours", { count: Math.round(hours) });
  return t("{count} minutes", { count: Math.max(1, Math.round(hours * 60)) });
}
