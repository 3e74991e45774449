// The ways in: drop, paste, camera, a sample, the keyboard alone; and what is not let in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { example, step } from "./chromium.mjs";

export const options = { permissions: ["camera"] };

export async function run({ page, open, settled, upload, redrawn }) {
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
      for (let presses = 0; presses < 40; presses++) {
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

  await step("a film among photos is refused before it is sent", async () => {
    await upload(
      { name: "a.mp4", mimeType: "video/mp4", buffer: Buffer.from("x") },
      { name: "a.jpg", mimeType: "image/jpeg", buffer: readFileSync(example("cat.jpg")) },
    );
    assert.match(await page.getByRole("alert").textContent(), /film by itself/);
  });

  await step("a server that is too busy is asked again", async () => {
    const refused = [];
    for (const path of ["**/api/pictures", "**/predict"]) {
      const refuse = (route) => {
        refused.push(new URL(route.request().url()).pathname);
        const headers = { "retry-after": "1", "content-type": "application/problem+json" };
        return route.fulfill({ status: 429, headers, body: '{"detail": "too many"}' });
      };
      await page.route(path, refuse, { times: 1 });
    }
    await upload(example("cat.jpg"));
    await settled();
    assert.equal(refused.length, 2, refused.join());
    assert.equal(await page.getByText("too many").count(), 0);
  });

  await step("another model, given by its path, is chosen", async () => {
    await redrawn(() => page.getByLabel("Model").selectOption("second"));
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    await saving;
    assert.equal(await page.getByRole("alert").count(), 0);
  });
}
