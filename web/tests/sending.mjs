// What is large goes in pieces: a cut connection goes on where it stopped, and so does the file after a reload.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { example, step, visit } from "./chromium.mjs";
import { through } from "./proxy.mjs";
import { until } from "./server.mjs";

const SIZE = 12_000_000;

export async function run({ browser, server, folder }) {
  const photo = readFileSync(example("cat.jpg"));
  const heavy = (name, size = SIZE) => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat([photo, Buffer.alloc(size - photo.length)])); // decoders stop at the picture's end
    return path;
  };
  const way = await through(server.address);
  const person = await visit(browser, way.address);
  const { page } = person;
  const size = async () => (await person.ask("/api/pictures")).items[0];
  try {
    await step("a connection that is cut in the middle goes on where it stopped", async () => {
      way.sent = 0;
      way.cutAt = [6.5e6, 7e6, 7.5e6, 8e6, 8.5e6, 9e6]; // a browser tries a few times by itself
      await person.upload(heavy("cut.jpg"));
      await page.getByText("The connection broke off.").waitFor();
      await person.settled();
      const { name, bytes } = await size();
      assert.deepEqual([name, bytes], ["cut.jpg", SIZE]);
      assert.ok(way.cutAt.length === 0 && way.sent < 9e6 + SIZE - 1e6, `${way.sent} bytes went for a file of ${SIZE}`);
    });

    await step("the same file given again after a reload goes on, too", async () => {
      const path = heavy("reload.jpg");
      way.sent = 0;
      way.holdAt = 6_000_000;
      await person.upload(path);
      await until(() => way.sent > way.holdAt);
      const before = 4_000_000; // a whole piece, which has come
      way.holdAt = Infinity;
      way.cut();
      await page.goto("about:blank");
      way.sent = 0;
      await person.upload(path);
      await person.settled();
      assert.equal((await size()).name, "reload.jpg");
      assert.ok(way.sent < SIZE - before + 1e6, `${way.sent} bytes went for the rest of ${SIZE}`);
    });

    await step("several large ones keep their order, and one is refused for what it is", async () => {
      const files = [3, 1, 2].map((number) => heavy(`${number}.jpg`, 1_500_000 * number));
      const letter = join(folder, "letter.jpg");
      writeFileSync(letter, Buffer.alloc(2_000_000, "Dear Sir "));
      await person.upload(files[0], letter, ...files.slice(1));
      await page.getByText(/Not taken: .*letter\.jpg/).waitFor();
      await page.getByText("Download 3 as ZIP").waitFor();
      await person.named("3.jpg", "1.jpg", "2.jpg");
    });

    await step("what is cancelled leaves nothing behind", async () => {
      const kept = (await person.ask("/api/session/data")).bytes;
      way.holdAt = way.sent + 5_000_000;
      await person.upload(heavy("never.jpg"));
      await until(() => way.sent > way.holdAt);
      way.holdAt = Infinity;
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
      await until(async () => (await person.ask("/api/session/data")).bytes === kept);
    });
    assert.deepEqual(person.faults.filter((one) => !/ERR_(CONNECTION|EMPTY|SOCKET)/.test(one)), []);
  } finally {
    await person.gone();
    await way.close();
  }
}
