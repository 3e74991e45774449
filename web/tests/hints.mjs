// Hints: placed, painted, dragged, undone, by mouse and by keyboard; and the model's alternatives.
import assert from "node:assert/strict";
import { example, step } from "./chromium.mjs";
import { chroma, compare, spot } from "./pixels.mjs";
import { until } from "./server.mjs";

const BLUE = { css: "#2456b8", rgb: [0x24, 0x56, 0xb8] };
const AT = [0.62, 0.62]; // her blouse

const far = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

export async function run({ page, context, upload, settled, colours, redrawn, panel, clickAt, ask }) {
  await upload(example("migrant-mother-1936.jpg"));
  await settled();

  await step("a hint brings its colour to the place, and the luma stays", async () => {
    const wanted = chroma(BLUE.rgb);
    const before = chroma(await spot(page, await colours(), ...AT));
    await clickAt(...AT);
    await page.locator("canvas.extent[data-drawn]").waitFor();
    const lit = await page.locator("canvas.extent").evaluate((canvas, [x, y]) => {
      const context = canvas.getContext("2d");
      return [context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3], context.getImageData(0.1 * canvas.width, 0.1 * canvas.height, 1, 1).data[3]];
    }, AT);
    assert.ok(lit[0] > 100 && lit[1] < 50, `what would take the colour lights up, and only that: ${lit}`);
    await page.getByRole("group", { name: "Likely colours here" }).waitFor();
    assert.equal(await page.locator(".hint").count(), 0, "nothing is coloured before a colour is chosen");
    await page.locator("input[type=color]").first().fill(BLUE.css);
    await redrawn(() => page.getByRole("button", { name: "Give it this colour" }).click());
    assert.equal(await page.locator(".hint").count(), 1);
    const after = chroma(await spot(page, await colours(), ...AT));
    console.log(`     from ${before.map(Math.round)} to ${after.map(Math.round)}, asked for ${wanted.map(Math.round)}`);
    assert.ok(far(after, wanted) < 0.5 * far(before, wanted), "nearer to the hint's colour by more than half");
    const seen = await compare(page, await page.locator(".stage .grey").first().getAttribute("src"), await colours());
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

  await step("a saved or common colour paints the chosen hint", async () => {
    await redrawn(() => page.getByRole("button", { name: /bottle green/ }).click());
    assert.equal(await page.locator("input[type=color]").first().inputValue(), "#2f4f3e");
  });

  await step("all of it by keyboard: moved, removed, brought back, picked in the middle", async () => {
    const at = await place();
    await hint.focus();
    await redrawn(() => page.keyboard.press("ArrowLeft"));
    assert.notEqual(await place(), at);
    await redrawn(() => page.keyboard.press("Delete"));
    assert.equal(await hint.count(), 0);
    await redrawn(() => page.keyboard.press("Control+z"));
    assert.equal(await hint.count(), 1);
    await page.getByRole("button", { name: "Pick what is in the middle" }).focus();
    await page.keyboard.press("Enter");
    await redrawn(() => page.getByRole("button", { name: "Give it this colour" }).click());
    assert.equal(await hint.count(), 2);
  });

  await step("a click with minus keeps its place as it is", async () => {
    await page.keyboard.press("Escape");
    await clickAt(0.75, 0.7);
    await page.locator("canvas.extent[data-drawn]").waitFor();
    await clickAt(0.8, 0.3);
    await page.getByRole("button", { name: "− does not" }).click();
    await clickAt(0.3, 0.7);
    assert.equal(await page.locator(".mark").count(), 3);
    await redrawn(() => page.getByRole("button", { name: "Give it this colour" }).click());
    assert.equal(await page.locator(".lines .keep").count(), 1);
    await redrawn(() => page.keyboard.press("Control+z"));
  });

  const draw = async (points, how = page.mouse) => {
    const box = await page.locator(".hints").boundingBox();
    const spots = points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height]);
    await how.move(...spots[0]);
    await how.down();
    for (const spot of spots.slice(1)) await how.move(...spot, { steps: 4 });
    await how.up();
  };
  await step("a stroke brings its colour, an area too; grey takes it away, keep leaves it; each is undone", async () => {
    await redrawn(() => page.getByRole("button", { name: "Remove all" }).click());
    for (const [tool, colour] of [["Brush", BLUE], ["Area", BLUE]]) {
      const before = chroma(await spot(page, await colours(), ...AT));
      await page.getByRole("button", { name: tool, exact: true }).click();
      await page.locator("input[type=color]").first().fill(colour.css);
      await redrawn(() => draw([[0.58, 0.58], [0.66, 0.58], [0.66, 0.66], [0.58, 0.66], [0.6, 0.62], [0.64, 0.62]]));
      const after = chroma(await spot(page, await colours(), ...AT));
      assert.ok(far(after, chroma(colour.rgb)) < 0.6 * far(before, chroma(colour.rgb)), `${tool}: ${before} to ${after}`);
      await redrawn(() => page.keyboard.press("Control+z"));
    }
    await page.getByRole("button", { name: "To grey", exact: true }).click();
    const before = Math.hypot(...chroma(await spot(page, await colours(), ...AT)));
    await redrawn(() => draw([[0.58, 0.62], [0.66, 0.62]]));
    const after = Math.hypot(...chroma(await spot(page, await colours(), ...AT)));
    assert.ok(after < 0.5 * before, `grey: ${before} to ${after}`);
    await redrawn(() => page.keyboard.press("Control+z"));
  });

  await step("a pen and a finger draw; two fingers zoom", async () => {
    await page.getByRole("button", { name: "Brush", exact: true }).click();
    const tools = await context.newCDPSession(page);
    const box = await page.locator(".hints").boundingBox();
    const at = (x, y) => ({ x: box.x + x * box.width, y: box.y + y * box.height });
    const touch = (type, ...points) => tools.send("Input.dispatchTouchEvent", { type, touchPoints: points });
    await redrawn(async () => {
      await touch("touchStart", at(0.6, 0.6));
      for (const x of [0.62, 0.64, 0.66]) await touch("touchMove", at(x, 0.62));
      await touch("touchEnd");
    });
    assert.equal(await page.locator(".lines .paint").count(), 1);
    const pen = (type, x, y) => tools.send("Input.dispatchMouseEvent", { type, ...at(x, y), button: "left", buttons: type === "mouseReleased" ? 0 : 1, pointerType: "pen", clickCount: 1, force: 0.5 });
    await redrawn(async () => {
      await pen("mousePressed", 0.6, 0.64);
      await pen("mouseMoved", 0.65, 0.66);
      await pen("mouseReleased", 0.65, 0.66);
    });
    assert.equal(await page.locator(".lines .paint").count(), 2);
    const zoom = async () => Number(await page.locator(".stage").getAttribute("data-zoom"));
    const before = await zoom();
    await touch("touchStart", { ...at(0.45, 0.5), id: 1 }, { ...at(0.55, 0.5), id: 2 });
    for (const share of [0.1, 0.2, 0.3]) await touch("touchMove", { ...at(0.45 - share, 0.5), id: 1 }, { ...at(0.55 + share, 0.5), id: 2 });
    await touch("touchEnd");
    assert.ok((await zoom()) > 1.5 * before, `${before} to ${await zoom()}`);
    assert.equal(await page.locator(".lines .paint").count(), 2, "two fingers draw nothing");
    await page.keyboard.press("0");
    await redrawn(() => page.getByRole("button", { name: "Remove all" }).click());
  });

  await step("while a slider is dragged the colours follow, and no line of questions builds up", async () => {
    await panel("Mood");
    let [asked, underWay, most] = [0, 0, 0];
    const counting = (change) => (request) => {
      if (!request.url().includes("/predict")) return;
      underWay += change;
      asked += Math.max(0, change);
      most = Math.max(most, underWay);
    };
    page.on("request", counting(1));
    page.on("requestfinished", counting(-1));
    page.on("requestfailed", counting(-1));
    const slider = page.getByLabel("Saturation", { exact: true });
    for (let value = 1; value < 2; value += 0.05) await slider.fill(value.toFixed(2));
    await settled();
    console.log(`     20 changes, ${asked} questions, at most ${most} at a time`);
    assert.ok(most <= 2, `${most} at a time: the newest, and one that was given up for it`);
    assert.ok(asked <= 2 * 20, `${asked} questions: a small and a whole one for each look at most`);
    const id = new URL(page.url()).pathname.split("/").at(-1);
    assert.equal((await ask(`/api/pictures/${id}`)).results.length, 1, "a drag stores nothing");
  });

  await step("a palette is taken from a picture, which is not kept; a grey one has none", async () => {
    await panel("Mood");
    const colours = page.getByRole("group", { name: "Only these colours" });
    const drawn = (left, right) =>
      page.evaluate(([one, other]) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
        const context = canvas.getContext("2d");
        for (const [x, colour] of [[0, one], [32, other]]) {
          context.fillStyle = colour;
          context.fillRect(x, 0, 32, 64);
        }
        return canvas.toDataURL("image/png").split(",")[1];
      }, [left, right]);
    const give = async (name, left, right) =>
      colours.locator("input[type=file]").setInputFiles({ name, mimeType: "image/png", buffer: Buffer.from(await drawn(left, right), "base64") });
    const kept = async () => (await ask("/api/pictures")).items.length;
    const before = await kept();
    await give("grey.png", "#444444", "#bbbbbb");
    await colours.getByRole("alert").getByText(/no colour/).waitFor();
    assert.equal(await kept(), before, "the grey one is not kept");
    await give("flag.png", "#c02030", "#2040c0");
    await colours.getByLabel("Colour 1 of the palette").waitFor();
    await until(async () => (await kept()) === before); // nor is the other, which goes once its colours are there
    while (await colours.getByRole("button", { name: /^Remove colour/ }).count()) await colours.getByRole("button", { name: /^Remove colour/ }).first().click();
    await settled();
  });

  await step("three alternatives side by side, one of them chosen", async () => {
    await panel("Mood");
    await page.getByRole("button", { name: "Show up to three" }).click();
    await page.locator(".trio img").nth(2).waitFor({ state: "attached" });
    await redrawn(() => page.getByRole("button", { name: "Colouring 2" }).click());
    for (const image of await page.locator(".trio img").all()) {
      assert.ok(await image.evaluate(async (one) => (await one.decode(), one.naturalWidth)) > 100);
    }
    await redrawn(() => page.getByRole("button", { name: "Back to the best guess" }).click());
  });
}
