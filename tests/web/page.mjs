/* The page in a real browser (Chromium, headless): every way to give it a picture, what it answers,
 * and how it looks at every width. With a folder as second argument it leaves a picture of each
 * state there.
 *
 *   node tests/web/page.mjs build/scrawl [FOLDER]
 * */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { drawBlank, drawDigit, startServer, STROKES } from "../serve/scrawl.mjs";
import { fullPage, sudoku, twoLines } from "./readings.mjs";

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
const SIZES = [
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
async function withPage({ expected = /status of 4\d\d/, ...options }, steps) {
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

const picture = (name, buffer) => ({ name, mimeType: "image/png", buffer });
const show = (page, name) => FOLDER && page.screenshot({ path: join(FOLDER, `${name}.png`) });
const sign = (page) => page.locator("#content:not(.busy) .answer .sign");
async function assertReads(page, digit) {
  await sign(page).waitFor();
  assert.equal(await sign(page).textContent(), digit);
  assert.match(await page.locator(".sure").textContent(), /^(> )?\d+\.\d\s%\s+confidence$/);
  assert.equal(await page.locator(".candidates li .bar").count(), 10);
  assert.match(await page.locator("#status").textContent(), new RegExp(`^Reads as ${digit}, `));
}

async function draw(page, digit) {
  const box = await page.locator("#canvas").boundingBox();
  for (const [x1, y1, x2, y2] of STROKES[digit]) {
    await page.mouse.move(box.x + x1 * box.width, box.y + y1 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + x2 * box.width, box.y + y2 * box.height, { steps: 8 });
    await page.mouse.up();
  }
}

const isBlank = (page) =>
  page.locator("#canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.every((value) => value === 0);
  });

/* As if files were dragged onto the page, or were in the clipboard. */
const give = (page, type, name, bytes) =>
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

/* ---- pictures ---- */

test("a chosen picture is shown, read, and removed again", () =>
  withPage({}, async (page) => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByText("Choose picture").click();
    await (await chooser).setFiles(picture("seven.png", drawDigit(7)));
    await assertReads(page, "7");
    const preview = page.locator("#preview");
    assert.equal(await preview.isVisible(), true);
    assert.equal(await preview.evaluate((image) => image.naturalWidth), 200);
    assert.match(await preview.getAttribute("alt"), /seven\.png/);
    await show(page, "picture");
    await page.getByRole("button", { name: "Remove" }).click();
    assert.equal(await preview.isVisible(), false);
    assert.equal(await page.locator(".invitation").isVisible(), true);
  }));

test("a dropped and a pasted picture are read", () =>
  withPage({}, async (page) => {
    await give(page, "drop", "one.png", drawDigit(1));
    await assertReads(page, "1");
    await give(page, "paste", "seven.png", drawDigit(7));
    await page.locator(".answer .sign", { hasText: "7" }).waitFor();
    await assertReads(page, "7");
  }));

test("a photograph is asked of the camera where fingers point", () =>
  withPage({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } }, async (page) => {
    const camera = page.locator("#camera");
    assert.equal(await camera.getAttribute("capture"), "environment");
    assert.equal(await page.getByText("Take photo").isVisible(), true);
    await camera.setInputFiles(picture("photo.png", drawDigit(4)));
    await assertReads(page, "4");
    await show(page, "phone");
  }));

test("several pictures are read in turn and can be looked at one by one", () =>
  withPage({}, async (page) => {
    const files = [picture("1.png", drawDigit(1)), picture("x.png", Buffer.from("x")), picture("7.png", drawDigit(7))];
    await page.locator("#file").setInputFiles(files);
    await page.locator(".strip .badge").nth(2).waitFor();
    assert.deepEqual(await page.locator(".strip .badge").allTextContents(), ["1", "?", "7"]);
    await assertReads(page, "1");
    await page.locator(".strip button").nth(2).click();
    await assertReads(page, "7");
    await show(page, "several");
    await page.locator(".strip button").nth(1).click();
    assert.match(await page.locator(".failure").textContent(), /That did not work/);
    assert.match(await page.locator("#no-preview").textContent(), /x\.png cannot be shown/);
    await page.getByRole("button", { name: "Remove" }).click();
    assert.equal(await page.locator(".strip").isVisible(), false);
  }));

