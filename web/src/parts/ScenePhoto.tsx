import { useEffect } from "react";
import { api, ApiError, unwrap, type Scene, type SceneReference } from "../api/client";
import { t } from "../state/i18n";
import { photoOf } from "../state/filmWishes";
import { at } from "../state/root";
import { Notice } from "./Notice";
import { PhotoButton, type Taking } from "./PhotoButton";

interface Props {
  scene: Scene;
  photos: SceneReference[];
  taking: Taking;
  onRemove: () => void;
}

/** The photo whose colours one scene of a film takes: seen, changed, taken away. */
export function ScenePhoto({ scene, photos, taking, onRemove }: Props) {
  const given = photoOf(scene, photos);
  useEffect(() => {
    if (!given) return;
    unwrap(api.GET("/api/pictures/{picture_id}", { params: { path: { picture_id: given.picture } } })).catch((caught: unknown) => {
      if (caught instanceof ApiError && caught.status === 404) onRemove(); // it was deleted meanwhile
    });
  }, [given?.picture]);
  return (
    <fieldset className="scene-photo">
      <legend>{t("Colours of a photo, for this scene")}</legend>
      {given ? (
        <div className="row">
          <img className="thumb" src={at(`/api/pictures/${given.picture}/thumbnail`)} alt={t("The photo whose colours this scene takes")} />
          <button type="button" onClick={onRemove}>{t("Take it away")}</button>
        </div>
      ) : (
        <>
          <p className="small">{t("Drop a colour photo of like things on the scene, or choose one.")}</p>
          <PhotoButton taking={taking} label={t("Choose a colour photo")} />
        </>
      )}
      {taking.error && <Notice error={taking.error} />}
    </fieldset>
  );
}
