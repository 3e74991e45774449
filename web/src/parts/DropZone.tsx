import { useEffect, useRef, useState, type ReactNode } from "react";
import { Camera } from "./Camera";

interface Props {
  onFiles: (files: File[]) => void;
  disabled: boolean;
  films: boolean;
  /** What is said about the files: progress, or why they were not taken. */
  children?: ReactNode;
}

/** Drop, paste or pick files. Drop and paste work anywhere on the page. */
export function DropZone({ onFiles, disabled, films, children }: Props) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (disabled) return;
    const take = (list: FileList | undefined | null): void => {
      if (list?.length) onFiles([...list]);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer?.files);
    };
    const drag = (event: DragEvent): void => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const paste = (event: ClipboardEvent): void => take(event.clipboardData?.files);
    window.addEventListener("drop", drop);
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("drop", drop);
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("paste", paste);
    };
  }, [disabled, onFiles]);
  return (
    <div className={over ? "drop over" : "drop"}>
      <p>{films ? "Drop photos or a film here" : "Drop photos here"}, or paste a picture</p>
      <div className="row">
        <button type="button" className="primary" disabled={disabled} onClick={() => input.current?.click()}>
          Choose files
        </button>
        <Camera onFiles={onFiles} disabled={disabled} />
      </div>
      {children}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Photos or a film"
        accept={`image/*,${films ? "video/*,.mkv," : ""}.tif,.tiff,.heic,.jxl`}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length) onFiles(files);
        }}
      />
    </div>
  );
}