test("what is no picture, too large, or blank is said so", () =>
  withPage({}, async (page) => {
    await page.locator("#file").setInputFiles(picture("letter.png", Buffer.from("Dear all, this is text")));
    await page.locator(".failure").waitFor();
    await show(page, "no-picture");
    await page.locator("#file").setInputFiles(picture("large.png", Buffer.alloc(11 << 20)));
    await page.locator(".failure", { hasText: "11.0 MB; the limit is 10.0 MB" }).waitFor();
    await page.locator("#file").setInputFiles(picture("blank.png", drawBlank()));
    await page.locator(".message", { hasText: "Nothing to read yet" }).waitFor();
    assert.equal(await page.locator(".sign").count(), 0);
    await show(page, "blank");
  }));

test("when the server is gone, the page says so", () =>
  withPage({ expected: /ERR_CONNECTION_REFUSED/ }, async (page) => {
    await page.route("**/v1/read?*", (route) => route.abort("connectionrefused"));
    await give(page, "drop", "one.png", drawDigit(1));
    assert.match(await page.locator(".failure").textContent(), /cannot be reached/);
  }));

test("a busy server is asked again", () =>
  withPage({ expected: /status of 503/ }, async (page) => {
    let tries = 0;
    await page.route("**/v1/read?*", (route) =>
      ++tries === 1 ? route.fulfill({ status: 503, headers: { "Retry-After": "1" }, body: "{}" }) : route.continue(),
    );
    await give(page, "drop", "one.png", drawDigit(1));
    await assertReads(page, "1");
    assert.equal(tries, 2);
  }));

test("what is no digit is said so, and not guessed", () =>
  withPage({}, async (page) => {
    const alternatives = [..."0123456789"].map((text) => ({ text, confidence: 0.1 }));
    const glyph = { text: "", confidence: 0, box: [0, 0, 1, 1], rejected: true, alternatives };
    const result = { pages: [{ width: 200, height: 200, lines: [{ text: "", glyphs: [glyph] }] }] };
    await page.route("**/v1/read?*", (route) => route.fulfill({ json: result }));
    await give(page, "drop", "house.png", drawDigit(4));
    await page.locator(".message", { hasText: "does not look like a digit" }).waitFor();
    assert.equal(await page.locator(".sign").count(), 0);
    assert.equal(await page.locator(".candidates").isVisible(), false);
    await page.getByText("What it came closest to").click();
    assert.equal(await page.locator(".candidates li").count(), 10);
    await show(page, "rejected");
  }));

/* ---- several signs ---- */

/* Answers with this reading, whatever is sent, and collects what is asked. */
async function answerWith(page, { picture: bytes, result }, asked = []) {
  const step = `data:image/png;base64,${bytes.toString("base64")}`;
  const steps = ["light", "new-step"].map((name) => ({ name, picture: step }));
  await page.route("**/v1/read?*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    asked.push(Object.fromEntries(query));
    return route.fulfill({ json: query.has("steps") ? { ...result, steps } : result });
  });
}

async function showReading(page, reading, asked) {
  await answerWith(page, reading, asked);
  await page.locator("#file").setInputFiles(picture("several.png", reading.picture));
  await page.locator("#content:not(.busy) .beside").waitFor();
}

const boxes = (page) => page.locator("#boxes button");
const bubble = (page) => page.locator(".bubble");
const glyphsOf = ({ result }) => result.pages[0].lines.flatMap(({ glyphs }) => glyphs);
const text = (locator) => locator.evaluate((element) => element.textContent.replace(/\s/g, " "));
/* Without moving the mouse, that what is there is no longer pointed at. */
const isLit = (locator) => locator.evaluate((element) => element.classList.contains("lit"));

