// What is asked beyond colours by hand: a reference and what matches it, mending with before and after, the mark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";

export async function run({ page, upload, settled, redrawn, panel, ask }) {
  const bytesOf = (url) => page.evaluate(async (one) => [...new Uint8Array(await (await fetch(one)).arrayBuffer())], url);
  /** Where two pictures differ by more than 24: the box in parts of the width and height, null for nowhere. */
  const differing = (one, other) =>
    page.evaluate(async (both) => {
      const [a, b] = await Promise.all(both.map(async (bytes) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(bytes)]));
        const canvas = new OffscreenCanvas(image.width, image.height);
        canvas.getContext("2d").drawImage(image, 0, 0);
        return canvas.getContext("2d").getImageData(0, 0, image.width, image.height);
      }));
      const box = [1, 1, 0, 0];
      a.data.forEach((value, at) => {
        if (Math.abs(value - b.data[at]) <= 24) return;
        const [x, y] = [((at >> 2) % a.width) / a.width, Math.floor((at >> 2) / a.width) / a.height];
        box.splice(0, 4, Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y));
      });
      return box[2] < box[0] ? null : box;
    }, [one, other]);
  const saved = async () => {
    await panel("Save");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download", exact: true }).click();
    return [...readFileSync(await (await saving).path())];
  };

  await step("what matches a reference is shown, taken away singly, and the rest is taken as points", async () => {
    await upload(example("cat.jpg"));
    await settled();
    for (let tries = 0; tries < 100 && !(await ask("/api/pictures")).items[0].results.length; tries++) await page.waitForTimeout(100);
    const [{ results }] = (await ask("/api/pictures")).items;
    const coloured = Buffer.from(await bytesOf(results[0].file_url));
    await panel("Mood");
    const chooser = page.locator("label.button", { hasText: "Choose a colour photo" }).locator("input");
    await redrawn(() => chooser.setInputFiles({ name: "colour.jpg", mimeType: "image/jpeg", buffer: coloured }));
    await page.getByRole("button", { name: "Show what matches" }).click();
    const matches = page.getByRole("button", { name: /^Match \d+$/ });
    await matches.first().waitFor();
    const count = await matches.count();
    assert.equal(await page.locator(".matches .frame .dot").count(), 2 * count, "each on both photos");
    await matches.first().click();
    assert.equal(await matches.first().getAttribute("aria-pressed"), "false");
    await redrawn(() => page.getByRole("button", { name: `Take these ${count - 1}` }).click());
    assert.equal(await page.locator(".hints .hint").count(), count - 1);
  });

  await step("each mending step shows this photo before and after it", async () => {
    await panel("Mood");
    for (const label of ["Dust and scratches", "Grain"]) {
      await page.getByRole("button", { name: `What it does here: ${label}` }).click();
      const pair = page.locator(".pairing:not(.matches .pairing) img");
      for (const at of [0, 1, 2]) await pair.nth(at).evaluate((image) => image.decode());
      const [before, after, changed] = await pair.evaluateAll((all) => all.map((one) => one.src));
      assert.ok(before.endsWith("applied=false") && after.endsWith("applied=true"));
      assert.ok(changed.endsWith("changes=true"));
      if (label === "Grain") assert.notDeepEqual(await bytesOf(before), await bytesOf(after), "grain is taken away");
    }
  });

  await step("the mark is written into a corner of what is saved, and nowhere else", async () => {
    await upload(example("cat.jpg"));
    await settled();
    const plain = await saved();
    await page.getByRole("checkbox", { name: /mark|corner/i }).check();
    await settled();
    const marked = await saved();
    const box = await differing(plain, marked);
    assert.ok(box, "nothing was written");
    const [left, top, right, bottom] = box;
    assert.ok((left > 0.5 || right < 0.5) && (top > 0.75 || bottom < 0.25), `it differs in ${box}`);
    await page.getByRole("checkbox", { name: /mark|corner/i }).uncheck();
  });
}
