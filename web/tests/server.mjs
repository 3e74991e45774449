// A real `tintype serve` with the shipped weights, on a free port, with everything it keeps in one folder.
import { execFileSync, spawn } from "node:child_process";

const PYTHON = process.env.PYTHON ?? "python3";

export async function serve(folder, settings = {}) {
  const child = spawn(PYTHON, ["-m", "tintype", "serve", "--port", "0"], {
    env: { ...process.env, TINTYPE_FOLDER: folder, TINTYPE_REQUESTS_PER_MINUTE: "0", ...settings },
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
  };
  return { address, stop };
}

/** A short film at that path; returns the path. */
export function makeFilm(path) {
  execFileSync(PYTHON, [new URL("film.py", import.meta.url).pathname, path], { stdio: "inherit" });
  return path;
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