/* Where the picture really is inside of its element, and each box in it. */
async function assertBoxesFit(page, reading) {
  const image = await page.locator("#preview").evaluate((element) => {
    const box = element.getBoundingClientRect();
    const padding = parseFloat(getComputedStyle(element).paddingLeft);
    const [wide, high] = [box.width - 2 * padding, box.height - 2 * padding];
    const scale = Math.min(wide / element.naturalWidth, high / element.naturalHeight);
    const left = box.left + padding + (wide - scale * element.naturalWidth) / 2;
    const top = box.top + padding + (high - scale * element.naturalHeight) / 2;
    return { left, top, scale };
  });
  const found = await boxes(page).evaluateAll((all) =>
    all.map((each) => each.getBoundingClientRect()).map(({ x, y, width: w, height: h }) => [x, y, w, h]),
  );
  assert.equal(found.length, glyphsOf(reading).length);
  for (const [i, { box }] of glyphsOf(reading).entries()) {
    const wanted = box.map((value) => value * image.scale);
    wanted[0] += image.left;
    wanted[1] += image.top;
    for (const [k, value] of wanted.entries())
      assert.ok(Math.abs(value - found[i][k]) < 1, `box ${i}: ${found[i]} instead of ${wanted}`);
  }
}

test("several signs: boxes over the picture that keep to it, and the text beside", () =>
  withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const reading = twoLines();
    await showReading(page, reading);
    await assertBoxesFit(page, reading);
    await page.setViewportSize({ width: 330, height: 700 });
    await assertBoxesFit(page, reading);
    await page.setViewportSize({ width: 1024, height: 768 });
    assert.deepEqual(await page.locator(".lines p").allTextContents(), ["147,71", "7.1(not read)"]);
    assert.equal(await page.locator(".doubts").textContent(), "1 unsure and 1 not read of 8 signs");
    const names = await boxes(page).evaluateAll((all) => all.map((each) => each.ariaLabel.replace(/\s/g, " ")));
    assert.equal(names[0], "1, > 99.9 %");
    assert.equal(names[3], "7, 81.2 %, or 1 15.0 %, or 2 3.0 %, or 9 0.2 %");
    assert.equal(names[7], "not read, perhaps 4 40.0 %, perhaps 9 30.0 %");
    const look = (index) =>
      boxes(page).nth(index).evaluate((box) => getComputedStyle(box, "::after").borderTopStyle);
    assert.deepEqual([await look(0), await look(7)], ["solid", "dashed"]);
    assert.match(await page.locator("#status").textContent(), /^Reads as 147,71 7\.1\. 1 unsure and 1 not read/);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "147,71\n7.1");
    await page.getByText("How sure each sign is").click();
    const each = page.locator(".each li");
    assert.equal(await each.count(), 8);
    assert.equal(await text(each.nth(3)), "7 81.2 % or 1 (15.0 %), 2 (3.0 %), 9 (0.2 %)");
    assert.equal(await text(each.nth(7)), "? not read or 4 (40.0 %), 9 (30.0 %)");
    await page.getByRole("button", { name: "Remove" }).click();
    assert.equal(await boxes(page).count(), 0);
  }));

test("boxes and text are there for a picture that the browser cannot show", () =>
  withPage({}, async (page) => {
    const { result } = twoLines();
    await showReading(page, { picture: Buffer.from("II*, which only the server knows"), result });
    await page.locator("#no-preview").waitFor();
    assert.equal(await boxes(page).count(), 8);
    assert.deepEqual(await page.locator(".lines p").allTextContents(), ["147,71", "7.1(not read)"]);
    await show(page, "no-preview");
  }));

/* The same pictures as the server itself reads them. */
test("several signs, from the picture to the page", () =>
  withPage({}, async (page) => {
    await page.locator("#file").setInputFiles(picture("lines.png", twoLines().picture));
    await page.locator("#content:not(.busy) .lines").waitFor();
    assert.deepEqual(await page.locator(".lines p").allTextContents(), ["14771", "714"]);
    assert.equal(await boxes(page).count(), 8);
    await page.getByText("What Scrawl saw").click();
    await page.locator(".steps img").nth(2).waitFor();
    const { picture: bytes, result } = sudoku();
    await page.locator("#file").setInputFiles(picture("grid.png", bytes));
    await page.locator("#content:not(.busy) .grid").waitFor();
    const signs = result.pages[0].grid.cells.flat().map((cell) => cell.text);
    assert.deepEqual(await page.locator(".grid td").allTextContents(), signs);
    assert.match(await page.locator("#status").textContent(), /^A grid of 9 rows and 9 columns\./);
  }));

