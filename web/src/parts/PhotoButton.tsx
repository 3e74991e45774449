import { useState, type DragEvent } from "react";
import { message, type Picture } from "../api/client";
import { upload } from "../api/upload";
import { t } from "../state/i18n";

/** What a photo that is chosen or dropped goes through: it is sent, and `use` gets it. */
export interface Taking {
  busy: boolean;
  error: string;
  take: (file: File | undefined) => Promise<void>;
}

/** One photo at a time, sent to the server for something other than being coloured. */
export function useTaking(use: (picture: Picture) => Promise<void> | void): Taking {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setBusy(true);
    setError("");
    try {
      await use(await upload(file, { share: () => undefined, broken: () => undefined }).answer);
    } catch (caught) {
      setError(message(caught));
    }
    setBusy(false);
  };
  return { busy, error, take };
}

/** What a part of the page has that takes a dropped photo for itself: nothing else of the page takes it then. */
export function dropTarget(taking: Taking): { "data-takes": string; onDragOver: (event: DragEvent) => void; onDrop: (event: DragEvent) => void } {
  return {
    "data-takes": "",
    onDragOver: (event) => event.preventDefault(),
    onDrop: (event) => { event.preventDefault(); void taking.take(event.dataTransfer.files[0]); },
  };
}

/** A button that asks for one photo. */
export function PhotoButton({ taking, label }: { taking: Taking; label: string }) {
  return (
    <label className="button">
      {taking.busy ? t("Sending…") : label}
      <input type="file" accept="image/*" className="hidden" disabled={taking.busy} onChange={(event) => { const file = event.target.files?.[0]; event.target.value = ""; void taking.take(file); }} />
    </label>
  );
}
