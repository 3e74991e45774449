import { lazy, Suspense, useEffect, useState } from "react";
import { api, ApiError, message, unwrap, type Capabilities, type Session } from "./api/client";
import { DropAnywhere } from "./parts/DropAnywhere";
import { KeySheet } from "./parts/KeySheet";
import { Link } from "./parts/Link";
import { Lost } from "./parts/Lost";
import { Notice } from "./parts/Notice";
import { UploadTray } from "./parts/UploadTray";
import { useArrival } from "./state/arrival";
import { CapabilitiesContext } from "./state/capabilities";
import { chooseLanguage, language, LANGUAGES, t } from "./state/i18n";
import { useRoute } from "./state/router";
import { useTheme } from "./state/theme";
import { Photo } from "./views/Photo";
import { Start } from "./views/Start";
import { Token } from "./views/Token";
import { at } from "./state/root";

const Admin = lazy(async () => ({ default: (await import("./views/Admin")).Admin }));
const Batch = lazy(async () => ({ default: (await import("./views/Batch")).Batch }));
const Compare = lazy(async () => ({ default: (await import("./views/Compare")).Compare }));
const Data = lazy(async () => ({ default: (await import("./views/Data")).Data }));
const Film = lazy(async () => ({ default: (await import("./views/Film")).Film }));
const Gallery = lazy(async () => ({ default: (await import("./views/Gallery")).Gallery }));
const SharedLink = lazy(async () => ({ default: (await import("./views/SharedLink")).SharedLink }));

function View({ route }: { route: string[] }) {
  const [name, id] = route;
  if (name === undefined) return <Start />;
  if (name === "photo" && id) return <Photo key={id} id={id} />;
  if (name === "batch" && id) return <Batch key={id} id={id} />;
  if (name === "film" && id) return <Film key={id} id={id} />;
  if (name === "gallery") return <Gallery key={id} shared={id === "shared"} />;
  if (name === "compare") return <Compare key={id} studyId={id} />;
  if (name === "data") return <Data />;
  if (name === "admin") return <Admin />;
  if (name === "s" && id) return <SharedLink key={id} id={id} />;
  return <Lost error={t("There is nothing at this address.")} />;
}

export function App() {
  const route = useRoute();
  const [theme, toggle] = useTheme();
  const [known, setKnown] = useState<Capabilities | null>(null);
  const [error, setError] = useState("");
  const [locked, setLocked] = useState(false);
  const [session, setSession] = useState<Session | null>(null);
  const ask = (): void => {
    unwrap(api.GET("/api/capabilities")).then(
      (told) => {
        setLocked(false);
        setKnown(told);
        unwrap(api.GET("/api/session")).then(setSession, () => undefined);
      },
      (caught: unknown) => {
        if (caught instanceof ApiError && caught.status === 401) setLocked(true);
        else setError(message(caught));
      },
    );
  };
  useEffect(ask, []);
  const leave = (): void => void unwrap(api.POST("/api/logout")).then(() => window.location.reload(), (caught: unknown) => setError(message(caught)));
  const main = useArrival(route);
  const isDarkroom = route[0] === "photo";
  return (
    <div className={isDarkroom ? "app darkroom" : "app"}>
      <a className="skip" href="#main">{t("Skip to the content")}</a>
      <header>
        <Link to="/" className="brand"><img src={at("/icon.svg")} alt="" width="22" height="22" />tintype</Link>
        <nav aria-label={t("Pages")}>
          <Link to="/" current={route.length === 0}>{t("Colour")}</Link>
          <Link to="/gallery" current={route[0] === "gallery"}>{t("Gallery")}</Link>
          <Link to="/compare" current={route[0] === "compare"}>{t("Compare")}</Link>
        </nav>
        <KeySheet />
        <button type="button" className="quiet" onClick={toggle} aria-label={theme === "dark" ? t("Switch to light") : t("Switch to dark")}>
          {theme === "dark" ? "☀" : "☾"}
        </button>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {error && (
          <div className="empty">
            <Notice error={error} />
            <button type="button" className="primary" onClick={() => { setError(""); ask(); }}>{t("Try again")}</button>
          </div>
        )}
        {locked && <Token onAllowed={ask} />}
        {known && (
          <CapabilitiesContext value={known}>
            <UploadTray />
            <Suspense fallback={<Notice>{t("Opening…")}</Notice>}><View route={route} /></Suspense>
            <DropAnywhere />
          </CapabilitiesContext>
        )}
      </main>
      {!isDarkroom && (
        <footer>
          <p>{t("Colours are estimated: a guess at how it may have looked, not a record.")}</p>
          <p className="row">
            <Link to="/data">{t("What is kept of you")}</Link>
            {session?.admin && <Link to="/admin">{t("Looking after the server")}</Link>}
            <a href={at("/docs")}>API</a>
            {session?.user && <span>{session.user}</span>}
            {session?.login_url && session.user && <button type="button" className="quiet" onClick={leave}>{t("Log out")}</button>}
            <label>
              <span className="hidden">{t("Language")}</span>
              <select value={language} onChange={(event) => chooseLanguage(event.target.value)}>
                {Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
              </select>
            </label>
            {known && <span>tintype {known.version}</span>}
          </p>
        </footer>
      )}
    </div>
  );
}
