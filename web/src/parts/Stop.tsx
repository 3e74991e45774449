import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { Notice } from "./Notice";
import { t } from "../state/i18n";

/** Ends a job; what is finished stays. */
export function Stop({ jobId }: { jobId: string }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const stop = (): void => {
    setBusy(true);
    unwrap(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: jobId } } })).catch((caught: unknown) => {
      setBusy(false);
      setError(message(caught));
    });
  };
  return (
    <>
      <button type="button" disabled={busy} onClick={stop}>{busy ? t("Stopping…") : t("Stop")}</button>
      {error && <Notice error={error} />}
    </>
  );
}