test("pointing at a box lights its sign in the text, and the other way round", () =>
  withPage({}, async (page) => {
    await showReading(page, twoLines());
    const sign = page.locator(".lines .found").nth(3);
    const box = boxes(page).nth(3);
    await box.hover();
    assert.ok(await isLit(sign));
    assert.equal(await text(bubble(page).locator("li").nth(1)), "1 15.0 %".replace(" ", ""));
    await bubble(page).hover(); /* one can get there without its going away */
    await page.waitForTimeout(400);
    assert.ok(await bubble(page).isVisible());
    await page.locator(".mark").hover();
    await bubble(page).waitFor({ state: "hidden" });
    assert.equal(await isLit(sign), false);
    await sign.hover();
    assert.ok(await isLit(box));
    assert.ok(await bubble(page).isVisible());
    await page.keyboard.press("Escape");
    assert.equal(await bubble(page).isVisible(), false);
    await page.locator(".lines .found").nth(7).hover();
    assert.match(await text(bubble(page)), /^Not read; perhaps4\s*40\.0 %/);
  }));

test("a tap on a box, or near a small one, shows what else it could be", () =>
  withPage({ hasTouch: true, isMobile: true, viewport: { width: 320, height: 640 } }, async (page) => {
    await showReading(page, twoLines());
    await boxes(page).nth(3).tap();
    assert.equal(await bubble(page).locator("li").count(), 4);
    await show(page, "tapped");
    const { x, y, width } = await boxes(page).nth(5).boundingBox();
    await page.touchscreen.tap(x + width / 2, y - 12);
    assert.ok(await isLit(boxes(page).nth(5)));
    assert.equal(await isLit(boxes(page).nth(3)), false);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await page.locator(".doubts").tap();
    assert.equal(await bubble(page).isVisible(), false);
    await page.locator(".lines .found").nth(3).tap();
    assert.ok(await isLit(boxes(page).nth(3)));
  }));

test("the keyboard goes from box to box with one stop of the Tab key", () =>
  withPage({}, async (page) => {
    await showReading(page, twoLines());
    const at = () => page.evaluate(() => [...document.querySelectorAll("#boxes button")].indexOf(document.activeElement));
    await page.locator("#modes :checked").focus();
    await page.keyboard.press("Tab");
    const stops = [await at()];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "End", "Home", "ArrowLeft"]) {
      await page.keyboard.press(key);
      stops.push(await at());
    }
    assert.deepEqual(stops, [0, 1, 2, 7, 7, 2, 4, 0, 0]);
    assert.ok(await bubble(page).isVisible());
    assert.ok(await isLit(page.locator(".lines .found").first()));
    await page.keyboard.press("Escape");
    assert.equal(await bubble(page).isVisible(), false);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "clear");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await at(), 1); /* where one was */
  }));

test("a grid is a table, and its boxes know their row and column", () =>
  withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const reading = sudoku();
    await showReading(page, reading);
    await assertBoxesFit(page, reading);
    const { cells } = reading.result.pages[0].grid;
    const shown = await page.locator(".grid tr").evaluateAll((rows) =>
      rows.map((row) => [...row.cells].map((cell) => cell.textContent)),
    );
    const wanted = cells.map((row) => row.map((cell) => cell.text));
    assert.deepEqual(shown, wanted);
    const names = await boxes(page).evaluateAll((all) => all.map((each) => each.ariaLabel));
    const [row, column] = [4, wanted[4].indexOf("4")];
    assert.ok(names.some((name) => name.startsWith("4, 70.0") && name.endsWith(`row ${row + 1}, column ${column + 1}`)));
    const cell = page.locator(".grid tr").nth(row).locator("td").nth(column).locator(".found");
    await cell.hover();
    assert.equal(await page.locator("#boxes .lit").getAttribute("aria-label"), names.find((name) => name.startsWith("4, 70.0")));
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied, wanted.map((texts) => texts.join("\t")).join("\n"));
  }));

test("what to read can be chosen, and is read again when that changes", () =>
  withPage({}, async (page) => {
    const asked = [];
    await showReading(page, sudoku(), asked);
    await page.getByRole("radio", { name: "Grid" }).check();
    await page.waitForFunction(() => !document.querySelector("#content.busy"));
    await page.locator("#modes :checked").focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => !document.querySelector("#content.busy"));
    assert.deepEqual(asked.map(({ as }) => as), ["auto", "grid", "digits"]);
    await page.getByRole("button", { name: "Remove" }).click();
    await draw(page, 1);
    await page.locator("#content:not(.busy) .grid").waitFor();
    assert.equal(asked.at(-1).as, "digits");
  }));

