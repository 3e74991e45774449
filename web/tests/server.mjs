// A real `tintype serve` with the shipped weights, on a free port and in a folder of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = process.env.PYTHON ?? "python3";

export async function serve() {
  const folder = mkdtempSync(join(tmpdir(), "tintype-page-"));
  const child = spawn(PYTHON, ["-m", "tintype", "serve", "--port", "0"], {
    env: { ...process.env, TINTYPE_FOLDER: folder, TINTYPE_REQUESTS_PER_MINUTE: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const port = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not start:\n${log}`)), 90_000);
    const read = (data) => {
      log += data;
      const found = /http:\/\/localhost:(\d+)\//.exec(log);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
  });
  const address = `http://localhost:${port}`;
  await until(async () => (await fetch(`${address}/ready`)).ok);
  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, stop };
}

export async function until(what, seconds = 60) {
  const ends = Date.now() + seconds * 1000;
  while (Date.now() < ends) {
    try {
      const value = await what();
      if (value) return value;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing came within ${seconds} s: ${what}`);
}
