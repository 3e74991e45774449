import { useCallback, useEffect, useRef, useState } from "react";
import { Notice } from "./Notice";
import { t } from "../state/i18n";

interface Props {
  onFiles: (files: File[]) => void;
  disabled: boolean;
}

const isHandheld = (): boolean => window.matchMedia("(pointer: coarse)").matches;

/** Takes a picture of a print: phones open their own camera, other machines show what theirs sees. */
export function Camera({ onFiles, disabled }: Props) {
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const canLook = "mediaDevices" in navigator; // only in secure places: https, or this machine
  if (!isHandheld() && !canLook) return null;
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => (isHandheld() ? input.current?.click() : setOpen(true))}>
        {t("Use the camera")}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={t("A picture by the camera")}
        accept="image/*"
        capture="environment"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length) onFiles(files);
        }}
      />
      {open && (
        <Finder
          onClose={() => setOpen(false)}
          onFile={(file) => {
            setOpen(false);
            onFiles([file]);
          }}
        />
      )}
    </>
  );
}

function Finder({ onClose, onFile }: { onClose: () => void; onFile: (file: File) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => {
    let stream: MediaStream | null = null;
    let gone = false;
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 4096 } } }).then(
      (found) => {
        stream = found;
        if (gone) found.getTracks().forEach((track) => track.stop());
        else if (video.current) video.current.srcObject = found;
      },
      () => setError(t("No camera can be used: none is there, or the browser was told not to show it.")),
    );
    return () => {
      gone = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  const show = useCallback((dialog: HTMLDialogElement | null) => {
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  const take = (): void => {
    const seen = video.current;
    if (!seen) return;
    const canvas = document.createElement("canvas");
    canvas.width = seen.videoWidth;
    canvas.height = seen.videoHeight;
    canvas.getContext("2d")?.drawImage(seen, 0, 0);
    canvas.toBlob((blob) => blob && onFile(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
  };
  return (
    <dialog className="over-all" ref={show} aria-label={t("Camera")} onClose={onClose}>
      <div className="card">
        {error ? <Notice error={error} /> : <video ref={video} autoPlay muted playsInline aria-label={t("What the camera sees")} onCanPlay={() => setReady(true)} />}
        <div className="row">
          {!error && <button type="button" className="primary" disabled={!ready} onClick={take}>{t("Take the picture")}</button>}
          <button type="button" onClick={onClose}>{t("Close")}</button>
        </div>
      </div>
    </dialog>
  );
}
