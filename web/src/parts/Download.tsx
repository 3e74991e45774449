import { useState } from "react";
import { message, type Picture, type Result } from "../api/client";
import { useCapabilities } from "../state/capabilities";
import { Notice } from "./Notice";

interface Props {
  picture: Picture;
  keep: () => Promise<Result>;
}

/** Makes the whole result of what is seen and saves it, in the photo's own format or another. */
export function Download({ picture, keep }: Props) {
  const known = useCapabilities();
  const [format, setFormat] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const save = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const result = await keep();
      const link = document.createElement("a");
      link.href = `${result.file_url}?download=true${format && `&format=${format}`}`;
      link.download = "";
      link.click();
    } catch (caught) {
      setError(message(caught));
    }
    setBusy(false);
  };
  return (
    <div className="row download">
      <button type="button" className="primary" disabled={busy} onClick={() => void save()}>
        {busy ? "Making it…" : "Download"}
      </button>
      <select aria-label="Format" value={format} onChange={(event) => setFormat(event.target.value)}>
        <option value="">{picture.format}, as sent</option>
        {known.formats.filter((one) => one !== picture.format.toLowerCase()).map((one) => (
          <option key={one} value={one}>{one.toUpperCase()}</option>
        ))}
      </select>
      {error && <Notice error={error} />}
    </div>
  );
}
