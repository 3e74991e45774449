import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Boundary } from "./parts/Boundary";
import { loadLanguage } from "./state/i18n";
import "./style.css";
import { at } from "./state/root";

await loadLanguage();
createRoot(document.getElementById("root") as HTMLElement).render(<Boundary><App /></Boundary>);
if ("serviceWorker" in navigator) navigator.serviceWorker.register(at("/sw.js")).catch(() => undefined); // without it the page works as well
