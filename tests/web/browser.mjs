/* A real browser (Chromium, headless) on a server of its own, for the tests of the page. With a
 * folder as the test's second argument it leaves a picture of each state there. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";

import { startServer, STROKES } from "../serve/scrawl.mjs";

const SKIPPED = 77; /* what Meson takes for "skipped" */
const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE = 120_000; /* milliseconds: a machine may be busy */
export const SIZES = [
  [320, 640],
  [768, 1024],
  [1024, 768],
  [1440, 900],
  [2560, 1440],
];

const require = createRequire(import.meta.url);
let chromium, axe;
try {
  ({ chromium } = require("playwright-core"));
  axe = require.resolve("axe-core/axe.min.js");
} catch {
  console.log("skipped: playwright-core and axe-core are not installed (npm install in tests/)");
  process.exit(SKIPPED);
}
if (!existsSync(CHROMIUM)) {
  console.log(`skipped: there is no ${CHROMIUM}`);
  process.exit(SKIPPED);
}

const FOLDER = process.argv[3];
if (FOLDER) mkdirSync(FOLDER, { recursive: true });

let server, browser;
before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0);
});

/* Runs `steps` on a fresh page; fails on any error, refused resource or request to another host.
 * The browser itself complains about every answer that is an error, those that the page expects
 * too: `expected` says which. */
export async function withPage({ expected = /status of 4\d\d/, ...options }, steps) {
  const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !expected.test(message.text())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith("blob:")) complaints.push(request.url());
  });
  await page.goto(server.url);
  await steps(page);
  assert.deepEqual(complaints, []);
  await context.close();
}

export const picture = (name, buffer) => ({ name, mimeType: "image/png", buffer });
export const show = (page, name) => FOLDER && page.screenshot({ path: join(FOLDER, `${name}.png`) });
export const sign = (page) => page.locator("#content:not(.busy) .answer .sign");
export async function assertReads(page, digit) {
  await sign(page).waitFor();
  assert.equal(await sign(page).textContent(), digit);
  assert.match(await page.locator(".sure").textContent(), /^(> )?\d+\.\d\s%\s+confidence$/);
  assert.equal(await page.locator(".candidates li .bar").count(), 10);
  assert.match(await page.locator("#status").textContent(), new RegExp(`^Reads as ${digit}, `));
}

export async function draw(page, digit) {
  const box = await page.locator("#canvas").boundingBox();
  for (const [x1, y1, x2, y2] of STROKES[digit]) {
    await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + x2 * box.width, box.y + y2 * box.height, { steps: 8 });
    await page.mouse.up();
  }
}

/* As if files were dragged onto the page, or were in the clipboard. */
export const give = (page, type, name, bytes) =>
  page.evaluate(
    ([kind, fileName, base64]) => {
      const binary = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([binary], fileName, { type: "image/png" }));
      const target = document.getElementById("sheet");
      const options = { bubbles: true, cancelable: true };
      if (kind === "paste") {
        document.body.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: transfer }));
        return;
      }
      for (const step of ["dragenter", "dragover", "drop"])
        target.dispatchEvent(new DragEvent(step, { ...options, dataTransfer: transfer }));
    },
    [type, name, bytes.toString("base64")],
  );

/* Nothing wider than the window, no two of the page's blocks on top of each other, nothing cut off.
 * */
export async function assertLayout(page, name) {
  const faults = await page.evaluate(() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) found.push(`${root.scrollWidth} px wide`);
    const blocks = ["header.top", ".modes", ".sheet", ".strip", ".tools", ".fine", ".reading .outcome", ".invitation", "footer"]
      .flatMap((selector) => [...document.querySelectorAll(selector)])
      .concat([...document.querySelectorAll(".tools button, .tools .button, .modes label, #content .candidates li, .sign, .sure")])
      .concat([...document.querySelectorAll(".lines, .grid, .beside, details, .each li, figure")])
      .filter((element) => element.checkVisibility());
    const boxes = blocks.map((element) => ({ element, box: element.getBoundingClientRect() }));
    for (const { element, box } of boxes) {
      if (box.left < 0 || box.right > innerWidth + 0.5) found.push(`${element.className} sticks out`);
      if (element.matches("button, .button, label") && (box.height < 43.5 || box.width < 43.5))
        found.push(`${element.id || element.textContent} is too small to press`);
    }
    for (const a of boxes)
      for (const b of boxes) {
        if (a === b || a.element.contains(b.element) || b.element.contains(a.element)) continue;
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > 0.5 && high > 0.5) found.push(`${a.element.className} lies over ${b.element.className}`);
      }
    return found;
  });
  assert.deepEqual(faults, [], name);
}

/* Contrast, labels, roles and landmarks, as axe judges them. Run beside the page's own policy,
 * which forbids evaluating text. */
export async function assertAccessible(page, name) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
  assert.deepEqual(told, [], name);
}
