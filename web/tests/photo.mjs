// One photo: in grey, out in colour; looked at, changed, saved.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";
import { compare } from "./pixels.mjs";

export async function run({ page, context, upload, settled, colours, redrawn, ask }) {
  await step("a grey photo comes back in colour, its luma kept", async () => {
    await upload(example("migrant-mother-1936.jpg"));
    await settled();
    await page.getByText("How natural are the colours?").waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    const file = await saving;
    assert.match(file.suggestedFilename(), /\.jpe?g$/);
    const bytes = readFileSync(await file.path());
    assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8], "the download is a JPEG, like the upload");
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const picture = await ask(`/api/pictures/${id}`);
    const seen = await compare(page, picture.file_url, picture.results[0].file_url);
    console.log("    ", JSON.stringify(seen));
    assert.equal(seen.sizes[0], seen.sizes[1]);
    assert.ok(seen.greySpread < 1, "the upload is grey");
    assert.ok(seen.colourSpread > 10, "the result is coloured");
    assert.ok(seen.changed > 0.5, "most pixels differ from the upload");
    assert.ok(seen.luma < 2, "the luma is the upload's");
  });

  await step("it is saved in another format when that is chosen", async () => {
    const saving = page.waitForEvent("download");
    await page.getByLabel("Format").selectOption("png");
    await page.getByRole("button", { name: "Download" }).click();
    const file = await saving;
    assert.match(file.suggestedFilename(), /\.png$/);
    assert.deepEqual([...readFileSync(await file.path()).subarray(1, 4)], [..."PNG"].map((one) => one.charCodeAt(0)));
  });

  const line = page.getByRole("slider", { name: "Line between grey and colour" });
  const cut = async () => Number(await line.getAttribute("aria-valuenow"));
  await step("the line moves by keyboard", async () => {
    await line.focus();
    await page.keyboard.press("Home");
    assert.equal(await cut(), 0);
    await page.keyboard.press("PageUp");
    assert.equal(await cut(), 10);
    await page.keyboard.press("ArrowRight");
    assert.equal(await cut(), 12);
    await page.keyboard.press("End");
    assert.equal(await cut(), 100);
  });

  await step("the line moves by mouse", async () => {
    await line.focus();
    await page.keyboard.press("PageDown");
    const stage = await page.locator(".stage").boundingBox();
    const grip = await page.locator(".handle span").boundingBox();
    await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await page.mouse.down();
    await page.mouse.move(stage.x + 0.7 * stage.width, stage.y + 0.5 * stage.height, { steps: 5 });
    await page.mouse.up();
    assert.equal(await cut(), 70);
  });

  await step("the line moves by finger, and the page stays where it is", async () => {
    const stage = await page.locator(".stage").boundingBox();
    const grip = await page.locator(".handle span").boundingBox();
    const finger = await context.newCDPSession(page);
    const touch = (type, x) =>
      finger.send("Input.dispatchTouchEvent", {
        type, touchPoints: type === "touchEnd" ? [] : [{ x, y: grip.y + grip.height / 2 }],
      });
    const [from, to] = [grip.x + grip.width / 2, stage.x + 0.2 * stage.width];
    await touch("touchStart", from);
    for (const share of [0.2, 0.4, 0.6, 0.8, 1]) await touch("touchMove", from + share * (to - from));
    await touch("touchEnd");
    assert.ok(Math.abs((await cut()) - 20) <= 1, `the line is at ${await cut()}`);
    assert.equal(await page.evaluate(() => window.scrollX + window.scrollY), 0);
  });

  await step("left of the line it is grey, right of it coloured", async () => {
    const clip = await page.locator("img[alt*=estimated]").evaluate((image) => image.style.clipPath);
    const [wide, from] = [(await page.locator(".stage").boundingBox()).width, Number(/ ([\d.]+)px\)/.exec(clip)[1])];
    assert.ok(Math.abs(from / wide - (await cut()) / 100) < 0.02, clip);
  });

  await step("moods change the picture, undo and redo bring it back", async () => {
    for (const [label, value, rest] of [["Temperature", "1", "0"], ["Strength", "0.3", "1"], ["Saturation", "0", "1"]]) {
      const mood = page.getByLabel(label);
      await redrawn(() => mood.fill(value));
      await redrawn(() => page.getByRole("button", { name: "Undo" }).click());
      assert.equal(await mood.inputValue(), rest);
      await redrawn(() => page.keyboard.press("Control+Shift+z"));
      assert.equal(await mood.inputValue(), value);
      if (label === "Saturation") {
        const grey = await compare(page, await colours(), await colours());
        assert.ok(grey.colourSpread < 2, "saturation 0 is grey");
      }
      await redrawn(() => page.keyboard.press("Control+z"));
    }
  });

  await step("what the model cannot do is not shown", async () => {
    const { features } = await ask("/api/capabilities");
    const shown = (count) => count > 0;
    assert.equal(shown(await page.locator(".hints").count()), features.hints.available);
    assert.equal(shown(await page.getByRole("heading", { name: "Alternatives" }).count()), features.alternatives.available);
    assert.equal(shown(await page.getByRole("button", { name: "Confidence" }).count()), features.confidence.available);
  });

  await step("the map of confidence darkens what is a guess", async () => {
    await page.getByRole("button", { name: "Confidence" }).click();
    const sure = page.getByAltText("Where the model is sure");
    await sure.waitFor();
    const { url, darkest, brightest, over } = await sure.evaluate(async (image) => {
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const reds = context.getImageData(0, 0, canvas.width, canvas.height).data.filter((_, at) => at % 4 === 0);
      const [one, other] = [image.getBoundingClientRect(), image.parentElement.getBoundingClientRect()];
      return {
        url: image.src, darkest: reds.reduce((a, b) => Math.min(a, b)), brightest: reds.reduce((a, b) => Math.max(a, b)),
        over: Math.abs(one.width - other.width) + Math.abs(one.height - other.height),
      };
    });
    assert.match(url, /confidence/);
    assert.ok(brightest - darkest > 20, `${darkest} to ${brightest}: it tells places apart`);
    assert.ok(over < 2, "it lies over the whole photo");
    await page.getByText("Dark is a guess").waitFor();
    await page.getByRole("button", { name: "Confidence" }).click();
    assert.equal(await sure.count(), 0);
  });

  await step("zoom to 1:1 shows the photo's own pixels, and the arrows move over them", async () => {
    await page.setViewportSize({ width: 700, height: 420 }); // smaller than the photo
    await page.getByRole("button", { name: "Zoom to 1:1" }).click();
    await page.waitForFunction(() => /\/api\/results\//.test(document.querySelector("img[alt*=estimated]").getAttribute("src")));
    const [wide, own] = await page.locator("img[alt*=estimated]").evaluate(async (image) => {
      await image.decode();
      return [image.getBoundingClientRect().width * window.devicePixelRatio, image.naturalWidth];
    });
    assert.equal(Math.round(wide), own);
    const view = page.locator(".view");
    const before = await view.evaluate((one) => one.scrollTop);
    await view.focus();
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction((old) => document.querySelector(".view").scrollTop > old, before);
    await page.getByRole("button", { name: "Fit" }).click();
    await page.setViewportSize({ width: 1100, height: 800 });
  });

  await step("loading the page again keeps what was chosen", async () => {
    await redrawn(() => page.getByLabel("Temperature").fill("0.5"));
    await page.reload();
    await settled();
    assert.equal(await page.getByLabel("Temperature").inputValue(), "0.5");
  });

  await step("a deleted photo is gone", async () => {
    const address = page.url();
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Delete photo" }).click();
    await page.waitForURL("**/gallery");
    await page.getByText("Your coloured photos will hang here.").waitFor();
    await page.goto(address);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
  });
}
