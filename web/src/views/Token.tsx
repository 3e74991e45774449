import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { Notice } from "../parts/Notice";
import { t } from "../state/i18n";

/** Asks for the server's token, once; a cookie remembers it. */
export function Token({ onAllowed }: { onAllowed: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  return (
    <form
      className="card token"
      onSubmit={(event) => {
        event.preventDefault();
        unwrap(api.POST("/api/session", { body: { token } })).then(onAllowed, (caught: unknown) => setError(message(caught)));
      }}
    >
      <h1>{t("This server wants a token")}</h1>
      <p className="small">{t("Whoever runs it has set one, and can tell you.")}</p>
      <label>
        {t("Token")}
        <input type="password" autoComplete="current-password" value={token} onChange={(event) => setToken(event.target.value)} />
      </label>
      <button type="submit" className="primary">{t("Enter")}</button>
      {error && <Notice error={error} />}
    </form>
  );
}
