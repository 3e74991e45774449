import { useEffect, useState } from "react";
import { api, ApiError, unwrap, type Job } from "../api/client";
import { t } from "../state/i18n";
import { Link } from "./Link";
import { at } from "../state/root";

const AGAIN_MS = 5000;

interface Props {
  pictureId: string;
  /** Left out while it waits. */
  outcome: Job["outcomes"][number] | undefined;
  onCopy: ((pictureId: string) => void) | null;
  /** Leaves the photo as it was, or colours it; left out while the batch goes on. */
  onLeave: ((pictureId: string, left: boolean) => Promise<void>) | null;
}

const LEFT = { colour: "Has colour already: left as it is", own: "Coloured here before: left as it is", wish: "Left as it is" } as const;

/** One photo of a batch: in grey while it waits, then in colour. */
export function BatchTile({ pictureId, outcome, onCopy, onLeave }: Props) {
  const [name, setName] = useState("");
  const [away, setAway] = useState(0); // how often the server could not be asked
  useEffect(() => {
    let timer = 0;
    unwrap(api.GET("/api/pictures/{picture_id}", { params: { path: { picture_id: pictureId } } })).then(
      (picture) => setName(picture.name),
      (caught: unknown) => {
        if (caught instanceof ApiError && caught.status === 404) setName(t("deleted"));
        else timer = window.setTimeout(() => setAway((now) => now + 1), AGAIN_MS);
      },
    );
    return () => window.clearTimeout(timer);
  }, [pictureId, away]);
  const [busy, setBusy] = useState(false);
  const result = outcome?.result_id;
  const left = outcome?.left;
  const decide = (leave: boolean): void => {
    setBusy(true);
    void onLeave?.(pictureId, leave).finally(() => setBusy(false));
  };
  return (
    <li className={outcome ? undefined : "going"}>
      <Link to={`/photo/${pictureId}`}>
        <img key={away} src={at(result ? `/api/results/${result}/thumbnail` : `/api/pictures/${pictureId}/thumbnail`)} alt="" loading="lazy" />
        <span>{name || t("Photo")}</span>
        {!name && away > 0 && <span className="small">{t("cannot be reached")}</span>}
        {outcome?.error && <span className="notice bad">{outcome.error}</span>}
        {left && <span className="small">{t(LEFT[left])}</span>}
      </Link>
      {onLeave && left && <button type="button" disabled={busy} onClick={() => decide(false)}>{busy ? t("Colouring…") : t("Colour it all the same")}</button>}
      {onLeave && result && <button type="button" className="quiet small" disabled={busy} onClick={() => decide(true)}>{t("Leave it as it was")}</button>}
      {onCopy && result && <button type="button" className="quiet small" onClick={() => onCopy(pictureId)}>{t("Use its look for all")}</button>}
    </li>
  );
}
