// What the page says, in the reader's language. English stands in the code; `locales/*.json` have the same in others.
import english from "../locales/en.json";
import { keep, recall } from "./storage";

export const LANGUAGES: Record<string, string> = {
  en: "English", de: "Deutsch", fr: "Français", es: "Español", ja: "日本語",
};
// A text, or one for each kind of number that the language tells apart; of English only where it differs.
type Forms = Partial<Record<Intl.LDMLPluralRule, string>>;
type Messages = Record<string, string | Forms>;
const FILES: Record<string, () => Promise<{ default: Messages }>> = {
  de: () => import("../locales/de.json"),
  fr: () => import("../locales/fr.json"),
  es: () => import("../locales/es.json"),
  ja: () => import("../locales/ja.json"),
};
const FROM_THE_RIGHT = ["ar", "fa", "he", "ur"];
const KEY = "tintype-language";
let messages: Messages = english;
let rules = new Intl.PluralRules("en");
export let language = "en";

function wanted(): string {
  const asked = [recall<string>(KEY, ""), ...navigator.languages].map((one) => one.toLowerCase().split("-")[0] ?? "");
  return asked.find((one) => one in LANGUAGES) ?? "en";
}

/** Read the messages of the reader's language; without them the page is in English. */
export async function loadLanguage(): Promise<void> {
  const found = wanted();
  try {
    messages = (await FILES[found]?.())?.default ?? english;
    language = found;
    rules = new Intl.PluralRules(found);
  } catch {
    language = "en";
  }
  document.documentElement.lang = language;
  document.documentElement.dir = FROM_THE_RIGHT.includes(language) ? "rtl" : "ltr";
}

export function chooseLanguage(name: string): void {
  keep(KEY, name);
  window.location.reload();
}

/** The text in the reader's language, its {places} filled. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  return form(text, values).replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    return value === undefined ? place : typeof value === "number" ? number(value) : value;
  });
}

/** The message for a text; where it has several, the one for its number: what is counted, or how many there are in all. */
function form(text: string, values: Record<string, string | number>): string {
  const found = messages[text] ?? text;
  if (typeof found === "string") return found;
  const counted = [values.count, values.total, values.done].find((one) => typeof one === "number");
  return found[rules.select(counted ?? 2)] ?? found.other ?? text;
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
