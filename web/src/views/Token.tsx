import { useState } from "react";
import { api, message, unwrap } from "../api/client";
import { Notice } from "../parts/Notice";

/** Asks for the server's token, once; a cookie remembers it. */
export function Token({ onAllowed }: { onAllowed: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState("");
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        unwrap(api.POST("/api/session", { body: { token } })).then(onAllowed, (caught: unknown) => setError(message(caught)));
      }}
    >
      <label>
        This server wants a token
        <input type="password" autoComplete="current-password" value={token} onChange={(event) => setToken(event.target.value)} />
      </label>
      <button type="submit" className="primary">Enter</button>
      {error && <Notice error={error} />}
    </form>
  );
}
