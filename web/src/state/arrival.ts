// A new view says its name in the window's title and takes the focus, as a new page would: screen readers go on there.
import { useEffect, useRef } from "react";
import { t } from "./i18n";

const TITLES: Record<string, string> = {
  photo: "Photo", batch: "Batch", film: "Film", gallery: "Gallery", compare: "Compare", data: "What is kept of you", s: "Photo",
  admin: "Looking after the server",
};

export function useArrival(route: string[]) {
  const main = useRef<HTMLElement>(null);
  const last = useRef<string | null>(null);
  const path = route.join("/");
  useEffect(() => {
    const title = TITLES[path.split("/")[0] ?? ""];
    document.title = title ? `${t(title)} - tintype` : `tintype: ${t("Colour old photographs")}`;
    if (last.current !== null && last.current !== path) main.current?.focus({ preventScroll: true });
    last.current = path;
  }, [path]);
  return main;
}
