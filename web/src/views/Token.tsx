import { useEffect, useState } from "react";
import { api, message, unwrap, type Session } from "../api/client";
import { Notice } from "../parts/Notice";
import { t } from "../state/i18n";
import { within } from "../state/root";

/** The way in: a login by name where the server has one, else its token, once; a cookie remembers it. */
export function Token({ onAllowed }: { onAllowed: () => void }) {
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState("");
  useEffect(() => void unwrap(api.GET("/api/session")).then(setSession, (caught: unknown) => setError(message(caught))), []);
  if (!session) return <Notice error={error}>{t("Opening…")}</Notice>;
  if (session.login === "none") return <TokenForm onAllowed={onAllowed} />;
  const back = encodeURIComponent(within(window.location.pathname));
  return (
    <section className="card token">
      <h1>{t("Log in")}</h1>
      {session.login_url ? (
        <>
          <p className="small">{t("This server wants to know who you are. You come back here afterwards.")}</p>
          <a className="button primary" href={`${session.login_url}?to=${back}`}>{t("Log in")}</a>
        </>
      ) : <p className="small">{t("Log in where your organisation has its login, then load this page again.")}</p>}
    </section>
  );
}

function TokenForm({ onAllowed }: { onAllowed: () => void }) {
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
