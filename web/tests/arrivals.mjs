// The ways in: drop, paste, camera, a sample, the keyboard alone; and what is not let in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";
import { until } from "./server.mjs";

export const options = { permissions: ["camera"] };

export async function run({ page, open, settled, upload, redrawn, panel, ask, named }) {
  const photo = readFileSync(example("cat.jpg")).toString("base64");
  /** An event that carries a file, as browsers make it. */
  const carry = (kind) =>
    page.evaluate(
      ([base64, name]) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "carried.jpg", { type: "image/jpeg" }));
        const init = { bubbles: true, cancelable: true };
        if (name === "paste") window.dispatchEvent(new ClipboardEvent("paste", { ...init, clipboardData: data }));
        else for (const one of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(one, { ...init, dataTransfer: data }));
      },
      [photo, kind],
    );
  const arrived = async (name) => {
    await settled();
    assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), name);
  };

  for (const kind of ["drop", "paste"]) {
    await step(`a photo by ${kind}`, async () => {
      await open("/");
      await page.getByRole("button", { name: "Choose files" }).waitFor();
      await carry(kind);
      await arrived("carried.jpg");
    });
  }

  await step("a picture by the camera", async () => {
    await open("/");
    await page.getByRole("button", { name: "Use the camera" }).click();
    await page.getByRole("button", { name: "Take the picture" }).click();
    await arrived("camera.jpg");
  });

  await step("a sample", async () => {
    await open("/");
    await page.getByRole("button", { name: /Lincoln/ }).click();
    await settled();
  });

  await step("by keyboard alone: to the button, the file, the line, the download", async () => {
    await open("/");
    await page.getByRole("button", { name: "Choose files" }).waitFor();
    const tabTo = async (isThere) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press("Tab");
        if (await page.evaluate(isThere)) return;
      }
      assert.fail(`Tab does not come to ${isThere}`);
    };
    const asking = page.waitForEvent("filechooser"); // before any key, since it takes a moment to be listened for
    await tabTo(() => document.activeElement.textContent === "Choose files");
    await page.keyboard.press("Enter");
    await (await asking).setFiles(example("cat.jpg"));
    await settled();
    assert.equal(await page.evaluate(() => document.activeElement.id), "main", "a new view has the focus");
    await tabTo(() => document.activeElement.getAttribute("role") === "slider");
    await page.keyboard.press("End");
    assert.equal(await page.locator(".handle").getAttribute("aria-valuenow"), "100");
    await tabTo(() => document.activeElement.textContent === "Save");
    await page.keyboard.press("Enter");
    await tabTo(() => document.activeElement.textContent === "Download");
    const saving = page.waitForEvent("download");
    await page.keyboard.press("Space");
    await saving;
    assert.equal(await page.title(), "Photo - tintype");
  });

  await step("a broken file is refused in words", async () => {
    await upload({ name: "no.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no") });
    assert.match(await page.getByRole("alert").textContent(), /no\.jpg/);
    assert.ok(await page.getByRole("button", { name: "Choose files" }).isEnabled(), "one can try again");
  });

  await step("one wrong file among twenty costs the others nothing, and is named", async () => {
    const photo = readFileSync(example("cat.jpg"));
    const files = Array.from({ length: 20 }, (_, number) => ({ name: `${number}.jpg`, mimeType: "image/jpeg", buffer: photo }));
    files.splice(7, 0, { name: "wrong.txt", mimeType: "text/plain", buffer: Buffer.from("Dear Sir") });
    await upload(...files);
    await page.waitForURL("**/batch/*");
    await page.getByText(/Not taken: .*wrong\.txt/).waitFor();
    await page.getByText("Download 20 as ZIP").waitFor();
    await named(...Array.from({ length: 20 }, (_, number) => `${number}.jpg`)); // their order is kept
  });

  await step("a file dropped on any view is taken, and the page is not left", async () => {
    await open("/gallery");
    await page.locator(".tiles img").first().waitFor();
    await carry("drop");
    await page.getByText(/Sending|Opening/).waitFor().catch(() => undefined);
    await until(() => page.evaluate(async () => (await (await fetch("/api/pictures")).json()).items[0].name === "carried.jpg"));
    assert.ok(page.url().startsWith(new URL("/", page.url()).href));
  });

  await step("who goes elsewhere while files are sent is not taken away from there", async () => {
    await page.route("**/api/pictures", async (route) => {
      if (route.request().method() === "POST") await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue();
    });
    await upload(example("cat.jpg"));
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
    assert.match(page.url(), /compare$/);
    await page.unroute("**/api/pictures");
  });

  await step("progress that cannot be streamed is asked for; a server that is away deletes nothing", async () => {
    await page.route("**/events", (route) => route.fulfill({ status: 429, body: "{}" }));
    await upload(example("cat.jpg"), example("lincoln-1863.jpg"));
    await page.getByText("Download 2 as ZIP").waitFor();
    await page.unroute("**/events");
    await page.route("**/api/**", (route) => route.abort());
    await page.reload();
    await page.getByText(/cannot be reached/).first().waitFor();
    assert.equal(await page.getByText("deleted").count(), 0);
    await page.unroute("**/api/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Download 2 as ZIP").waitFor();
  });

  await step("a browser that keeps nothing for the page shows it all the same", async () => {
    const context = await page.context().browser().newContext();
    await context.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: () => { throw new DOMException("denied", "SecurityError"); } });
    });
    const other = await context.newPage();
    await other.goto(new URL("/", page.url()).href);
    await other.getByRole("button", { name: "Choose files" }).waitFor();
    await other.getByRole("button", { name: "Switch to dark" }).click();
    await context.close();
  });

  await step("the page speaks five languages, and lacks no word in any", async () => {
    const { LANGUAGES, messages, texts } = await import("../scripts/messages.mjs");
    for (const language of LANGUAGES) assert.deepEqual(texts().filter((text) => !messages(language)[text]), [], language);
    const context = await page.context().browser().newContext({ locale: "de-DE" });
    const other = await context.newPage();
    await other.goto(new URL("/", page.url()).href);
    await other.getByRole("heading", { name: "Alte Fotos kolorieren" }).waitFor();
    await other.getByLabel("Sprache").selectOption("ja");
    await other.getByRole("heading", { name: "古い写真に色を付ける" }).waitFor();
    await context.close();
  });

  await step("the page opens without a network once it was loaded", async () => {
    await open("/");
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      if (!navigator.serviceWorker.controller) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
    });
    await page.reload();
    await page.getByRole("button", { name: "Choose files" }).waitFor();
    await page.context().setOffline(true);
    await page.goto(page.url()).catch(() => undefined);
    await page.getByText(/cannot be reached/).waitFor();
    await page.context().setOffline(false);
    const manifest = await (await fetch(new URL("/manifest.webmanifest", page.url()))).json();
    assert.ok(manifest.icons.length >= 3);
  });

  await step("the shortcuts are shown by a question mark", async () => {
    await open("/");
    await page.getByRole("button", { name: "Choose files" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    await page.keyboard.press("Escape");
  });

  await step("a film among photos is refused before it is sent", async () => {
    await upload(
      { name: "a.mp4", mimeType: "video/mp4", buffer: Buffer.from("x") },
      { name: "a.jpg", mimeType: "image/jpeg", buffer: readFileSync(example("cat.jpg")) },
    );
    assert.match(await page.getByRole("alert").textContent(), /film by itself/);
  });

  await step("a server that is too busy is asked again", async () => {
    const refused = [];
    for (const path of [/\/api\/pictures$/, /\/predict(\?|$)/]) {
      const refuse = (route) => {
        refused.push(new URL(route.request().url()).pathname);
        const headers = { "retry-after": "1", "content-type": "application/problem+json" };
        return route.fulfill({ status: 429, headers, body: '{"detail": "too many"}' });
      };
      await page.route(path, refuse, { times: 1 });
    }
    await upload(example("cat.jpg"));
    // The photo before may be on view, and settled, until this one has arrived.
    for (let tries = 0; refused.length < 2 && tries < 150; tries++) await page.waitForTimeout(100);
    await settled();
    assert.equal(refused.length, 2, refused.join());
    assert.equal(await page.getByText("too many").count(), 0);
  });

  await step("another model, given by its path, is chosen", async () => {
    await settled();
    await panel("Mood");
    await redrawn(() => page.getByLabel("Model").selectOption("second"));
    await panel("Save");
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download", exact: true }).click();
    await saving;
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  await step("two models are mixed: their shares, a sentence on each, and the result says so", async () => {
    await upload(example("cat.jpg"));
    await settled();
    await panel("Mood");
    await redrawn(() => page.getByLabel("Mixed with").selectOption("second"));
    await page.getByText("The mean of what both see").waitFor();
    await redrawn(() => page.getByLabel("Share of tint").fill("0.7"));
    await panel("Versions");
    await page.getByRole("button", { name: "Keep this version" }).click();
    await page.getByRole("button", { name: "Kept" }).waitFor();
    const [{ results }] = (await ask("/api/pictures")).items;
    assert.ok(results.some((one) => one.model === "tint*0.7,second*0.3"), results.map((one) => one.model).join());
    await panel("Mood");
    await redrawn(() => page.getByLabel("Mixed with").selectOption(""));
    assert.equal(await page.getByLabel("Share of tint").count(), 0);
  });
}
