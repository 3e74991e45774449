import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { Notice } from "../parts/Notice";

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
      <h1>This server wants a token</h1>
      <p className="small">Whoever runs it has set one, and can tell you.</p>
      <label>
        Token
        <input type="password" autoComplete="current-password" value={token} onChange={(event) => setToken(event.target.value)} />
      </label>
      <button type="submit" className="primary">Enter</button>
      {error && <Notice error={error} />}
    </form>
  );
}
