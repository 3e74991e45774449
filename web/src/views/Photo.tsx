import { useCallback, useEffect, useState } from "react";
import { api, message, unwrap, type Picture } from "../api/client";
import { Editor } from "../parts/Editor";
import { FilmPage } from "../parts/FilmPage";
import { Guest } from "../parts/Guest";
import { Lost } from "../parts/Lost";
import { Notice } from "../parts/Notice";
import { t } from "../state/i18n";

/** One photo: to work on if it is the asker's own, else to look at. */
export function Photo({ id }: { id: string }) {
  const [picture, setPicture] = useState<Picture | null>(null);
  const [error, setError] = useState("");
  const load = useCallback(() => {
    unwrap(api.GET("/api/pictures/{picture_id}", { params: { path: { picture_id: id } } })).then(
      setPicture,
      (caught: unknown) => setError(message(caught)),
    );
  }, [id]);
  useEffect(load, [load]);
  if (error && !picture) return <Lost error={error} />;
  if (!picture) return <Notice>{t("Opening the photo.")}</Notice>;
  if (picture.kind === "film") return <FilmPage picture={picture} />;
  return picture.mine ? <Editor picture={picture} reload={load} /> : <Guest picture={picture} />;
}
