import { useState } from "react";
import { api, message, unwrap, type Picture, type Result } from "../api/client";
import { t } from "../state/i18n";
import { isPlain, type Look } from "../state/look";
import { Duel } from "./Duel";
import { Notice } from "./Notice";
import { PictureActions } from "./PictureActions";
import { Rating } from "./Rating";

interface Props {
  picture: Picture;
  look: Look;
  keep: (share?: boolean) => Promise<Result>;
  reload: () => void;
  result: Result | null;
}

/** The rest: its name, one's opinion, a blind comparison, sharing and deleting. */
export function MorePanel({ picture, look, keep, reload, result }: Props) {
  const [name, setName] = useState(picture.name);
  const [error, setError] = useState("");
  const rename = (): void => {
    if (!name.trim() || name === picture.name) return;
    unwrap(api.PATCH("/api/pictures/{picture_id}", { params: { path: { picture_id: picture.id } }, body: { name } })).then(
      (now) => setName(now.name),
      (caught: unknown) => setError(message(caught)),
    );
  };
  return (
    <>
      <label className="stack">
        {t("File name")}
        <input type="text" value={name} maxLength={120} onChange={(event) => setName(event.target.value)} onBlur={rename} />
      </label>
      {error && <Notice error={error} />}
      <PictureActions picture={picture} keep={keep} reload={reload} />
      <fieldset>
        <legend>{t("How good is it?")}</legend>
        <Rating find={keep} resultId={result?.id} />
        {!isPlain(look) && <Duel picture={picture} look={look} />}
      </fieldset>
    </>
  );
}
