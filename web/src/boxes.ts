/* The boxes over the picture: a button for each sign that was found, named as it was read. They lie
 * where the picture does, in shares of its size, so that they keep to it at every size.
 *
 * Together they are one stop of the Tab key; arrow keys go from one to the next, along the line and
 * to the line above or below. */

import { glyphsOf, type Glyph, type Page } from "./api";
import { byId, describe, doubt, element } from "./dom";
import { placesOf, type Place } from "./grid";
import { keep, link } from "./links";

const FINGER = 24; /* pixels: a tap so near a box is meant for it */

const group = (): HTMLElement => byId("boxes");
const buttons = (): HTMLElement[] => [...group().querySelectorAll<HTMLElement>("button")];
function makeButton(page: Page, glyph: Glyph, place?: Place): HTMLElement {
  const button = element("button", doubt(glyph));
  const [x, y, width, height] = glyph.box;
  const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
  button.setAttribute("type", "button");
  const where = place ? `, row ${place.row + 1}, column ${place.column + 1}` : "";
  button.setAttribute("aria-label", describe(glyph) + where);
  button.tabIndex = -1;
  button.style.left = share(x, page.width);
  button.style.top = share(y, page.height);
  button.style.width = share(width, page.width);
  button.style.height = share(height, page.height);
  link(glyph, button);
  return button;
}

/* What a key leads to from the sign with this index, or nothing. */
function follow(key: string, page: Page, from: number): number | undefined {
  const rows: number[][] = [];
  let count = 0;
  for (const { glyphs } of page.lines) rows.push(glyphs.map(() => count++));
  const row = rows.findIndex((indices) => indices.includes(from));
  const glyphs = glyphsOf(page);
  const x = (index: number) => glyphs[index]!.box[0] + glyphs[index]!.box[2] / 2;
  const nearest = (indices: number[] = []) =>
    [...indices].sort((a, b) => Math.abs(x(a) - x(from)) - Math.abs(x(b) - x(from)))[0];
  switch (key) {
    case "ArrowRight":
      return from + 1;
    case "ArrowLeft":
      return from - 1;
    case "ArrowDown":
      return nearest(rows[row + 1]);
    case "ArrowUp":
      return nearest(rows[row - 1]);
    case "Home":
      return rows[row]?.[0];
    case "End":
      return rows[row]?.slice(-1)[0];
    default:
      return undefined;
  }
}

function move(event: KeyboardEvent, page: Page): void {
  const all = buttons();
  const from = all.indexOf(event.target as HTMLElement);
  const to = follow(event.key, page, from);
  if (from < 0 || to === undefined) return;
  event.preventDefault(); /* the page does not scroll, not even at the last one */
  all[to]?.focus();
}

/* The next Tab leads back to where one was. */
function remember(target: EventTarget | null): void {
  for (const button of buttons()) button.tabIndex = button === target ? 0 : -1;
}

/* A tap beside small boxes is for the nearest one. */
function tap(event: MouseEvent, page: Page): void {
  const glyphs = glyphsOf(page);
  const gap = (at: number, from: number, to: number) => Math.max(from - at, at - to, 0);
  const near = buttons()
    .map((button, index) => {
      const box = button.getBoundingClientRect();
      const x = gap(event.clientX, box.left, box.right);
      const y = gap(event.clientY, box.top, box.bottom);
      return { button, index, far: Math.hypot(x, y) };
    })
    .sort((a, b) => a.far - b.far)[0];
  if (!near || near.far > FINGER) return;
  event.stopPropagation();
  keep(glyphs[near.index]!, near.button);
}

export function hideBoxes(): void {
  group().hidden = true;
  group().replaceChildren();
}

/* Over a drawing one writes on: its boxes are for the keyboard and for what the text points at. */
export function showBoxes(page: Page, over: "picture" | "drawing"): void {
  const ratio = page.width / page.height;
  const places = placesOf(page);
  const made = glyphsOf(page).map((glyph) => makeButton(page, glyph, places.get(glyph)));
  const boxes = group();
  boxes.replaceChildren(...made);
  boxes.hidden = made.length === 0;
  boxes.className = `boxes over-${over}`;
  boxes.style.setProperty("--wide", String(Math.min(1, ratio)));
  boxes.style.setProperty("--high", String(Math.min(1, 1 / ratio)));
  if (made[0]) made[0].tabIndex = 0;
  boxes.onkeydown = (event) => move(event, page);
  boxes.onclick = (event) => {
    if (event.target === boxes) tap(event, page);
  };
}

export function startBoxes(): void {
  group().addEventListener("focusin", ({ target }) => remember(target));
}
