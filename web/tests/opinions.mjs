// What people think: stars that are in the export, blind votes that move the ranking, a study.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step, visit } from "./chromium.mjs";
import { until } from "./server.mjs";

export async function run({ page, open, upload, settled, redrawn, ask, send, browser, server, panel }) {
  const saved = async (name) => {
    const saving = page.waitForEvent("download");
    await page.getByRole("link", { name }).click();
    return readFileSync(await (await saving).path(), "utf8");
  };

  await step("a rating is in the export, as CSV and as JSON, though the result is kept while it is entered", async () => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route("**/api/pictures/*/results?*", async (route) => {
      await held;
      await route.continue();
    });
    await upload(example("lincoln-1863.jpg"));
    await settled();
    await panel("More");
    await page.getByRole("radio", { name: "4 stars" }).check({ force: true });
    await page.getByLabel("Comment, if you like").fill("warm, and \"alive\"");
    const kept = page.waitForResponse((answer) => /\/results\/[^/]+\/rating$/.test(answer.url()));
    release();
    await kept; // the page has asked whether the result that is now kept was rated before
    await page.unroute("**/api/pictures/*/results?*");
    assert.ok(await page.getByRole("radio", { name: "4 stars" }).isChecked(), "what was entered stays");
    await page.getByRole("button", { name: "Rate" }).click();
    await page.getByText("your rating is kept").waitFor();
    await open("/compare");
    await page.getByRole("table", { name: "Stars" }).waitFor();
    const csv = await saved("Ratings as CSV");
    assert.match(csv.trim().split("\n").at(-1), /,4,.*"warm, and ""alive"""/);
    const { rows } = JSON.parse(await saved("Ratings as JSON"));
    assert.deepEqual([rows.at(-1).stars, rows.at(-1).comment], [4, 'warm, and "alive"']);
  });

  await step("a blind vote moves the ranking", async () => {
    const score = async () => Object.fromEntries((await ask("/api/ranking?of=duels")).contestants.map((one) => [one.label, one.score]));
    assert.deepEqual(await score(), {});
    await upload(example("cat.jpg"));
    await settled();
    await panel("Mood");
    await redrawn(() => page.getByLabel("Temperature", { exact: true }).fill("-1"));
    await panel("More");
    const vote = async (choose) => {
      await page.getByRole("button", { name: "Compare blind" }).click();
      await page.getByRole("button", { name: "Left is better" }).waitFor();
      assert.doesNotMatch(await page.getByRole("dialog").innerHTML(), /temperature|tint/, "blind: nothing names the sides");
      for (const side of ["Left", "Right"]) {
        await page.getByRole("img", { name: side }).evaluate((image) => image.decode());
      }
      await page.getByRole("button", { name: choose }).click();
      await page.getByText(/^Left: /).waitFor();
      const left = await page.getByText(/^Left: /).textContent();
      await page.getByRole("button", { name: "Close" }).click();
      return left.replace("Left: ", "");
    };
    const preferred = await vote("Left is better");
    const first = await score();
    const [loser] = Object.keys(first).filter((name) => name !== preferred);
    assert.ok(first[preferred] > first[loser], "who won stands above");
    await vote("Equally good");
    const second = await score();
    assert.ok(second[preferred] - second[loser] < first[preferred] - first[loser], "a tie brings them nearer");
    await open("/compare");
    const table = page.getByRole("table", { name: /own photos: 2 votes/ });
    await table.waitFor();
    assert.equal((await table.getByRole("rowheader").first().textContent()).startsWith(preferred), true);
    assert.match(await table.textContent(), new RegExp(`${Math.round(second[preferred])}`));
  });

  await step("a study asks, is answered by keyboard, and tells what all answers say", async () => {
    const { items } = await ask("/api/pictures");
    const study = await send("/api/studies", {
      kind: "arena", name: "Calm or vivid?", listed: true, checks: 1, pictures: items.map((one) => one.id),
      contestants: [{ label: "calm", options: { size: 128 } }, { label: "vivid", options: { size: 128, saturation: 1.6 } }],
    });
    await until(async () => (await ask(`/api/studies/${study.id}`)).state === "open");
    await open("/compare");
    await page.getByRole("link", { name: "Calm or vivid?" }).click();
    for (let left = items.length + 1; left > 0; left--) {
      await page.getByText(left === 1 ? "1 question left" : `${left} questions left`).waitFor();
      await page.getByRole("button", { name: "Both are bad" }).focus();
      await page.keyboard.press("Enter");
      await page.getByText(/^Right: /).waitFor();
      await page.getByRole("button", { name: "Next" }).focus();
      await page.keyboard.press("Enter");
    }
    await page.getByText("You have answered every question").waitFor();
    await page.getByRole("table", { name: new RegExp(`${items.length} votes by 1 person`) }).waitFor();
    await page.getByRole("heading", { name: "Photo by photo" }).waitFor();
    assert.equal(await page.locator(".by-photo li").count(), items.length);
    await page.locator(".by-photo img").first().evaluate((image) => image.decode());
    const csv = await saved("Votes as CSV");
    assert.equal(csv.trim().split("\n").length, items.length + 2, "a check of attention is among them");
    assert.match(csv, /both_bad/);
  });

  await step("who prefers a grey photo in a check is left out, and the results say so", async () => {
    const [one] = (await ask("/api/pictures")).items;
    await open("/compare");
    await page.getByRole("button", { name: "Make a study" }).click();
    await page.getByLabel("Check attention").waitFor();
    await page.locator(".picks input").first().check();
    await page.getByRole("button", { name: "Make it of 1 photo" }).click();
    const link = await page.getByRole("link", { name: /\/compare\// }).last().getAttribute("href");
    const id = link.split("/").pop();
    await until(async () => (await ask(`/api/studies/${id}`)).state === "open");
    assert.ok(one);
    await open(`/compare/${id}`);
    for (let left = 2; left > 0; left--) {
      await page.getByText(left === 1 ? "1 question left" : "2 questions left").waitFor();
      const greys = [];
      for (const name of ["Left", "Right"]) {
        greys.push(await page.getByRole("img", { name }).evaluate(async (image) => {
          await image.decode();
          const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
          canvas.getContext("2d").drawImage(image, 0, 0);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.every((value, at) => at % 4 === 3 || Math.abs(value - data[at - (at % 4)]) < 3);
        }));
      }
      await page.getByRole("button", { name: greys[1] ? "Right is better" : "Left is better" }).click();
      if (greys.includes(true)) await page.getByText("This was a check of attention").waitFor();
      await page.getByRole("button", { name: "Next" }).click();
    }
    await page.getByText("1 person is left out").waitFor();
  });

  await step("original or coloured? A colour photo and its colouring are told apart, or not", async () => {
    const [picture] = (await ask("/api/pictures")).items;
    const coloured = await page.evaluate(async ([source]) => {
      const form = new FormData();
      form.append("files", await (await fetch(source)).blob(), "colour.jpg");
      return (await (await fetch("/api/pictures", { method: "POST", body: form })).json()).pictures[0].id;
    }, [picture.results.at(-1).file_url]);
    const study = await send("/api/studies", {
      kind: "turing", name: "Real?", listed: true, pictures: [coloured], contestants: [{ options: { size: 128 } }],
    });
    await until(async () => (await ask(`/api/studies/${study.id}`)).state === "open");
    await open(`/compare/${study.id}`);
    await page.getByRole("img", { name: "The picture" }).evaluate((image) => image.decode());
    await page.getByRole("button", { name: "Real colours" }).click();
    await page.getByText(/^The picture: /).waitFor();
    await page.getByText(/^You were (right|fooled)/).waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByRole("table", { name: "Taken for the original" }).waitFor();
    assert.equal((await ask(`/api/studies/${study.id}/outcome`)).taken[0].taken, 1);
  });

  await step("a photo is private until it is shared; then others see it, and rate it, and nothing more", async () => {
    const other = await visit(browser, server.address);
    const shared = async () => {
      await other.open("/gallery/shared");
      await other.page.getByRole("heading", { name: "Gallery" }).waitFor();
      await other.page.waitForLoadState("networkidle");
      return other.page.getByRole("link", { name: "cat.jpg" });
    };
    assert.equal(await (await shared()).count(), 0);
    await open("/gallery");
    await page.getByRole("link", { name: "cat.jpg" }).click();
    await settled();
    await other.page.goto(page.url());
    await other.page.getByRole("heading", { name: "Not here" }).waitFor();
    await panel("More");
    await page.getByLabel("Show it in the shared gallery").check();
    await until(async () => (await ask("/api/gallery")).items.length === 1);
    await (await shared()).click();
    await other.settled();
    assert.equal(await other.page.getByRole("button", { name: "Delete photo" }).count(), 0);
    await other.page.getByRole("radio", { name: "5 stars" }).check({ force: true });
    await other.page.getByRole("button", { name: "Rate" }).click();
    await other.page.getByText("your rating is kept").waitFor();
    await page.getByLabel("Show it in the shared gallery").uncheck();
    await until(async () => (await ask("/api/gallery")).items.length === 0);
    assert.equal(await (await shared()).count(), 0);
    await panel("Mood");
    await panel("More"); // it says again what is so
    assert.equal(await page.getByLabel("Show it in the shared gallery").isChecked(), false);
    await panel("Mood");
    await page.getByRole("slider", { name: "Saturation" }).fill("1.4");
    await settled();
    await panel("More");
    await page.getByLabel("Show it in the shared gallery").check();
    await open("/"); // at once: what was ticked is done all the same
    await until(async () => (await ask("/api/gallery")).items.length === 1);
    const [seen] = (await ask("/api/gallery")).items;
    assert.equal(seen.results.find((one) => one.id === seen.shown)?.options.saturation ?? seen.results[0].options.saturation, 1.4);
    assert.deepEqual(other.faults, []);
    await other.gone();
  });
}
