// The documentation site in a browser: `node scripts/site.mjs SITE [FOLDER]` opens every page of SITE at the widths of a
// phone and of a desk, names what is wider than the window, fails to load or is said in the console, and takes pictures
// of the pages that PICTURED names into FOLDER. Exit status 1 where something is wrong.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "../tests/chromium.mjs";

const PICTURED = ["index.html", "tutorial/first-album.html", "guides/archive.html", "reference/commands.html", "reference/python.html"];
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } };

const [site = "../site", folder] = process.argv.slice(2);
const root = resolve(site);
const pages = readdirSync(root, { recursive: true }).filter((name) => name.endsWith(".html") && name !== "404.html");
if (!pages.length || !existsSync(join(root, "index.html"))) throw new Error(`${root} is no site: make docs builds one`);
if (folder) mkdirSync(folder, { recursive: true });

/** What of the page is wider than the window, and cannot be scrolled within something of its own. */
const tooWide = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("article *")].filter((one) => one.getBoundingClientRect().right > width + 1);
  const own = wide.filter((one) => {
    for (let up = one; up && up.tagName !== "ARTICLE"; up = up.parentElement)
      if (up !== one && ["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return false;
    return true;
  });
  return own.slice(0, 3).map((one) => `${one.tagName.toLowerCase()}: ${one.textContent.trim().slice(0, 60)}`);
};

/** The search, as somebody uses it who opened the home page from a disk. */
async function searchFinds(page) {
  await page.goto(pathToFileURL(join(root, "index.html")).href);
  const field = page.locator(".md-search__input");
  if (!(await field.isVisible())) await page.locator("label.md-header__button[for=__search]").click();
  await field.fill("negative");
  const found = page.locator(".md-search-result__link").first();
  await found.waitFor({ timeout: 15_000 }).catch(() => wrong.push("the search for “negative” finds nothing"));
}

const wrong = [];
const browser = await launch();
try {
  for (const [name, viewport] of Object.entries(SIZES)) {
    const context = await browser.newContext({ viewport, reducedMotion: "reduce", deviceScaleFactor: 1 });
    const page = await context.newPage();
    let at = "";
    page.on("pageerror", (error) => wrong.push(`${at}: ${error.message}`));
    page.on("console", (said) => said.type() === "error" && wrong.push(`${at}: ${said.text()}`));
    page.on("request", (asked) => asked.url().startsWith("http") && wrong.push(`${at} asks for ${asked.url()}`));
    for (const one of pages.sort()) {
      at = `${one} (${name})`;
      await page.goto(pathToFileURL(join(root, one)).href, { waitUntil: "load" });
      const wide = await page.evaluate(tooWide);
      if (wide.length) wrong.push(`${at} is wider than ${viewport.width} px: ${wide.join("; ")}`);
      const unseen = await page.evaluate(() =>
        [...document.images].filter((one) => one.complete && !one.naturalWidth).map((one) => one.getAttribute("src")),
      );
      if (unseen.length) wrong.push(`${at} lacks ${unseen.join(", ")}`);
      if (folder && PICTURED.includes(relative(root, join(root, one)).replaceAll("\\", "/")))
        await page.screenshot({ path: join(folder, `${one.replaceAll(/[\\/]/g, "-").replace(".html", "")}-${name}.png`) });
    }
    await searchFinds(page);
    await context.close();
  }
} finally {
  await browser.close();
}
console.log(`${pages.length} pages at ${Object.keys(SIZES).length} widths`);
for (const one of new Set(wrong)) console.error(one);
process.exitCode = wrong.length ? 1 : 0;
