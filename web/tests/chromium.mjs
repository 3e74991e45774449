// Debian's Chromium, and somebody in it who notices every request to another place and every error of the page.
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run",
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", // a camera that shows a test picture
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", // there is no network but this machine
];
const REFUSAL = /status of 4\d\d|ERR_FAILED|ERR_INTERNET_DISCONNECTED/; // an answer of the server, which browsers log as an error

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A new person: a page with cookies of its own, and what went wrong for them. */
export async function visit(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  context.setDefaultTimeout(60_000);
  const faults = [];
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol) && origin !== address) faults.push(`asked outside: ${request.url()}`);
  });
  const page = await context.newPage();
  page.on("websocket", (socket) => faults.push(`asked outside: ${socket.url()}`));
  page.on("pageerror", (error) => faults.push(`broke: ${error.message}`));
  page.on("console", (said) => {
    if (said.type() === "error" && !REFUSAL.test(said.text())) faults.push(`console: ${said.text()}`);
  });
  const person = { page, context, faults, address };
  return Object.assign(person, {
    open: (path) => page.goto(address + path),
    upload: async (...files) => {
      await page.goto(address);
      await page.locator("input[type=file][multiple]").setInputFiles(files);
    },
    /** Until the colours belong to what is asked. */
    settled: () => page.locator(".stage[aria-busy=false] img[alt*=estimated]").waitFor(),
    colours: () => page.locator("img[alt*=estimated]").getAttribute("src"),
    /** Do something, and wait until the colours have changed for it. */
    redrawn: async (what) => {
      await person.settled();
      const old = await person.colours();
      await what();
      await page.waitForFunction((one) => document.querySelector("img[alt*=estimated]").getAttribute("src") !== one, old);
      await person.settled();
    },
    ask: (path, options) => page.evaluate(async ([url, how]) => (await fetch(url, how)).json(), [path, options]),
    send: (path, body) =>
      page.evaluate(
        async ([url, what]) => {
          const headers = { "Content-Type": "application/json" };
          return (await fetch(url, { method: "POST", headers, body: JSON.stringify(what) })).json();
        },
        [path, body],
      ),
    /** Do what starts a job, and have it wait between its steps: a fast machine ends it before anybody has seen it going.
     * Returns what lets it go on. */
    held: async (what) => {
      let job = "";
      const pause = async (route) => {
        const response = await route.fetch();
        job = (await response.json()).id;
        await context.request.post(`${address}/api/jobs/${job}/pause`);
        await route.fulfill({ response });
      };
      await page.route("**/api/jobs", pause, { times: 1 });
      await what();
      return () => context.request.post(`${address}/api/jobs/${job}/resume`);
    },
    /** Until the photos on view have these names, in this order: each name comes by a question of its own. */
    named: async (...names) => {
      const tiles = page.locator(".tiles span");
      const same = async () => JSON.stringify(await tiles.allTextContents()) === JSON.stringify(names);
      for (const ends = Date.now() + 30_000; !(await same()); await page.waitForTimeout(50)) {
        if (Date.now() > ends) throw new Error(`the photos are called ${await tiles.allTextContents()}, not ${names}`);
      }
    },
    /** A panel of the tools beside the photo. */
    panel: (name) => page.getByRole("tab", { name, exact: true }).click(),
    /** Click a place of the photo, 0 to 1 from its left and top edge. */
    clickAt: async (x, y, how = {}) => {
      const box = await page.locator(".hints").boundingBox();
      await page.mouse.click(box.x + x * box.width, box.y + y * box.height, how);
    },
    gone: () => context.close(),
  });
}

export const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;

/** STEP, a part of a name, leaves the others out: while one is being written. */
export async function step(name, what) {
  if (!name.includes(process.env.STEP ?? "")) return;
  const started = Date.now();
  await what();
  console.log(`ok  ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
