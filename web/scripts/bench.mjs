// How quick the page is, in Chromium against a server of its own: what benchmarks/page.py prints, as JSON.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { launch, visit } from "../tests/chromium.mjs";
import { serve } from "../tests/server.mjs";

const [small, large, strokes = "20", many = "100"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "tintype-bench-"));
const server = await serve(join(folder, "site"));
const browser = await launch();
const found = {};
const timed = async (what) => {
  const started = performance.now();
  await what();
  return performance.now() - started;
};
try {
  const person = await visit(browser, server.address, { viewport: { width: 1280, height: 800 } });
  const { page } = person;
  await person.open("/");
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  found.first_paint_ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
  const colour = async (path) => {
    await person.open("/");
    await page.getByRole("button", { name: "Choose files" }).waitFor();
    return timed(async () => {
      await page.locator("input[type=file][multiple]").setInputFiles(path);
      await person.settled();
    });
  };
  await colour(small); // graphs are compiled by the first
  found.drop_2mp_ms = await colour(small);
  found.drop_24mp_ms = await colour(large);
  await colour(small);
  await page.getByRole("button", { name: "Brush", exact: true }).click();
  const box = await page.locator(".hints").boundingBox();
  const [answers, wholes] = [[], []];
  for (let turn = 0; turn < Number(strokes); turn++) {
    const at = (share) => [box.x + (0.2 + 0.03 * (turn % 20)) * box.width, box.y + share * box.height];
    await page.mouse.move(...at(0.4));
    await page.mouse.down();
    await page.mouse.move(...at(0.5), { steps: 3 });
    const old = await person.colours();
    const started = performance.now();
    answers.push(await timed(async () => {
      await page.mouse.up();
      await page.waitForFunction((one) => document.querySelector("img[alt*=estimated]").getAttribute("src") !== one, old, { polling: "raf" });
    }));
    await person.settled();
    wholes.push(performance.now() - started);
    await page.keyboard.press("Control+z");
    await person.settled();
  }
  for (const times of [answers, wholes]) times.sort((one, other) => one - other);
  found.stroke_median_ms = answers[Math.floor(answers.length / 2)];
  found.stroke_whole_ms = wholes[Math.floor(wholes.length / 2)];
  found.stroke_p95_ms = answers[Math.min(answers.length - 1, Math.floor(answers.length * 0.95))];
  const photo = readFileSync(small);
  const files = (count) => Array.from({ length: count }, (_, number) => ({ name: `${number}.jpg`, mimeType: "image/jpeg", buffer: photo }));
  found.photos_12_ms = await timed(async () => {
    await person.upload(...files(12));
    await page.getByText("Download 12 as ZIP").waitFor();
  });
  for (let sent = 0; sent < Number(many); sent += 20) {
    await person.upload(...files(Math.min(20, Number(many) - sent)));
    await page.getByText(/Download \d+ as ZIP/).waitFor({ timeout: 600_000 });
  }
  await person.open("/gallery");
  await page.waitForLoadState("networkidle");
  const tools = await page.context().newCDPSession(page);
  await tools.send("HeapProfiler.collectGarbage");
  await tools.send("Performance.enable");
  const { metrics } = await tools.send("Performance.getMetrics");
  found.heap_mb = metrics.find((one) => one.name === "JSHeapUsedSize").value / 1e6;
} finally {
  await browser.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
const built = new URL("../../src/tintype/server/static", import.meta.url).pathname;
const parts = readdirSync(built, { recursive: true }).map((name) => join(built, name)).filter((path) => statSync(path).isFile());
found.page_kb = parts.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0) / 1000;
console.log(JSON.stringify(found));