test("what Scrawl saw is shown when somebody asks", () =>
  withPage({}, async (page) => {
    const asked = [];
    await showReading(page, twoLines(), asked);
    assert.equal(asked.length, 1);
    await page.getByText("What Scrawl saw").click();
    const image = page.locator(".steps img");
    await image.first().waitFor();
    await page.waitForFunction(() => document.querySelector(".steps img").naturalWidth === 480);
    assert.match(await image.first().getAttribute("src"), /^blob:/);
    assert.deepEqual(await page.locator(".steps figcaption").allTextContents(), ["In even light", "new-step"]);
    assert.deepEqual(asked[1], { as: "auto", steps: "1" });
    await page.getByText("What Scrawl saw").click();
    await page.getByText("What Scrawl saw").click();
    assert.equal(asked.length, 2);
    await page.route("**/v1/read?*", (route) => route.fulfill({ status: 415, json: { detail: "no such thing" } }));
    await page.locator("#file").setInputFiles(picture("one.png", drawDigit(1)));
    await page.locator(".failure").waitFor();
    assert.equal(await image.count(), 0);
  }));

test("where several signs are drawn, one can go on drawing", () =>
  withPage({}, async (page) => {
    await answerWith(page, twoLines());
    await draw(page, 1);
    await page.locator("#content:not(.busy) .lines").waitFor();
    assert.equal(await boxes(page).count(), 8);
    await page.locator(".lines .found").first().hover();
    assert.ok(await isLit(boxes(page).first()));
    await draw(page, 7);
    await page.locator("#content:not(.busy) .lines").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await boxes(page).count(), 0);
  }));

test("the beginning of a text stands on the small picture", () =>
  withPage({}, async (page) => {
    const { picture: bytes, result } = twoLines();
    await answerWith(page, { picture: bytes, result });
    await page.locator("#file").setInputFiles([picture("a.png", bytes), picture("b.png", bytes)]);
    await page.locator(".strip .badge").nth(1).waitFor();
    assert.deepEqual(await page.locator(".strip .badge").allTextContents(), ["147,71", "147,71"]);
  }));

/* ---- drawing ---- */

test("a drawn digit is read by itself; undo and clear work", () =>
  withPage({}, async (page) => {
    await show(page, "empty");
    assert.equal(await page.locator("#hint").isVisible(), true);
    await draw(page, 1);
    await assertReads(page, "1");
    assert.equal(await page.locator("#hint").isVisible(), false);
    await page.getByRole("button", { name: "Clear" }).click();
    assert.ok(await isBlank(page));
    assert.equal(await page.locator(".invitation").isVisible(), true);
    await draw(page, 7);
    await assertReads(page, "7");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.keyboard.press("Control+z");
    assert.ok(await isBlank(page), "both strokes of the 7 are undone");
    await page.keyboard.press("Control+z");
    await assertReads(page, "1"); /* the clearing is undone too */
  }));

test("a picture on the sheet does not cost the drawing", () =>
  withPage({}, async (page) => {
    await draw(page, 1);
    await assertReads(page, "1");
    await give(page, "drop", "seven.png", drawDigit(7));
    await page.locator(".answer .sign", { hasText: "7" }).waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.locator(".answer .sign", { hasText: "1" }).waitFor();
    await assertReads(page, "1");
  }));

/* Somebody may draw before the browser has shown the page for the first time. The window hears of
 * the document last, after the page's own script. */
test("the sheet has its size as soon as the script has run", () =>
  withPage({}, async (page) => {
    await page.addInitScript(() =>
      addEventListener("DOMContentLoaded", () => {
        const { width, height, clientWidth } = document.getElementById("canvas");
        globalThis.sizes = { width, height, wanted: Math.round(clientWidth * devicePixelRatio) };
      }),
    );
    await page.reload();
    const { width, height, wanted } = await page.evaluate(() => globalThis.sizes);
    assert.deepEqual([width, height], [wanted, wanted]);
  }));

