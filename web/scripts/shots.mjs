// Pictures of the page for docs/images: `node scripts/shots.mjs ADDRESS FOLDER` with a server that runs.
import { chromium } from "playwright-core";

const [address = "http://localhost:8000", folder = "."] = process.argv.slice(2);
const examples = new URL("../../examples/", import.meta.url).pathname;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1100, height: 760 }, colorScheme: "light" });
const shot = (name) => page.screenshot({ path: `${folder}/${name}.png` });
page.on("console", (said) => said.type() === "error" && console.log("console:", said.text()));
page.on("pageerror", (error) => console.log("page:", error.message));

const upload = async (...names) => {
  await page.goto(address);
  await page.locator("input[type=file]").setInputFiles(names.map((name) => examples + name));
};
const settled = async () => {
  await page.locator(".stage[aria-busy=false] img[alt*=estimated]").waitFor();
  await page.waitForTimeout(400);
};
await page.goto(address);
await page.getByText("Choose files").waitFor();
await shot("start");
await upload("migrant-mother-1936.jpg");
await settled();
await page.getByText("How natural").waitFor();
await shot("photo");
if (await page.locator(".hints").count()) {
  const box = await page.locator(".hints").boundingBox();
  await page.mouse.click(box.x + 0.62 * box.width, box.y + 0.62 * box.height);
  await page.locator(".swatch").first().waitFor();
  await settled();
  await page.locator("input[type=color]").fill("#2456b8");
  await settled();
  if (await page.getByText("Show three").count()) {
    await page.getByText("Show three").click();
    await page.locator(".trio img").nth(2).waitFor({ timeout: 20000 }).catch(() => undefined);
  }
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot("hints");
}
await page.getByText("Zoom to 1:1").click();
await page.getByRole("button", { name: "Fit" }).waitFor();
await settled();
await shot("zoom");
await page.setViewportSize({ width: 380, height: 800 });
await page.getByRole("button", { name: "Fit" }).click();
await page.getByLabel("Switch to dark").click();
await settled();
await shot("phone-dark");
await page.setViewportSize({ width: 1100, height: 760 });
await upload("lincoln-1863.jpg", "boulevard-1838.jpg", "hopper.jpg");
await page.getByText("as ZIP").waitFor({ timeout: 60000 });
await page.waitForTimeout(500);
await shot("batch");
await page.getByRole("link", { name: "Gallery" }).click();
await page.locator(".tiles img").first().waitFor();
await page.waitForTimeout(500);
await shot("gallery");
await browser.close();
