// The page in a real browser, against a real server with the shipped weights.
//   npm test                     everything
//   npm test -- hints opinions   these parts
// PYTHON names the interpreter that has tintype.
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as access from "./access.mjs";
import * as arrivals from "./arrivals.mjs";
import { launch, step, visit } from "./chromium.mjs";
import * as foreign from "./foreign.mjs";
import * as hints from "./hints.mjs";
import * as jobs from "./jobs.mjs";
import * as operators from "./operators.mjs";
import * as opinions from "./opinions.mjs";
import * as photo from "./photo.mjs";
import * as sending from "./sending.mjs";
import * as wishes from "./wishes.mjs";
import { makeFilm, serve } from "./server.mjs";

const PARTS = { photo, hints, arrivals, sending, wishes, opinions, jobs, operators, foreign, access };
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length) throw new Error(`no part is called ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}`);

const folder = mkdtempSync(join(tmpdir(), "tintype-page-"));
// Two models on offer: the shipped one, and a copy of it that is given by its path.
const second = join(folder, "second.onnx");
copyFileSync(new URL("../../src/tintype/weights/tint.onnx", import.meta.url), second);
const server = await serve(join(folder, "site"), { TINTYPE_OFFERED_MODELS: `tint,${second}` });
const browser = await launch();
try {
  const film = makeFilm(join(folder, "reel.mp4"));
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted.length && !wanted.includes(name)) continue;
    console.log(`\n${name}`);
    const person = await visit(browser, server.address, part.options);
    try {
      await part.run({ ...person, browser, server, film, folder });
    } catch (error) {
      await person.page.screenshot({ path: join(tmpdir(), "tintype-page-failed.png") }).catch(() => undefined);
      if (person.faults.length) console.error(person.faults.join("\n"));
      throw error;
    }
    await step("no request to another place, no error, nothing against the content policy", () => {
      assert.deepEqual(person.faults, []);
    });
    await person.gone();
  }
} finally {
  await browser.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
