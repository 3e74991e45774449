// Pictures of every view: `npm run shots -- FOLDER` takes those in docs/images; `npm run shots -- FOLDER all` each in
// light and dark, wide and narrow, for looking at; `npm run shots -- FOLDER sheets` the sheets, as WebP: each view
// at three widths, light and dark, on one picture; the names of views behind it, with commas, end the walk at the last of them. It runs a server of its own; PYTHON names the interpreter that has tintype.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { example, launch, visit } from "../tests/chromium.mjs";
import { makeFilm, serve } from "../tests/server.mjs";
import { DESK, dress, everyView, PHONE, WALL } from "../tests/views.mjs";

const [folder = ".", mode, names] = process.argv.slice(2);
const wanted = new Set(names?.split(",")); // no name: all
const [all, sheets] = [mode === "all", mode === "sheets"];
const END = new Error("every view that was wanted is there");
const WIDE = { width: 1280, height: 800 };
/** In the documents: each view once, the phone and the dark among them. */
const SHOWN = {
  start: [WIDE, "light"], photo: [WALL, "light"], hints: [WIDE, "light"], selecting: [WIDE, "light"], mood: [WIDE, "light"],
  confidence: [WIDE, "light"], zoom: [WIDE, "dark"], versions: [WIDE, "dark"], save: [WIDE, "light"], duel: [WIDE, "dark"], batch: [WIDE, "light"], film: [WIDE, "dark"], "film-going": [PHONE, "dark"], gallery: [WIDE, "dark"],
  study: [WIDE, "light"], compare: [WIDE, "light"], token: [PHONE, "light"], lost: [PHONE, "light"],
};
const PHONES = { start: "dark", photo: "light", hints: "dark" };

const work = mkdtempSync(join(tmpdir(), "tintype-shots-"));
const server = await serve(join(work, "site"));
const guarded = await serve(join(work, "guarded"), { TINTYPE_TOKEN: "sesame", TINTYPE_ADMIN_TOKEN: "key", TINTYPE_WORKERS: "0" });
const browser = await launch();
try {
  const person = await visit(browser, server.address, { reducedMotion: "reduce", viewport: all || sheets ? DESK : WIDE });
  const shoot = async (page, name, size, theme, full) => {
    await page.setViewportSize(size);
    await dress(page, theme);
    await page.evaluate(() => window.scrollTo(0, 0));
    if (name.startsWith("mending")) await page.locator(".pairing").first().evaluate((one) => one.scrollIntoView({ block: "end" }));
    await page.waitForFunction(() => [...document.images].every((one) => one.complete || one.getBoundingClientRect().top > innerHeight));
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(sheets ? work : folder, name), fullPage: full, ...(name.endsWith(".jpg") && { type: "jpeg", quality: 78 }) });
    console.log(name);
  };
  const sheet = async (page, name) => {
    if (names && !wanted.delete(name)) return;
    for (const theme of ["light", "dark"]) for (const size of [WALL, DESK, PHONE]) await shoot(page, `${name}-${size.width}-${theme}.png`, size, theme, false);
    if (names && wanted.size === 0) throw END;
  };
  /** A batch in line, and the page of whoever looks after the server, where no worker takes anything up. */
  const keeper = async () => {
    const { page, open, upload, settled, gone } = await visit(browser, guarded.address, { reducedMotion: "reduce", viewport: DESK });
    await open("/");
    await page.getByLabel("Token").fill("key");
    await page.getByRole("button", { name: "Enter" }).click();
    await upload(example("cat.jpg"));
    await settled();
    await upload(...["lincoln-1863.jpg", "boulevard-1838.jpg", "migrant-mother-1936.jpg", "coffee.jpg"].map(example));
    await page.getByText(/^Waiting/).waitFor();
    await sheet(page, "batch-waiting");
    await open("/admin");
    await page.getByRole("heading", { name: "Owners" }).waitFor();
    await sheet(page, "admin");
    await gone();
  };
  const film = makeFilm(join(work, "reel.mp4"));
  const walk = async () => everyView({ ...person, browser, film, locked: guarded.address }, async (name, count = 4, page = person.page) => {
    if (sheets) {
      if (name === "film-going") { // which stays as it is while it is paused
        await page.getByRole("button", { name: "Pause" }).click();
        await page.getByText(/^Paused/).waitFor();
        await sheet(page, "film-paused");
        await page.getByRole("button", { name: "Go on" }).click();
      } else if (count > 1) await sheet(page, name);
    } else if (all) {
      const ways = [[DESK, "light"], [PHONE, "dark"], [WALL, "dark"], [PHONE, "light"]].slice(0, count);
      for (const [size, theme] of ways) await shoot(page, `${name}-${size.width}-${theme}.png`, size, theme, size === PHONE);
    } else {
      if (name in SHOWN) await shoot(page, `web-${name}.jpg`, ...SHOWN[name]);
      if (name in PHONES) await shoot(page, `web-${name}-phone.jpg`, PHONE, PHONES[name]);
    }
    await page.setViewportSize(all || sheets ? DESK : WIDE);
  });
  try {
    if (sheets) await keeper();
    await walk();
  } catch (error) {
    if (error !== END) throw error;
  }
  if (sheets) execFileSync(process.env.PYTHON ?? "python3", [new URL("sheets.py", import.meta.url).pathname, work, folder], { stdio: "inherit" });
  const faults = person.faults.filter((one) => !one.includes(guarded.address));
  if (faults.length) console.error(faults.join("\n"));
} finally {
  await browser.close();
  await server.stop();
  await guarded.stop();
  rmSync(work, { recursive: true, force: true });
}
