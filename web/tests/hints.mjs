// Hints in a browser, with a model that was trained with them: TINTYPE_MODEL=model.onnx npm run test:hints
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { compare } from "./pixels.mjs";
import { serve } from "./server.mjs";

const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  await page.goto(server.address);
  await page.locator("input[type=file]").setInputFiles(new URL("../../examples/migrant-mother-1936.jpg", import.meta.url).pathname);
  const colour = page.locator("img[alt*=estimated]");
  const src = () => colour.getAttribute("src");
  const redrawn = async (what) => {
    await page.locator(".stage[aria-busy=false] img[alt*=estimated]").waitFor();
    const old = await src();
    await what();
    await page.waitForFunction((one) => document.querySelector("img[alt*=estimated]").getAttribute("src") !== one, old);
    await page.locator(".stage[aria-busy=false]").waitFor();
  };
  await page.locator(".stage[aria-busy=false] img[alt*=estimated]").waitFor();
  const box = await page.locator(".hints").boundingBox();
  await redrawn(() => page.mouse.click(box.x + 0.62 * box.width, box.y + 0.62 * box.height));
  await page.locator(".swatch").first().waitFor();
  assert.equal(await page.locator(".hint").count(), 1);
  await redrawn(() => page.locator("input[type=color]").fill("#2456b8"));
  const blue = await src();
  const before = await page.locator(".stage .grey").getAttribute("src");
  assert.ok((await compare(page, before, blue)).luma < 3, "a hint keeps the luma");

  const place = () => page.locator(".hint").evaluate((hint) => hint.style.left);
  const at = await place();
  const dot = await page.locator(".hint").boundingBox();
  await redrawn(async () => {
    await page.mouse.move(dot.x + 12, dot.y + 12);
    await page.mouse.down();
    await page.mouse.move(dot.x + 72, dot.y + 12, { steps: 6 });
    await page.mouse.up();
  });
  assert.notEqual(await place(), at);
  await redrawn(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await place(), at, "a drag is one step");
  await page.locator(".hint").focus();
  await redrawn(() => page.keyboard.press("ArrowLeft"));
  assert.notEqual(await place(), at);
  await redrawn(() => page.locator(".swatch").first().click());
  await page.locator(".hint").focus();
  await redrawn(() => page.keyboard.press("Delete"));
  assert.equal(await page.locator(".hint").count(), 0);
  await redrawn(() => page.getByRole("button", { name: "Undo" }).click());
  assert.equal(await page.locator(".hint").count(), 1);

  await page.getByRole("button", { name: "Show three" }).click();
  await redrawn(() => page.getByRole("button", { name: "Alternative 1" }).click());
  for (const image of await page.locator(".trio img").all()) {
    assert.ok(await image.evaluate(async (one) => (await one.decode(), one.naturalWidth)) > 100);
  }
  console.log("ok  hints are placed, painted, dragged, undone; alternatives are shown");
} finally {
  await browser.close();
  await server.stop();
}
