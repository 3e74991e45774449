// A walk through every view of the page in every state worth seeing. Tests judge them, scripts/shots.mjs takes pictures.
import { example, visit } from "./chromium.mjs";
import { until } from "./server.mjs";

const OLD = ["migrant-mother-1936.jpg", "lincoln-1863.jpg", "boulevard-1838.jpg", "hopper.jpg", "camera.jpg", "astronaut.jpg"];

/** `seen(name, ways, page)` is called at each; `ways` is in how many sizes and colours to look at it, all four if left out:
 * some views do not stay as they are for long, and the API's reference is very long. */
export async function everyView({ page, open, upload, settled, redrawn, send, ask, address, browser, film, locked, panel, clickAt, held }, seen) {
  await open("/gallery");
  await page.getByText("Your coloured photos will hang here.").waitFor();
  await seen("gallery-empty");
  await open("/gallery/shared");
  await page.getByText("Nobody has shared a photo yet.", { exact: false }).waitFor();
  await seen("gallery-shared");
  await open("/compare");
  await page.getByText("Nobody has compared anything yet.").waitFor();
  await seen("compare-empty");
  await open("/");
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await seen("start");
  await upload({ name: "letter.jpg", mimeType: "image/jpeg", buffer: Buffer.from("Dear Sir") });
  await page.getByRole("alert").waitFor();
  await seen("start-refused");

  await upload(example("migrant-mother-1936.jpg"));
  await settled();
  await seen("photo");
  await clickAt(0.62, 0.62);
  await page.locator("canvas.extent[data-drawn]").waitFor();
  await page.getByRole("group", { name: "Likely colours here" }).waitFor();
  await seen("selecting", 2);
  await page.locator("input[type=color]").first().fill("#5d6f9a");
  await redrawn(() => page.getByRole("button", { name: "Give it this colour" }).click());
  await seen("hints");
  await panel("Mood");
  await page.getByRole("button", { name: "Show up to three" }).click();
  await page.locator(".trio img").nth(2).waitFor({ state: "attached" });
  for (const image of await page.locator(".trio img").all()) await image.evaluate((one) => one.decode());
  await seen("mood");
  await page.getByRole("button", { name: /^What it does here: Damage/ }).click();
  for (const image of await page.locator(".pairing img").all()) await image.evaluate((one) => one.decode());
  await page.getByText("Mend first").scrollIntoViewIfNeeded();
  await seen("mending");
  await page.getByRole("button", { name: "Confidence" }).click();
  await page.locator("canvas.sure[data-drawn]").waitFor();
  await seen("confidence");
  await page.getByRole("button", { name: "Confidence" }).click();
  await page.locator(".stage").focus();
  for (let turn = 0; turn < 4; turn++) await page.keyboard.press("+");
  await seen("zoom");
  await page.keyboard.press("0");
  await panel("Versions");
  await page.getByRole("button", { name: "Keep this version" }).click();
  await page.getByRole("button", { name: "Kept" }).waitFor();
  await page.waitForLoadState("networkidle");
  await seen("versions");
  await panel("Save");
  await seen("save");
  await panel("More");
  await seen("more", 2);
  await page.getByRole("button", { name: "Compare blind" }).click();
  for (const name of ["Left", "Right"]) await page.getByRole("img", { name }).evaluate((image) => image.decode());
  await seen("duel");
  await page.getByRole("button", { name: "Left is better" }).click();
  await page.getByText(/^Left: /).waitFor();
  await seen("duel-answered");
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("radio", { name: "4 stars" }).check({ force: true });
  await page.getByRole("button", { name: "Rate" }).click();
  await page.getByText("your rating is kept").waitFor();
  await page.getByLabel("Show it in the shared gallery").check();
  await until(async () => (await ask("/api/gallery")).items.length === 1); // the page's waitForFunction takes a promise for true
  const shared = page.url();

  const goOn = await held(async () => {
    await upload(...OLD.slice(1).map(example));
    await page.getByText(/^[0-4] of 5 photos$/).waitFor();
  });
  await seen("batch-going", 2);
  await goOn();
  await page.getByRole("link", { name: "Download 5 as ZIP" }).waitFor();
  await page.waitForLoadState("networkidle");
  await seen("batch");

  await upload(film);
  await page.getByRole("button", { name: "Colour it", exact: true }).waitFor();
  await seen("film-settings", 2);
  await page.getByRole("button", { name: "Colour it", exact: true }).click();
  await page.waitForFunction(() => document.querySelector("progress")?.value > 0);
  await seen("film-going", 1);
  await page.locator("video").waitFor();
  await page.waitForFunction(() => document.querySelector("video").readyState >= 2);
  await seen("film");

  const mine = (await ask("/api/pictures")).items.filter((one) => one.kind === "photo").map((one) => one.id);
  const study = await send("/api/studies", {
    kind: "arena", name: "Calm or vivid?", listed: true, pictures: mine.slice(0, 2),
    contestants: [{ label: "calm", options: {} }, { label: "vivid", options: { saturation: 1.6 } }],
  });
  await until(async () => (await ask(`/api/studies/${study.id}`)).state === "open");
  await open("/gallery");
  await page.locator(".tiles img").nth(6).waitFor();
  await page.waitForLoadState("networkidle");
  await seen("gallery");
  const guest = await visit(browser, address, { reducedMotion: "reduce" });
  await guest.page.goto(shared);
  await guest.settled();
  await seen("guest", 4, guest.page);
  await guest.gone();
  await open(`/compare/${study.id}`);
  for (let left = 2; left > 0; left--) {
    await page.getByText(left === 1 ? "1 question left" : "2 questions left").waitFor();
    for (const name of ["The photo", "Left", "Right"]) await page.getByRole("img", { name }).evaluate((image) => image.decode());
    if (left === 2) await seen("study");
    await page.getByRole("button", { name: "Left is better" }).click();
    await page.getByRole("button", { name: "Next" }).click();
  }
  await page.getByText("You have answered every question").waitFor();
  await page.getByRole("table").waitFor();
  await seen("study-answered");
  await open("/compare");
  await page.getByRole("table", { name: "Stars" }).waitFor();
  await page.getByRole("table", { name: /own photos/ }).waitFor();
  await seen("compare");
  await open("/data");
  await page.getByRole("rowheader", { name: "Versions" }).waitFor();
  await seen("data", 2);
  await open("/docs");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await seen("api", 2);
  await open("/photo/AAAAAAAAAAAAAAAAAAAAAA");
  await page.getByRole("heading", { name: "Not here" }).waitFor();
  await seen("lost");
  if (locked) {
    await page.goto(locked);
    await page.getByRole("button", { name: "Enter" }).waitFor();
    await seen("token");
  }
}

/** Light or dark, as the page's button does it, or the system for the API's reference, which has no button. */
export const dress = async (page, theme) => {
  const has = await page.evaluate((name) => document.documentElement.dataset.theme && (document.documentElement.dataset.theme = name), theme);
  if (!has) await page.emulateMedia({ colorScheme: theme });
};
export const DESK = { width: 1280, height: 800 };
export const WALL = { width: 1920, height: 1080 };
export const PHONE = { width: 390, height: 844 };
