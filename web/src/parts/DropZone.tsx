import { useRef, type ReactNode } from "react";
import { t } from "../state/i18n";
import { Camera } from "./Camera";

interface Props {
  onFiles: (files: File[]) => void;
  disabled: boolean;
  films: boolean;
  children?: ReactNode;
}

const isHandheld = (): boolean => window.matchMedia("(pointer: coarse)").matches;

/** Where files are chosen; they may be dropped and pasted on any view. */
export function DropZone({ onFiles, disabled, films, children }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const says = isHandheld() ? t("Choose old photos, or take a picture of one") : films ? t("Drop photos or a film here, or paste a picture") : t("Drop photos here, or paste a picture");
  return (
    <div className="drop">
      <p>{says}</p>
      <div className="row">
        <button type="button" className="primary" disabled={disabled} onClick={() => input.current?.click()}>{t("Choose files")}</button>
        <Camera onFiles={onFiles} disabled={disabled} />
      </div>
      {children}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t("Photos or a film")}
        accept={`image/*,${films ? "video/*,.mkv,.mxf,.dv,.flv,.wmv,.mts,.m2ts,.vob," : ""}.tif,.tiff,.heic,.jxl`}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length) onFiles(files);
        }}
      />
    </div>
  );
}
