// The page in a real browser, against a real server with the shipped weights. PYTHON names the interpreter that has tintype.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { compare } from "./pixels.mjs";
import { serve } from "./server.mjs";

const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;
const FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
const faults = [];
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  page.setDefaultTimeout(60_000);
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== server.address) faults.push(`asked outside: ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`broke: ${error.message}`));
  page.on("console", (said) => said.type() === "error" && faults.push(`console: ${said.text()}`));

  const step = async (name, what) => {
    await what();
    console.log(`ok  ${name}`);
  };
  const upload = async (...names) => {
    await page.goto(server.address);
    await page.locator("input[type=file]").setInputFiles(names.map(example));
  };
  const settled = () => page.locator(".stage[aria-busy=false] img[alt*=estimated]").waitFor();
  const colours = () => page.locator("img[alt*=estimated]").getAttribute("src");

  await step("a grey photo comes back in colour, its luma kept", async () => {
    await upload("migrant-mother-1936.jpg");
    await settled();
    await page.getByText("How natural are the colours?").waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    const file = await saving;
    assert.match(file.suggestedFilename(), /\.jpe?g$/);
    const bytes = readFileSync(await file.path());
    assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8], "the download is a JPEG, like the upload");
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const picture = await page.evaluate(async (one) => (await fetch(`/api/pictures/${one}`)).json(), id);
    const seen = await compare(page, picture.file_url, picture.results[0].file_url);
    console.log("    ", JSON.stringify(seen));
    assert.equal(seen.sizes[0], seen.sizes[1]);
    assert.ok(seen.greySpread < 1, "the upload is grey");
    assert.ok(seen.colourSpread > 10, "the result is coloured");
    assert.ok(seen.changed > 0.5, "most pixels differ from the upload");
    assert.ok(seen.luma < 2, "the luma is the upload's");
  });

  await step("the line moves by keyboard and by mouse", async () => {
    const line = page.getByRole("slider", { name: "Line between grey and colour" });
    await line.focus();
    await page.keyboard.press("Home");
    assert.equal(await line.getAttribute("aria-valuenow"), "0");
    await page.keyboard.press("PageUp");
    assert.equal(await line.getAttribute("aria-valuenow"), "10");
    const stage = await page.locator(".stage").boundingBox();
    const grip = await page.locator(".handle span").boundingBox();
    await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
    await page.mouse.down();
    await page.mouse.move(stage.x + 0.7 * stage.width, stage.y + 0.5 * stage.height, { steps: 5 });
    await page.mouse.up();
    assert.equal(await line.getAttribute("aria-valuenow"), "70");
  });

  await step("moods change the picture, undo and redo bring it back", async () => {
    const first = await colours();
    const saturation = page.getByLabel("Saturation");
    await saturation.fill("0");
    await page.waitForFunction((old) => document.querySelector("img[alt*=estimated]").getAttribute("src") !== old, first);
    await settled();
    const grey = await compare(page, await colours(), await colours());
    assert.ok(grey.colourSpread < 2, "saturation 0 is grey");
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await saturation.inputValue(), "1");
    await page.keyboard.press("Control+Shift+z");
    assert.equal(await saturation.inputValue(), "0");
    await page.keyboard.press("Control+z");
    assert.equal(await saturation.inputValue(), "1");
  });

  await step("what the shipped model cannot do is not shown", async () => {
    const known = await page.evaluate(async () => (await fetch("/api/capabilities")).json());
    const shown = (count) => count > 0;
    assert.equal(shown(await page.locator(".hints").count()), known.features.hints.available);
    assert.equal(shown(await page.getByRole("heading", { name: "Alternatives" }).count()), known.features.alternatives.available);
    assert.equal(shown(await page.getByRole("button", { name: "Confidence" }).count()), known.features.confidence.available);
  });

  await step("zoom to 1:1 shows the photo's own pixels", async () => {
    await page.getByRole("button", { name: "Zoom to 1:1" }).click();
    await page.waitForFunction(() => /\/api\/results\//.test(document.querySelector("img[alt*=estimated]").getAttribute("src")));
    const [wide, own] = await page.locator("img[alt*=estimated]").evaluate(async (image) => {
      await image.decode();
      return [image.getBoundingClientRect().width * window.devicePixelRatio, image.naturalWidth];
    });
    assert.equal(Math.round(wide), own);
  });

  await step("a rating is kept", async () => {
    await page.getByRole("radio", { name: "4 stars" }).check({ force: true });
    await page.getByLabel("Comment, if you like").fill("warm");
    await page.getByRole("button", { name: "Rate" }).click();
    await page.getByText("your rating is kept").waitFor();
  });

  await step("two settings are compared blind", async () => {
    await page.getByLabel("Temperature").fill("-1");
    await page.getByRole("button", { name: "Compare blind" }).click();
    await page.getByRole("button", { name: "Left is better" }).click();
    await page.getByText(/^Left: /).waitFor();
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/duel.png` });
    await page.getByRole("button", { name: "Close" }).click();
  });

  await step("several photos become a batch and a ZIP", async () => {
    await upload("lincoln-1863.jpg", "boulevard-1838.jpg");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download 2 as ZIP" }).click();
    const zip = readFileSync(await (await saving).path());
    assert.equal(zip.readUInt32LE(0), 0x04034b50);
    assert.equal(zip.readUInt16LE(zip.length - 12), 2, "the ZIP's index has two files");
  });

  await step("the gallery has all of them", async () => {
    await page.getByRole("link", { name: "Gallery" }).click();
    await page.locator(".tiles img").nth(2).waitFor();
    assert.equal(await page.locator(".tiles li").count(), 3);
  });

  if (process.env.FILM) {
    await step("a film is coloured and can be watched", async () => {
      await page.goto(server.address);
      await page.locator("input[type=file]").setInputFiles(process.env.FILM);
      const film = page.locator("video");
      await film.waitFor();
      await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
      assert.ok(await film.evaluate((one) => one.videoWidth > 0 && one.duration > 0));
      await page.getByRole("link", { name: "Download" }).waitFor();
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/film.png` });
      await page.goto(server.address + "/gallery");
      await page.locator(".tiles li").nth(3).waitFor();
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/film-gallery.png` });
      await page.locator(".tiles a[href^='/photo']").first().waitFor();
    });
  }

  await step("nothing is wider than a phone", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator(".tiles a[href^='/photo']").first().click();
    await settled();
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(inner <= outer, `${inner} pixels on a screen of ${outer}`);
  });

  await step("a broken file is refused in words", async () => {
    await page.goto(server.address);
    await page.locator("input[type=file]").setInputFiles({ name: "no.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no") });
    assert.ok((await page.getByRole("alert").textContent()).length > 10);
    // The refusal itself is an answer of the server, which browsers log.
    faults.splice(0, faults.length, ...faults.filter((one) => !/status of 4(15|00|22)/.test(one)));
  });

  assert.deepEqual(faults, [], "no outside request, no error, nothing against the content policy");
  console.log("ok  no outside request, no error in the page");
} finally {
  await browser.close();
  await server.stop();
}
