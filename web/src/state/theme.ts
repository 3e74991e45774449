// Light or dark: as the system has it, until somebody chooses.
import { useEffect, useState } from "react";
import { keep, recall } from "./storage";

type Theme = "light" | "dark";
const KEY = "tintype-theme";

function system(): Theme {
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function chosen(): Theme | null {
  const kept = recall<string>(KEY, "");
  return kept === "light" || kept === "dark" ? kept : null;
}

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(() => chosen() ?? system());
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const toggle = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    keep(KEY, next);
    setTheme(next);
  };
  return [theme, toggle];
}
