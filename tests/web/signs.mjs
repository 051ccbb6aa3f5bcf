/* The page in a real browser with pictures of several signs: the boxes over them, the text beside,
 * what else a sign could be, and what Scrawl saw.
 *
 *   node tests/web/signs.mjs build/scrawl [FOLDER]
 * */
import assert from "node:assert/strict";
import { test } from "node:test";

import { drawDigit } from "../serve/scrawl.mjs";
import { assertAccessible, assertLayout, draw, picture, show, SIZES, withPage } from "./browser.mjs";
import { fullPage, sudoku, twoLines } from "./readings.mjs";

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
