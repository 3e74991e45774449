import { useEffect, useState } from "react";
import { can, useCapabilities } from "../state/capabilities";
import { bytes, t } from "../state/i18n";
import { isWriting } from "../state/keys";
import { failUploads, startUploads } from "../state/uploads";

/** What takes files, with this server's limits. */
export function useTake(): (files: File[]) => void {
  const known = useCapabilities();
  return (files) => {
    const { max_bytes: most, max_film_bytes: film } = known.limits;
    void startUploads(files, { films: can(known, "films"), bytes: most, filmBytes: film, size: bytes });
  };
}

/** Whether what is carried is over a part of the page that takes photos for itself: see `dropTarget`. */
const isTaken = (event: DragEvent): boolean => event.target instanceof Element && event.target.closest("[data-takes]") !== null;

/** Files dropped or pasted anywhere are taken; the browser never leaves the page for one. */
export function DropAnywhere() {
  const take = useTake();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (event: DragEvent): void => {
      event.preventDefault();
      setOver(!isTaken(event));
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      if (isTaken(event)) return;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length) take(files);
      else failUploads(t("That was no file. Save the picture first, then drop the file."));
    };
    const paste = (event: ClipboardEvent): void => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && !isWriting(event.target)) take(files);
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  });
  return over ? <div className="dropping" aria-hidden="true"><p>{t("Drop to colour")}</p></div> : null;
}
