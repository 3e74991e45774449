// Work that takes a while: batches with a ZIP, films; followed, left, found again, stopped.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";

export async function run({ page, ask, open, upload, film }) {
  /** A PNG of many colours, as an array of bytes. */
  const colourful = () =>
    page.evaluate(async () => {
      const canvas = new OffscreenCanvas(160, 120);
      const context = canvas.getContext("2d");
      ["#c03020", "#2050c0", "#30a040", "#d0b020"].forEach((colour, at) => { context.fillStyle = colour; context.fillRect(40 * at, 0, 40, 120); });
      const shade = context.createLinearGradient(0, 0, 0, 120); // many colours at each lightness: what has one for each is toned
      shade.addColorStop(0, "#fff8");
      shade.addColorStop(1, "#000b");
      context.fillStyle = shade;
      context.fillRect(0, 0, 160, 120);
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    });
  const share = () => page.getByRole("progressbar").evaluate((bar) => bar.value);

  await step("several photos become a batch and a ZIP, and what was refused is named", async () => {
    await upload(example("lincoln-1863.jpg"), example("boulevard-1838.jpg"));
    await page.getByRole("link", { name: "Download 2 as ZIP" }).waitFor();
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download 2 as ZIP" }).click();
    const zip = readFileSync(await (await saving).path());
    assert.equal(zip.readUInt32LE(0), 0x04034b50);
    assert.equal(zip.readUInt16LE(zip.length - 12), 3, "the ZIP's index has two photos and the record");
    const names = zip.toString("latin1");
    assert.ok(names.includes("lincoln-1863-color.jpg") && names.includes("boulevard-1838-color.jpg"));
    await page.goto("about:blank");
    const files = ["lincoln-1863.jpg", "cat.jpg"].map((name) => ({ name, mimeType: "image/jpeg", buffer: readFileSync(example(name)) }));
    await upload(...files, { name: "letter.jpg", mimeType: "image/jpeg", buffer: Buffer.from("Dear Sir") });
    await page.getByText("Download 2 as ZIP").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /letter\.jpg/);
  });

  await step("the gallery has all of them", async () => {
    await page.getByRole("link", { name: "Gallery" }).click();
    await page.locator(".tiles img").nth(3).waitFor();
    assert.equal(await page.locator(".tiles li").count(), 4);
  });

  await step("photos in colour are left as they are, which is said, and can be changed", async () => {
    await open("/");
    const vivid = await colourful();
    await upload({ name: "grey.jpg", mimeType: "image/jpeg", buffer: readFileSync(example("cat.jpg")) }, { name: "vivid.png", mimeType: "image/png", buffer: Buffer.from(vivid) });
    await page.getByText("1 of 2 photos has colour already").waitFor();
    await page.getByText("Download 2 as ZIP").waitFor(); // who dropped two photos takes two home
    const saving = page.waitForEvent("download");
    await page.getByText("Download 2 as ZIP").click();
    const zip = readFileSync(await (await saving).path());
    assert.ok(zip.includes("grey-color.jpg") && zip.includes(Buffer.from(vivid)), "what was left is in it, as it was sent");
    const tile = page.locator(".tiles li").nth(1);
    await tile.getByText("Has colour already: left as it is").waitFor();
    await tile.getByRole("button", { name: "Colour it all the same" }).click();
    await tile.getByRole("button", { name: "Leave it as it was" }).click();
    await tile.getByText("Left as it is").waitFor();
    await page.reload();
    await page.getByText("Download 2 as ZIP").waitFor();
    assert.equal(await page.getByRole("button", { name: "Colour it all the same" }).count(), 1);
  });

  await step("a full gallery comes page by page", async () => {
    await page.evaluate(async () => {
      for (let part = 0; part < 2; part++) {
        const form = new FormData();
        for (let number = 0; number < 15; number++) {
          const canvas = new OffscreenCanvas(24, 24);
          canvas.getContext("2d").fillRect(number, part, 9, 9);
          form.append("files", await canvas.convertToBlob(), `${part}-${number}.png`);
        }
        await fetch("/api/pictures", { method: "POST", body: form });
      }
    });
    await open("/gallery");
    await page.locator(".tiles li").nth(23).waitFor();
    assert.equal(await page.locator(".tiles li").count(), 24);
    await page.getByRole("button", { name: "More" }).click();
    await page.locator(".tiles li").nth(35).waitFor();
    assert.equal(await page.getByRole("button", { name: "More" }).count(), 0);
  });

  await step("a film tells how far it is; the page loaded again, it still is there", async () => {
    await upload(film);
    await page.getByRole("button", { name: "Colour it", exact: true }).click();
    await page.waitForURL("**/film/*");
    const address = page.url();
    await page.waitForFunction(() => document.querySelector("progress")?.value > 0);
    const before = await share();
    await page.reload();
    await page.waitForFunction((old) => document.querySelector("progress")?.value >= old || document.querySelector("video"), before);
    await open("/");
    await page.getByRole("link", { name: "A film" }).click();
    assert.equal(page.url(), address);
  });

  await step("then the film can be watched, in colour and in grey, and saved", async () => {
    const video = page.locator("video");
    await video.waitFor();
    await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
    assert.ok(await video.evaluate((one) => one.videoWidth > 0 && one.duration > 4));
    const spread = await video.evaluate(async (one) => {
      one.muted = true;
      await one.play();
      await new Promise((resolve) => one.requestVideoFrameCallback(resolve));
      one.pause();
      const canvas = new OffscreenCanvas(one.videoWidth, one.videoHeight);
      const context = canvas.getContext("2d");
      context.drawImage(one, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let at = 0; at < data.length; at += 4) sum += Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]);
      return (4 * sum) / data.length;
    });
    assert.ok(spread > 4, `it is in colour: ${spread}`);
    await page.getByLabel("Grey").fill("1");
    assert.match(await video.evaluate((one) => getComputedStyle(one).filter), /grayscale/);
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    assert.match((await saving).suggestedFilename(), /reel-color\.mp4/);
    await open("/gallery");
    await page.getByRole("link", { name: /reel\.mp4/ }).click();
    await video.waitFor();
  });

  await step("its scenes are found; a point on a frame colours the thing in a part that is tried first", async () => {
    await upload(film);
    await page.getByRole("button", { name: "Find the scenes" }).click();
    const scene = page.getByRole("button", { name: /^Scene 1/ });
    await scene.click();
    await page.waitForFunction(() => document.querySelector(".scenes img").naturalWidth > 0 && document.querySelector(".frame img")?.naturalWidth > 0);
    await page.getByLabel("Colour of the thing").fill("#b01020");
    await page.locator(".frame img").click({ position: { x: 120, y: 90 } });
    await page.locator(".frame .dot").waitFor();
    await page.getByRole("button", { name: "Put it in the middle" }).click();
    assert.equal(await page.locator(".frame .dot").count(), 2);
    await page.getByRole("button", { name: "Remove point 2" }).click();
    assert.equal(await page.locator(".frame .dot").count(), 1);
  });

  await step("a photo dropped on a scene is its reference: seen, taken away, and there again after a reload", async () => {
    const colours = await colourful();
    const drop = (target) => target.evaluate((element, bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], "colours.png", { type: "image/png" }));
      document.body.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer }));
      for (const kind of ["dragover", "drop"]) element.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
    }, colours);
    const address = page.url();
    const tile = page.locator(".scenes li").first();
    const seen = page.getByAltText("The photo whose colours this scene takes");
    await drop(tile);
    await seen.waitFor();
    await tile.getByAltText("with the colours of a photo").waitFor();
    assert.equal(await page.locator(".dropping").count(), 0, "nothing else says that it takes the photo");
    assert.equal(page.url(), address, "the photo is not taken for one to colour");
    await page.getByRole("group", { name: "Colours of a photo, for this scene" }).getByRole("button", { name: "Take it away" }).click();
    await seen.waitFor({ state: "detached" });
    assert.equal(await tile.getByAltText("with the colours of a photo").count(), 0);
    await drop(page.locator(".scene .frame"));
    await seen.waitFor();
    for (let tries = 0; tries < 100 && !(await ask(`/api/pictures/${address.split("/").pop()}`)).look?.scene_references.length; tries++) await page.waitForTimeout(100);
    await page.reload();
    await tile.getByAltText("with the colours of a photo").waitFor();
    await tile.getByRole("button").click();
    await seen.evaluate((image) => image.decode());
    assert.equal(await page.locator(".frame .dot").count(), 1, "the point is there again, too");
    await page.getByRole("button", { name: "Try this scene" }).click();
    await page.waitForURL("**/film/*");
  });

  await step("it waits when it is told to, and goes on", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText(/^Paused at/).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.locator("video").waitFor({ timeout: 300_000 }); // a reference is looked at again in each frame that is predicted
    const { outcomes } = await ask(`/api/jobs/${page.url().split("/").pop()}`);
    const { options } = await ask(`/api/results/${outcomes[0].result_id}`);
    assert.deepEqual(options.hints.map((one) => one.color), ["#b01020"]);
    assert.equal(options.scene_references.length, 1, "the scene that was tried had its photo");
    assert.equal(options.scene_references[0].start, 0);
    assert.ok(options.end > 4, "the one scene is the whole film");
  });

  await step("a film that is stopped says so, and can be begun again", async () => {
    await upload(film);
    await page.getByRole("button", { name: "Colour it", exact: true }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("The film was stopped").waitFor();
    await open("/gallery");
    await page.getByRole("link", { name: /reel\.mp4/ }).first().click();
    await page.getByRole("button", { name: "Colour it", exact: true }).click();
    await page.getByRole("progressbar").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("The film was stopped").waitFor();
  });
}
