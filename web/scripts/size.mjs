// Fails when the built page, gzipped, is larger than was promised.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 350_000;
const folder = new URL("../../src/tintype/server/static", import.meta.url).pathname;
const files = readdirSync(folder, { recursive: true })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile());
const total = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
console.log(`page: ${(total / 1000).toFixed(1)} kB gzipped, at most ${LIMIT / 1000} kB`);
if (total > LIMIT) process.exit(1);
