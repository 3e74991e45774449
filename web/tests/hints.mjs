// Hints: placed, painted, dragged, undone, by mouse and by keyboard; and the model's alternatives.
import assert from "node:assert/strict";
import { example, step } from "./chromium.mjs";
import { chroma, compare, spot } from "./pixels.mjs";

const BLUE = { css: "#2456b8", rgb: [0x24, 0x56, 0xb8] };
const AT = [0.62, 0.62]; // her blouse

const far = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

export async function run({ page, upload, settled, colours, redrawn }) {
  await upload(example("migrant-mother-1936.jpg"));
  await settled();

  await step("a hint brings its colour to the place, and the luma stays", async () => {
    const wanted = chroma(BLUE.rgb);
    const before = chroma(await spot(page, await colours(), ...AT));
    const box = await page.locator(".hints").boundingBox();
    await redrawn(() => page.mouse.click(box.x + AT[0] * box.width, box.y + AT[1] * box.height));
    await page.locator(".swatch").first().waitFor();
    assert.equal(await page.locator(".hint").count(), 1);
    await redrawn(() => page.locator("input[type=color]").fill(BLUE.css));
    const after = chroma(await spot(page, await colours(), ...AT));
    console.log(`     from ${before.map(Math.round)} to ${after.map(Math.round)}, asked for ${wanted.map(Math.round)}`);
    assert.ok(far(after, wanted) < 0.5 * far(before, wanted), "nearer to the hint's colour by more than half");
    const seen = await compare(page, await page.locator(".stage .grey").getAttribute("src"), await colours());
    assert.ok(seen.luma < 3, "a hint keeps the luma");
  });

  const hint = page.locator(".hint");
  const place = () => hint.evaluate((one) => one.style.left);
  await step("a drag is one step, undone at once", async () => {
    const at = await place();
    const dot = await hint.boundingBox();
    await redrawn(async () => {
      await page.mouse.move(dot.x + 12, dot.y + 12);
      await page.mouse.down();
      await page.mouse.move(dot.x + 72, dot.y + 12, { steps: 6 });
      await page.mouse.up();
    });
    assert.notEqual(await place(), at);
    await redrawn(() => page.getByRole("button", { name: "Undo" }).click());
    assert.equal(await place(), at);
  });

  await step("likely colours paint the hint", async () => {
    const swatch = page.locator(".swatch").first();
    assert.match(await swatch.getAttribute("aria-label"), /percent likely/);
    await redrawn(() => swatch.click());
    assert.notEqual(await page.locator("input[type=color]").inputValue(), BLUE.css);
  });

  await step("all of it by keyboard: placed, moved, painted, removed, brought back", async () => {
    const at = await place();
    await hint.focus();
    await redrawn(() => page.keyboard.press("ArrowLeft"));
    assert.notEqual(await place(), at);
    await redrawn(() => page.keyboard.press("Delete"));
    assert.equal(await hint.count(), 0);
    await redrawn(() => page.keyboard.press("Control+z"));
    assert.equal(await hint.count(), 1);
    await page.getByRole("button", { name: "Add in the middle" }).focus();
    await redrawn(() => page.keyboard.press("Enter"));
    assert.equal(await hint.count(), 2);
    assert.equal(await page.locator(".hint.selected").getAttribute("aria-label").then((label) => /^Hint 2/.test(label)), true);
  });

  await step("three alternatives side by side, one of them chosen", async () => {
    await page.getByRole("button", { name: "Show three" }).click();
    await page.locator(".trio img").nth(2).waitFor({ state: "attached" });
    await redrawn(() => page.getByRole("button", { name: "Alternative 1" }).click());
    for (const image of await page.locator(".trio img").all()) {
      assert.ok(await image.evaluate(async (one) => (await one.decode(), one.naturalWidth)) > 100);
    }
    await redrawn(() => page.getByRole("button", { name: "Back to the best guess" }).click());
  });
}
