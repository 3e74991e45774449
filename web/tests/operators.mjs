// A server below a path of its own, and the page of whoever looks after it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { example, step, visit } from "./chromium.mjs";
import { serve } from "./server.mjs";

const ROOT = "/old/photos";

export async function run({ browser, folder }) {
  const server = await serve(join(folder, "below"), { TINTYPE_ROOT_PATH: ROOT, TINTYPE_ADMIN_TOKEN: "key", TINTYPE_MODEL: "tint" });
  const person = await visit(browser, server.address);
  const { page } = person;
  const outside = [];
  page.on("request", (request) => {
    const { protocol, pathname } = new URL(request.url());
    if (protocol.startsWith("http") && !pathname.startsWith(`${ROOT}/`)) outside.push(pathname);
  });
  const below = (path) => page.goto(server.address + ROOT + path);
  try {
    await step("a photo is dropped, coloured and found again below the path", async () => {
      await below("/");
      await page.locator("input[type=file][multiple]").setInputFiles(example("migrant-mother-1936.jpg"));
      await person.settled();
      assert.match(new URL(page.url()).pathname, /^\/old\/photos\/photo\/[\w-]{22}$/);
      await page.reload();
      await person.settled();
      await below("/");
      await page.getByRole("link", { name: "Gallery", exact: true }).click();
      assert.equal(new URL(page.url()).pathname, `${ROOT}/gallery`);
      await page.locator("a[href*='/photo/']").first().waitFor();
      const loaded = await page.evaluate(() => [...document.images].every((one) => !one.complete || one.naturalWidth > 0));
      assert.ok(loaded, "a picture did not load");
    });

    await step("the samples, the shell of the installed page and the API's description lie below it too", async () => {
      await below("/");
      await page.waitForFunction(() => [...document.querySelectorAll(".samples img")].length === 3 && [...document.querySelectorAll(".samples img")].every((one) => one.naturalWidth > 0));
      const scope = await page.evaluate(async () => new URL((await navigator.serviceWorker.ready).scope).pathname);
      assert.equal(scope, `${ROOT}/`);
      const start = await page.evaluate(async () => {
        const at = document.querySelector("link[rel=manifest]").href;
        return new URL((await (await fetch(at)).json()).start_url, at).pathname;
      });
      assert.equal(start, `${ROOT}/`);
      await page.getByRole("link", { name: "API" }).click();
      await page.getByRole("heading", { name: "tintype HTTP API" }).waitFor();
    });

    await step("who has the administrator's token sees room, owners and jobs, and others do not", async () => {
      await below("/admin");
      await page.getByLabel("Token").fill("key");
      await page.getByRole("button", { name: "Enter" }).click();
      await page.getByRole("heading", { name: "Owners" }).waitFor();
      const mine = page.getByRole("row", { name: /visitor/ });
      assert.match(await mine.innerText(), /1\s+\d/);
      page.once("dialog", (asked) => void asked.accept("7"));
      await mine.getByRole("button", { name: /^Quota of/ }).click();
      await page.getByText("of 7 MB").waitFor();
      page.once("dialog", (asked) => void asked.accept());
      await mine.getByRole("button", { name: /^Delete all of/ }).click();
      await page.getByText(/Deleted: 1 picture, \d+ versions?\./).waitFor();
    });

    await step("nothing was asked for beside the path", () => assert.deepEqual(outside, []));
    assert.deepEqual(person.faults, []);
    await person.gone();
  } finally {
    await server.stop();
  }
}
