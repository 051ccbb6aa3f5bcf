/* The picture of the page in the README, taken of the real program:
 *
 *   node tests/web/screenshot.mjs build/scrawl docs/screenshot.png
 */
import { chromium } from "playwright-core";

import { startServer } from "../serve/scrawl.mjs";

/* A 3 as one writes it: two bows, slightly unsteady; x and y in units of the sheet's side. */
function* three() {
  const bows = [
    { x: 0.5, y: 0.345, width: 0.155, height: 0.135, from: -2.6, to: 1.45 },
    { x: 0.49, y: 0.63, width: 0.185, height: 0.16, from: -1.4, to: 2.7 },
  ];
  for (const { x, y, width, height, from, to } of bows)
    for (let step = 0; step <= 24; step++) {
      const angle = from + ((to - from) * step) / 24;
      const sway = 0.006 * Math.sin(3 * angle);
      yield [x + (width + sway) * Math.cos(angle), y + (height - sway) * Math.sin(angle)];
    }
}

const server = await startServer("--quiet");
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 760 } });
await page.goto(server.url);
const box = await page.locator("#canvas").boundingBox();
let down = false;
for (const [x, y] of three()) {
  await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  if (!down) await page.mouse.down();
  down = true;
  await page.evaluate(() => new Promise(requestAnimationFrame)); /* the browser takes a point for each frame */
}
await page.mouse.up();
await page.locator("#content:not(.busy) .sign").waitFor();
await page.screenshot({ path: process.argv[3] });
await browser.close();
process.exitCode = await server.stop();
