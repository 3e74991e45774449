import { useEffect, useState } from "react";
import { api, ApiError, message, unwrap, type Capabilities } from "./api/client";
import { Link } from "./parts/Link";
import { Lost } from "./parts/Lost";
import { Notice } from "./parts/Notice";
import { CapabilitiesContext } from "./state/capabilities";
import { useRoute } from "./state/router";
import { useArrival } from "./state/arrival";
import { useTheme } from "./state/theme";
import { Compare } from "./views/Compare";
import { Film } from "./views/Film";
import { Gallery } from "./views/Gallery";
import { Batch } from "./views/Batch";
import { Photo } from "./views/Photo";
import { Start } from "./views/Start";
import { Token } from "./views/Token";

function View({ route }: { route: string[] }) {
  const [name, id] = route;
  if (name === undefined) return <Start />;
  if (name === "photo" && id) return <Photo key={id} id={id} />;
  if (name === "batch" && id) return <Batch key={id} id={id} />;
  if (name === "film" && id) return <Film key={id} id={id} />;
  if (name === "gallery") return <Gallery key={id} shared={id === "shared"} />;
  if (name === "compare") return <Compare key={id} studyId={id} />;
  return <Lost error="There is nothing at this address." />;
}

export function App() {
  const route = useRoute();
  const [theme, toggle] = useTheme();
  const [known, setKnown] = useState<Capabilities | null>(null);
  const [error, setError] = useState("");
  const [locked, setLocked] = useState(false);
  const ask = (): void => {
    unwrap(api.GET("/api/capabilities")).then(
      (told) => {
        setLocked(false);
        setKnown(told);
      },
      (caught: unknown) => {
        if (caught instanceof ApiError && caught.status === 401) setLocked(true);
        else setError(message(caught));
      },
    );
  };
  useEffect(ask, []);
  const main = useArrival(route);
  return (
    <>
      <a className="skip" href="#main">Skip to the content</a>
      <header>
        <Link to="/" className="brand"><img src="/icon.svg" alt="" width="22" height="22" />tintype</Link>
        <nav aria-label="Pages">
          <Link to="/" current={route.length === 0}>Colour</Link>
          <Link to="/gallery" current={route[0] === "gallery"}>Gallery</Link>
          <Link to="/compare" current={route[0] === "compare"}>Compare</Link>
          <a href="/docs">API</a>
        </nav>
        <button type="button" className="quiet" onClick={toggle} aria-label={`Switch to ${theme === "dark" ? "light" : "dark"}`}>
          {theme === "dark" ? "☀" : "☾"}
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {error && (
          <div className="empty">
            <Notice error={error} />
            <button type="button" className="primary" onClick={() => { setError(""); ask(); }}>Try again</button>
          </div>
        )}
        {locked && <Token onAllowed={ask} />}
        {known && <CapabilitiesContext value={known}><View route={route} /></CapabilitiesContext>}
      </main>
      <footer>
        Colours are estimated: a guess at how it may have looked, not a record.
        {known && ` tintype ${known.version}, model ${known.models.find((one) => one.default)?.name ?? ""}.`}
      </footer>
    </>
  );
}
