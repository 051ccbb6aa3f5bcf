/* The page in a real browser: every way to give it a picture of one digit, what it answers, and how
 * it looks at every width.
 *
 *   node tests/web/page.mjs build/scrawl [FOLDER]
 * */
import assert from "node:assert/strict";
import { test } from "node:test";

import { drawBlank, drawDigit } from "../serve/scrawl.mjs";
import {
  assertAccessible,
  assertLayout,
  assertReads,
  draw,
  give,
  picture,
  show,
  sign,
  SIZES,
  withPage,
} from "./browser.mjs";

const isBlank = (page) =>
  page.locator("#canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.every((value) => value === 0);
  });

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

test("with letters twice as large everything still fits", () =>
  withPage({ viewport: { width: 320, height: 640 }, bypassCSP: true }, async (page) => {
    await page.addStyleTag({ content: "html { font-size: 200% !important }" });
    await draw(page, 7);
    await assertReads(page, "7");
    await assertLayout(page, "200 %");
    await show(page, "large-letters");
  }));
