// The page with somebody else's network: its colours come, the luma stays, hints work by spreading, and what such a network
// cannot do is not shown.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { example, step, visit } from "./chromium.mjs";
import { chroma, compare, spot } from "./pixels.mjs";
import { serve } from "./server.mjs";

const AT = [0.62, 0.62]; // her blouse
const BLUE = { css: "#2456b8", rgb: [0x24, 0x56, 0xb8] };

export async function run({ browser, folder }) {
  const model = join(folder, "foreign.onnx");
  execFileSync(process.env.PYTHON ?? "python3", [new URL("foreign.py", import.meta.url).pathname, model], { stdio: "inherit" });
  const server = await serve(join(folder, "foreign"), { TINTYPE_MODEL: model, TINTYPE_OFFERED_MODELS: model });
  const person = await visit(browser, server.address);
  const { page, ask, upload, settled, colours, redrawn, panel, clickAt } = person;
  try {
    await step("a photo comes back in its colours, the luma kept", async () => {
      await upload(example("migrant-mother-1936.jpg"));
      await settled();
      const seen = await compare(page, await page.locator(".stage .grey").first().getAttribute("src"), await colours());
      console.log("    ", JSON.stringify(seen));
      assert.ok(seen.colourSpread > 10, "the result is coloured");
      assert.ok(seen.luma < 3, "the luma is the upload's");
    });

    await step("what it cannot do is not shown", async () => {
      const { features } = await ask("/api/capabilities");
      assert.deepEqual(
        ["alternatives", "confidence", "suggestions", "hints"].map((name) => features[name].available), [false, false, false, true],
      );
      await panel("Mood");
      assert.equal(await page.getByRole("group", { name: "Other colourings" }).count(), 0);
      await panel("Paint");
      assert.equal(await page.getByRole("button", { name: "Confidence" }).count(), 0);
      assert.ok((await page.getByRole("button", { name: "Pick a thing" }).count()) > 0);
    });

    await step("a hint brings its colour to the place, though the network knows nothing of hints", async () => {
      const far = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);
      const wanted = chroma(BLUE.rgb);
      const before = chroma(await spot(page, await colours(), ...AT));
      await clickAt(...AT);
      await page.locator("canvas.extent[data-drawn]").waitFor();
      assert.equal(await page.getByRole("group", { name: "Likely colours here" }).count(), 0, "it has no other likely colours");
      await page.locator("input[type=color]").first().fill(BLUE.css);
      await redrawn(() => page.getByRole("button", { name: "Give it this colour" }).click());
      const after = chroma(await spot(page, await colours(), ...AT));
      console.log(`     from ${before.map(Math.round)} to ${after.map(Math.round)}, asked for ${wanted.map(Math.round)}`);
      assert.ok(far(after, wanted) < 0.5 * far(before, wanted), "nearer to the hint's colour by more than half");
    });

    await step("what is saved is made by it, says so, and keeps the luma", async () => {
      await panel("Save");
      const saving = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download", exact: true }).click();
      await saving;
      const picture = await ask(`/api/pictures/${new URL(page.url()).pathname.split("/").at(-1)}`);
      assert.equal(picture.results[0].model, "foreign");
      const seen = await compare(page, picture.file_url, picture.results[0].file_url);
      assert.ok(seen.luma < 2 && seen.colourSpread > 10, JSON.stringify(seen));
    });
    assert.deepEqual(person.faults, []);
  } finally {
    await person.gone();
    await server.stop();
  }
}
