// What the page says, in the reader's language. English stands in the code; `locales/*.json` have the same in others.
import { keep, recall } from "./storage";

export const LANGUAGES: Record<string, string> = {
  en: "English", de: "Deutsch", fr: "Français", es: "Español", ja: "日本語",
};
type Messages = Record<string, string>;
const FILES: Record<string, () => Promise<{ default: Messages }>> = {
  de: () => import("../locales/de.json"),
  fr: () => import("../locales/fr.json"),
  es: () => import("../locales/es.json"),
  ja: () => import("../locales/ja.json"),
};
const KEY = "tintype-language";
let messages: Messages = {};
export let language = "en";

function wanted(): string {
  const asked = [recall<string>(KEY, ""), ...navigator.languages].map((one) => one.toLowerCase().split("-")[0] ?? "");
  return asked.find((one) => one in LANGUAGES) ?? "en";
}

/** Read the messages of the reader's language; without them the page is in English. */
export async function loadLanguage(): Promise<void> {
  const found = wanted();
  try {
    messages = (await FILES[found]?.())?.default ?? {};
    language = found;
  } catch {
    language = "en";
  }
  document.documentElement.lang = language;
}

export function chooseLanguage(name: string): void {
  keep(KEY, name);
  window.location.reload();
}

/** The text in the reader's language, its {places} filled. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  return (messages[text] ?? text).replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    return value === undefined ? place : typeof value === "number" ? number(value) : value;
  });
}

export function number(value: number, digits?: number): string {
  const fixed = digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2, ...fixed }).format(value);
}

export function moment(iso: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function bytes(count: number): string {
  const [value, unit] = count < 1e6 ? [count / 1e3, "kilobyte"] : count < 1e9 ? [count / 1e6, "megabyte"] : [count / 1e9, "gigabyte"];
  const digits = { maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(language, { style: "unit", unit, ...digits }).format(value);
}