/* Real touch input, as the browser gets it from a screen. */
test("a finger draws and never scrolls the page", () =>
  withPage({ hasTouch: true, isMobile: true, viewport: { width: 320, height: 400 } }, async (page) => {
    const client = await page.context().newCDPSession(page);
    const box = await page.locator("#canvas").boundingBox();
    const touch = (type, y) =>
      client.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: type === "touchEnd" ? [] : [{ x: box.x + box.width / 2, y: box.y + y * box.height }],
      });
    await touch("touchStart", 0.85);
    for (let y = 0.8; y > 0.15; y -= 0.05) await touch("touchMove", y);
    await touch("touchEnd");
    await assertReads(page, "1");
    assert.equal(await page.evaluate(() => scrollY), 0);
    assert.equal(await page.locator("#canvas").evaluate((canvas) => getComputedStyle(canvas).touchAction), "none");
  }));

test("a pen's pressure is its width, and the palm that follows is no stroke", () =>
  withPage({}, async (page) => {
    const widths = await page.evaluate(() => {
      const canvas = document.getElementById("canvas");
      const box = canvas.getBoundingClientRect();
      canvas.setPointerCapture = () => {};
      const send = (type, pointerType, pressure, x, y) =>
        canvas.dispatchEvent(
          new PointerEvent(type, {
            pointerId: pointerType === "pen" ? 1 : 2,
            pointerType,
            pressure,
            button: 0,
            isPrimary: true,
            clientX: box.left + x * box.width,
            clientY: box.top + y * box.height,
            bubbles: true,
            cancelable: true,
          }),
        );
      for (const [y, pressure] of [
        [0.25, 0.1],
        [0.5, 1],
      ]) {
        send("pointerdown", "pen", pressure, 0.2, y);
        send("pointermove", "pen", pressure, 0.5, y);
        send("pointermove", "pen", pressure, 0.8, y);
        send("pointerup", "pen", 0, 0.8, y);
      }
      send("pointerdown", "touch", 0.5, 0.2, 0.8);
      send("pointermove", "touch", 0.5, 0.8, 0.8);
      send("pointerup", "touch", 0, 0.8, 0.8);
      const side = canvas.width;
      const column = canvas.getContext("2d").getImageData(side / 2, 0, 1, side).data;
      const inkIn = (from, to) => {
        let rows = 0;
        for (let y = Math.round(from * side); y < to * side; y++) if (column[4 * y + 3] > 127) rows++;
        return rows / side;
      };
      return [inkIn(0.15, 0.35), inkIn(0.4, 0.6), inkIn(0.7, 0.9)];
    });
    const [light, firm, palm] = widths;
    assert.ok(light > 0.02 && firm > 1.8 * light, `widths ${widths}`);
    assert.equal(palm, 0);
  }));

/* ---- without a script, without a mouse ---- */

test("without a script the form works", () =>
  withPage({ javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator("#canvas").isVisible(), false);
    await show(page, "no-script");
    await page.locator("#file").setInputFiles([picture("seven.png", drawDigit(7)), picture("one.png", drawDigit(1))]);
    await page.getByRole("button", { name: "Read" }).click();
    await page.waitForURL("**/read#reading");
    assert.deepEqual(await page.locator(".answer .sign").allTextContents(), ["7", "1"]);
    assert.deepEqual(await page.locator(".source").allTextContents(), ["seven.png", "one.png"]);
    await show(page, "no-script-result");
    await page.locator("#file").setInputFiles(picture("letter.png", Buffer.from("Dear all")));
    await page.getByRole("button", { name: "Read" }).click();
    await page.locator(".failure").waitFor();
  }));

test("without a script lines and grids are shown too", () =>
  withPage({ javaScriptEnabled: false, viewport: { width: 320, height: 640 } }, async (page) => {
    const overflow = () => page.locator("html").evaluate((root) => root.scrollWidth > innerWidth);
    await page.getByRole("radio", { name: "Digits", exact: true }).check();
    await page.locator("#file").setInputFiles(picture("lines.png", twoLines().picture));
    await page.getByRole("button", { name: "Read" }).click();
    await page.waitForURL("**/read#reading");
    assert.deepEqual(await page.locator(".lines p").allTextContents(), ["14771", "714"]);
    assert.ok(await page.getByRole("radio", { name: "Digits", exact: true }).isChecked());
    await page.getByText("How sure each sign is").click();
    assert.equal(await page.locator(".each li").count(), 8);
    assert.equal(await overflow(), false);
    await show(page, "no-script-lines");
    await page.getByRole("radio", { name: "Grid" }).check();
    const { picture: bytes, result } = sudoku();
    await page.locator("#file").setInputFiles(picture("grid.png", bytes));
    await page.getByRole("button", { name: "Read" }).click();
    await page.locator(".grid").waitFor();
    const signs = result.pages[0].grid.cells.flat().map((cell) => cell.text);
    assert.deepEqual(await page.locator(".grid td").allTextContents(), signs);
    assert.equal(await overflow(), false);
    await show(page, "no-script-grid");
  }));

