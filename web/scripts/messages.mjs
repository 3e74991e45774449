// Every text of the page: `npm run messages` says which of them a language lacks, or has for nothing.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("../src", import.meta.url).pathname;
const files = readdirSync(root, { recursive: true }).filter((name) => /\.tsx?$/.test(name) && !name.endsWith("schema.d.ts"));
const source = files.map((name) => readFileSync(join(root, name), "utf8")).join("\n");

/** The texts that `t` is called with, and those in tables that it is called with later. */
export function texts() {
  const found = new Set();
  for (const [, text] of source.matchAll(/\bt\("((?:[^"\\]|\\.)*)"/g)) found.add(JSON.parse(`"${text}"`));
  for (const [, first, second] of source.matchAll(/\bt\([^()"]*\? "([^"]*)" : "([^"]*)"/g)) found.add(first).add(second);
  for (const table of source.matchAll(/^const (?:TOOLS|SLIDERS|RESTORE|ABOUT|COMMON|PANELS|KEYS|STEPS|WORDS|STATE|TITLES|SAMPLES|LEFT)\b[^=]*= ([\[{][\s\S]*?)[\]}](?: as const)?;$/gm))
    for (const [, text] of table[1].matchAll(/"((?:[^"\\]|\\.)*)"/g)) if (/[A-Za-z]{2}/.test(text) && !KEYS.test(text)) found.add(JSON.parse(`"${text}"`));
  return [...found].sort();
}
// Keys and names in those tables that nobody reads.
const KEYS = /^(#[0-9a-f]{6}|point|paint|area|keep|grey|pick|saturation|temperature|auto|fade|dust|noise|tint|tint-small|sketch|Ctrl.*|Esc|Del|Alt|photo|batch|film|gallery|compare|data|admin|queued|running|left|right|tie|both_bad|original|coloured|preparing|open|own|wish|colour|\.\.\/.*)$/;

export const LANGUAGES = ["de", "fr", "es", "ja"];
export const messages = (language) => JSON.parse(readFileSync(join(root, "locales", `${language}.json`), "utf8"));

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const wanted = texts();
  if (process.argv[2] === "list") console.log(JSON.stringify(wanted, null, 0));
  let missing = 0;
  for (const language of LANGUAGES) {
    const known = messages(language);
    for (const text of wanted) if (!known[text]) (missing++, console.error(`${language} lacks: ${text}`));
    for (const text of Object.keys(known)) if (!wanted.includes(text)) (missing++, console.error(`${language} has for nothing: ${text}`));
    for (const [text, said] of Object.entries(known)) {
      const places = (one) => [...one.matchAll(/\{\w+\}/g)].map(([place]) => place).sort().join();
      const forms = typeof said === "string" ? { other: said } : said;
      for (const one of Object.values(forms)) if (places(text) !== places(one)) (missing++, console.error(`${language} fills other places: ${text}`));
      for (const kind of typeof said === "string" ? [] : ["one", "other"]) if (!forms[kind]) (missing++, console.error(`${language} lacks the form for ${kind}: ${text}`));
    }
  }
  for (const text of Object.keys(messages("en"))) if (!wanted.includes(text)) (missing++, console.error(`English has forms for nothing: ${text}`));
  if (missing) process.exit(1);
}
