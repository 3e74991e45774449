// One photo: in grey, out in colour; looked at, changed, saved.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";
import { compare } from "./pixels.mjs";

export async function run({ page, context, upload, settled, colours, redrawn, ask, panel }) {
  await step("a grey photo comes back in colour, its luma kept", async () => {
    await upload(example("migrant-mother-1936.jpg"));
    await settled();
    await panel("Save");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download", exact: true }).click();
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
    await page.getByLabel("Format", { exact: true }).selectOption("png");
    await page.getByRole("button", { name: "Download", exact: true }).click();
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
    const clip = await page.locator(".layer.colour-side").first().evaluate((layer) => layer.style.clipPath);
    assert.equal(Number(/ ([\d.]+)%\)/.exec(clip)[1]).toFixed(0), String(await cut()), clip);
  });

  await step("moods change the picture, undo and redo bring it back", async () => {
    await panel("Mood");
    for (const [label, value, rest] of [["Temperature", "1", "0"], ["Strength", "0.3", "1"], ["Saturation", "0", "1"]]) {
      const mood = page.getByLabel(label, { exact: true });
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
    assert.equal(shown(await page.getByRole("group", { name: "Other colourings" }).count()), features.alternatives.available);
    await panel("Paint");
    assert.equal(shown(await page.getByRole("button", { name: "Pick a thing" }).count()), features.hints.available);
    assert.equal(shown(await page.getByRole("button", { name: "Confidence" }).count()), features.confidence.available);
  });

  await step("the map of confidence hatches what is a guess", async () => {
    await page.getByRole("button", { name: "Confidence" }).click();
    const sure = page.locator("canvas.sure[data-drawn]");
    await sure.waitFor();
    const { most, least, over } = await sure.evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const opacity = data.filter((_, at) => at % 4 === 3);
      const [one, other] = [canvas.getBoundingClientRect(), canvas.parentElement.getBoundingClientRect()];
      return {
        most: opacity.reduce((a, b) => Math.max(a, b)), least: opacity.reduce((a, b) => Math.min(a, b)),
        over: Math.abs(one.width - other.width) + Math.abs(one.height - other.height),
      };
    });
    assert.ok(most - least > 50, `${least} to ${most}: it tells places apart`);
    assert.ok(over < 2, "it lies over the whole photo");
    await page.getByText("Hatched is a guess").waitFor();
    await page.getByRole("button", { name: "Confidence" }).click();
    assert.equal(await sure.count(), 0);
  });

  const zoom = async () => Number(await page.locator(".stage").getAttribute("data-zoom"));
  await step("wheel, keys and buttons zoom to 8:1 with the photo's own pixels, nothing is stored", async () => {
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const kept = (await ask(`/api/pictures/${id}`)).results.length;
    await page.getByRole("button", { name: "Zoom to 1:1" }).click();
    assert.equal((await zoom()).toFixed(2), "1.00");
    await page.locator(".stage").hover();
    for (let turn = 0; turn < 20; turn++) await page.mouse.wheel(0, -400);
    await page.waitForFunction(() => Number(document.querySelector(".stage").dataset.zoom) > 7.99);
    assert.equal((await zoom()).toFixed(2), "8.00");
    const wide = await page.locator(".colour-side img.grey").evaluate(async (image) => (await image.decode(), image.naturalWidth));
    assert.equal(wide, (await ask(`/api/pictures/${id}`)).width);
    const place = () => page.locator(".paper").first().evaluate((one) => one.style.transform);
    const before = await place();
    await page.locator(".stage").focus();
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await place(), before);
    await page.keyboard.press("0");
    await page.waitForFunction(() => Number(document.querySelector(".stage").dataset.zoom) < 3);
    assert.equal((await ask(`/api/pictures/${id}`)).results.length, kept);
  });

  await step("the photo takes most of the window, at every width", async () => {
    for (const [width, height, least] of [[1920, 1080, 0.62], [1280, 800, 0.55], [390, 844, 0.4]]) {
      await page.setViewportSize({ width, height });
      const box = await page.locator(".stage").boundingBox();
      assert.ok((box.width * box.height) / (width * height) > least, `${width}: ${(box.width * box.height) / (width * height)}`);
      const tools = await page.locator("aside.panel").boundingBox();
      assert.ok(box.y >= 0 && tools.y + 50 < height, "photo and tools are in sight");
    }
    await page.setViewportSize({ width: 1100, height: 800 });
  });

  await step("grey while it is held; side by side; the tools fold away", async () => {
    const hold = await page.getByRole("button", { name: "Hold for grey" }).boundingBox();
    const shown = () => page.locator(".layer.colour-side").first().evaluate((layer) => getComputedStyle(layer).visibility);
    await page.mouse.move(hold.x + 5, hold.y + 5);
    await page.mouse.down();
    assert.equal(await shown(), "hidden");
    await page.mouse.up();
    assert.equal(await shown(), "visible");
    await page.getByLabel("Compare by").selectOption("side");
    const [left, right] = await Promise.all([".grey-side img", "img[alt*=estimated]"].map((one) => page.locator(one).first().boundingBox()));
    assert.ok(left.x + left.width <= right.x + 1 && Math.abs(left.width - right.width) < 1, "both are whole, of one size");
    await page.getByLabel("Compare by").selectOption("slider");
    const wide = (await page.locator(".stage").boundingBox()).width;
    await page.getByRole("button", { name: "Hide tools" }).click();
    assert.ok((await page.locator(".stage").boundingBox()).width > wide + 200);
    await page.getByRole("button", { name: "Show tools" }).click();
  });

  await step("versions are kept with a name, opened again, compared, and deleted", async () => {
    await panel("Mood");
    await redrawn(() => page.getByLabel("Saturation", { exact: true }).fill("1.7"));
    await panel("Versions");
    const before = await page.locator(".versions li").count();
    await page.getByRole("button", { name: "Keep this version" }).click();
    await page.getByRole("button", { name: "Kept" }).waitFor();
    await page.waitForFunction((many) => document.querySelectorAll(".versions li").length > many, before);
    page.once("dialog", (dialog) => void dialog.accept("vivid"));
    await page.getByRole("button", { name: "Name it" }).first().click();
    await page.getByText("vivid", { exact: true }).waitFor();
    await redrawn(() => page.getByRole("button", { name: /Open the version The first guess/ }).click());
    await redrawn(() => page.getByRole("button", { name: "Open the version vivid" }).click());
    await panel("Mood");
    assert.equal(await page.getByLabel("Saturation", { exact: true }).inputValue(), "1.7");
    await panel("Versions");
    const grey = await page.locator(".grey-side img").first().getAttribute("src");
    await page.getByRole("button", { name: "Compare with it" }).last().click();
    assert.notEqual(await page.locator(".grey-side img").first().getAttribute("src"), grey);
    await page.getByRole("button", { name: "Compare with it" }).last().click();
    page.once("dialog", (dialog) => void dialog.accept());
    const count = await page.locator(".versions li").count();
    await page.getByRole("button", { name: "Delete", exact: true }).first().click();
    await page.waitForFunction((many) => document.querySelectorAll(".versions li").length === many - 1, count);
    await page.keyboard.press("Control+z");
  });

  await step("before and after come in one file, and a link shows the version to others", async () => {
    await panel("Save");
    for (const [name, kind] of [["Side by side", ".jpg"], ["Moving picture", ".webp"], ["Short film", ".mp4"], ["Page", ".html"]]) {
      const saving = page.waitForEvent("download");
      await page.getByRole("button", { name, exact: true }).click();
      const file = await saving;
      assert.ok(file.suggestedFilename().endsWith(kind), file.suggestedFilename());
      assert.ok(readFileSync(await file.path()).length > 5000);
    }
    await page.getByRole("button", { name: "Make a link" }).click();
    const link = await page.locator("a[href^='/s/']").getAttribute("href");
    const other = await page.context().browser().newContext();
    const guest = await other.newPage();
    await guest.goto(new URL(link, page.url()).href);
    await guest.getByText("Colours are estimated by the model").waitFor();
    await page.getByRole("button", { name: "Take it back" }).click();
    await guest.reload();
    await guest.getByText("This link has ended").waitFor();
    await other.close();
  });

  await step("loading the page again keeps what was chosen", async () => {
    await panel("Mood");
    await redrawn(() => page.getByLabel("Temperature", { exact: true }).fill("0.5"));
    await page.reload();
    await settled();
    await panel("Mood");
    assert.equal(await page.getByLabel("Temperature", { exact: true }).inputValue(), "0.5");
  });

  await step("a deleted photo is gone", async () => {
    const address = page.url();
    await panel("More");
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Delete photo" }).click();
    await page.waitForURL("**/gallery");
    await page.getByText("Your coloured photos will hang here.").waitFor();
    await page.goto(address);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
  });
}