test("the keyboard reaches everything, and one sees where it is", () =>
  withPage({}, async (page) => {
    const chooser = page.waitForEvent("filechooser"); /* long before the key: to listen takes a while */
    const stops = [];
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.value));
      const outlined = await page.evaluate(() => {
        const active = document.activeElement;
        const shown = active.matches("input") ? active.nextElementSibling : active;
        return getComputedStyle(shown).outlineStyle !== "none";
      });
      assert.ok(outlined, `no outline at ${stops.at(-1)}`);
    }
    assert.deepEqual(stops, ["auto", "undo", "clear", "file"]);
    await page.keyboard.press("Space");
    await (await chooser).setFiles([picture("a.png", drawDigit(7)), picture("b.png", drawDigit(1))]);
    await page.locator(".strip .badge").nth(1).waitFor();
    await page.locator(".strip button").first().focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await assertReads(page, "1");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-current")), "true");
    await page.locator("#clear").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "clear");
    assert.equal(await page.locator(".invitation").isVisible(), true);
  }));

/* ---- how it looks ---- */

/* Nothing wider than the window, no two of the page's blocks on top of each other, nothing cut off.
 * */
async function assertLayout(page, name) {
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
async function assertAccessible(page, name) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
  assert.deepEqual(told, [], name);
}

for (const colorScheme of ["light", "dark"])
  for (const [width, height] of SIZES)
    test(`${width} wide, ${colorScheme}: all in its place and legible`, () =>
      withPage({ viewport: { width, height }, colorScheme, bypassCSP: true }, async (page) => {
        const name = `${width}-${colorScheme}`;
        await assertLayout(page, name);
        await draw(page, 7);
        await assertReads(page, "7");
        await assertLayout(page, name);
        await show(page, name);
        const below = await page.locator(".answer").evaluate((answer) => answer.getBoundingClientRect().bottom);
        assert.ok(below <= height, `the reading ends at ${below} of ${height}`);
        const files = Array.from({ length: 7 }, (_, i) => picture(`a-rather-long-name-of-a-picture-${i}.png`, drawDigit(7)));
        await page.locator("#file").setInputFiles(files);
        await page.locator(".strip .badge").nth(6).waitFor();
        await assertLayout(page, name);
        if (width === SIZES[0][0] || width === 1024) await assertAccessible(page, name);
        await show(page, `${name}-several`);
      }));

for (const colorScheme of ["light", "dark"])
  test(`several signs at every width, ${colorScheme}`, () =>
    withPage({ colorScheme, bypassCSP: true }, async (page) => {
      for (const [name, reading] of Object.entries({ lines: twoLines(), grid: sudoku(), page: fullPage() })) {
        await page.unrouteAll();
        await showReading(page, reading);
        await page.getByText("How sure each sign is").click();
        await page.getByText("What Scrawl saw").click();
        await page.locator(".steps img").first().waitFor();
        for (const [width, height] of SIZES) {
          await page.setViewportSize({ width, height });
          await assertBoxesFit(page, reading);
          await assertLayout(page, `${name}, ${width} px`);
          await boxes(page).first().focus();
          await page.keyboard.press("ArrowRight");
          await assertLayout(page, `${name} with bubble, ${width} px`);
          await show(page, `${name}-${width}-${colorScheme}`);
        }
        await assertAccessible(page, name);
        await page.setViewportSize({ width: 320, height: 640 });
        await assertAccessible(page, name);
      }
    }));

test("with letters twice as large everything still fits", () =>
  withPage({ viewport: { width: 320, height: 640 }, bypassCSP: true }, async (page) => {
    await page.addStyleTag({ content: "html { font-size: 200% !important }" });
    await draw(page, 7);
    await assertReads(page, "7");
    await assertLayout(page, "200 %");
    await show(page, "large-letters");
  }));
