// Everybody can use it: axe finds nothing serious in any view, light or dark, wide or narrow; nothing is wider than a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { example, step, visit } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { DESK, dress, everyView, PHONE, WALL } from "./views.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GRAVE = ["serious", "critical"];

async function judge(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE); // not by a tag, which the policy refuses
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, where: nodes.map((one) => one.html.slice(0, 160)) }));
}

export async function run({ browser, folder, film }) {
  const server = await serve(join(folder, "fresh")); // the walk begins where nothing is yet
  const guarded = await serve(join(folder, "guarded"), { TINTYPE_TOKEN: "sesame", TINTYPE_ADMIN_TOKEN: "key", TINTYPE_WORKERS: "0" });
  const person = await visit(browser, server.address, { reducedMotion: "reduce" }); // nothing fades while it is judged
  const { page } = person;
  const lesser = new Map();
  const views = [];
  try {
    await step("axe sees a fault that is put there", async () => {
      await person.open("/");
      await page.getByRole("button", { name: "Choose files" }).waitFor();
      await page.evaluate(() => {
        const pale = Object.assign(document.createElement("p"), { textContent: "pale" });
        pale.style.color = "#eee";
        document.querySelector("main").append(pale, document.createElement("button"));
      });
      const ids = (await judge(page)).map((one) => one.id);
      assert.ok(ids.includes("color-contrast") && ids.includes("button-name"), ids.join());
    });

    /** Whether the page is wider than the screen: written from the left, and from the right. */
    const fits = async (page, name) => {
      for (const dir of ["rtl", "ltr"]) {
        const [inner, outer] = await page.evaluate((way) => {
          document.documentElement.dir = way;
          return [document.documentElement.scrollWidth, window.innerWidth];
        }, dir);
        assert.ok(inner <= outer, `${name}, ${dir}, is ${inner} pixels wide on a screen of ${outer}`);
      }
    };

    /** Nothing to press is cut off by the edge of the screen, and there is a way back to the start. */
    const reaches = async (page, name) => {
      const [cut, back] = await page.evaluate(() => {
        const all = [...document.querySelectorAll("header :is(a, button), .toolbar :is(a, button, select)")].filter((one) => one.checkVisibility());
        const out = all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || one.getBoundingClientRect().left < -1);
        return [out.map((one) => one.textContent || one.ariaLabel), all.some((one) => one.href && new URL(one.href).pathname === "/")];
      });
      assert.deepEqual(cut, [], `${name}: cut off at the edge of the screen`);
      assert.ok(back || name === "api", `${name}: no way back to the start`);
    };

    const judged = async (page, name, count) => {
      const ways = [[DESK, "light"], [PHONE, "dark"], [WALL, "dark"], [PHONE, "light"]].slice(0, count);
      for (const [size, theme] of ways) {
        await page.setViewportSize(size);
        await dress(page, theme);
        const found = await judge(page);
        const grave = found.filter((one) => GRAVE.includes(one.impact));
        assert.deepEqual(grave, [], `${name}, ${theme}, ${size.width} pixels wide`);
        found.forEach((one) => lesser.set(one.id, `${one.help} (${one.impact}, ${name})`));
        await fits(page, name);
        await reaches(page, name);
      }
      await page.setViewportSize(DESK);
    };

    await step("nor in the page of whoever looks after the server", async () => {
      const keeper = await visit(browser, guarded.address, { reducedMotion: "reduce" });
      await keeper.open("/");
      await keeper.page.getByLabel("Token").fill("key");
      await keeper.page.getByRole("button", { name: "Enter" }).click();
      await keeper.upload(example("cat.jpg"));
      await keeper.settled();
      await keeper.open("/admin");
      await keeper.page.getByRole("heading", { name: "Owners" }).waitFor();
      views.push("admin");
      await judged(keeper.page, "admin", 4);
      assert.deepEqual(keeper.faults, []);
      await keeper.gone();
    });

    await step("axe finds nothing serious in any view, and none is wider than the screen, from the left or the right", async () => {
      await everyView({ ...person, browser, film, locked: guarded.address }, async (name, count = 4, page = person.page) => {
        views.push(name);
        await judged(page, name, count);
      });
    });
    console.log(`     ${views.length} views: ${views.join(", ")}`);
    for (const said of lesser.values()) console.log(`     lesser: ${said}`);

    await step("the token lets one in, and a wrong one does not", async () => {
      await page.getByLabel("Token").fill("open");
      await page.getByRole("button", { name: "Enter" }).click();
      await page.getByRole("alert").waitFor();
      await page.getByLabel("Token").fill("sesame");
      await page.getByRole("button", { name: "Enter" }).click();
      await page.getByRole("button", { name: "Choose files" }).waitFor();
    });

    await step("a parameter of the system chooses light or dark, and the button the other", async () => {
      const other = await visit(browser, server.address, { colorScheme: "dark" });
      await other.open("/");
      assert.equal(await other.page.evaluate(() => document.documentElement.dataset.theme), "dark");
      await other.page.getByRole("button", { name: "Switch to light" }).click();
      await other.page.reload();
      assert.equal(await other.page.evaluate(() => document.documentElement.dataset.theme), "light");
      assert.deepEqual(other.faults, []);
      await other.gone();
    });
    await person.gone();
  } finally {
    await Promise.all([server.stop(), guarded.stop()]);
  }
  assert.deepEqual(person.faults.filter((one) => !one.includes(guarded.address)), []);
}
