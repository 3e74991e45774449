// Addresses inside the page. The server answers each of them with the page.
import { useSyncExternalStore } from "react";
import { at, within } from "./root";

const CHANGED = "tintype:address";

export function go(path: string, replace = false): void {
  if (replace) window.history.replaceState(null, "", at(path));
  else window.history.pushState(null, "", at(path));
  window.dispatchEvent(new Event(CHANGED));
  window.scrollTo(0, 0);
}

function subscribe(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("popstate", changed);
    window.removeEventListener(CHANGED, changed);
  };
}

/** The parts of the address: "/photo/12" gives ["photo", "12"]. */
export function useRoute(): string[] {
  const path = useSyncExternalStore(subscribe, () => within(window.location.pathname));
  return path.split("/").filter(Boolean);
}
