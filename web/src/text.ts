/* What was read from a picture with several signs: its lines, or a grid as a table, each sign
 * linked to its box; and how sure each one is. The same elements as src/serve/view_text.c writes.
 * */

import { glyphsOf, type Glyph, type Line, type Page } from "./api";
import { byId, doubt, element, others, percent } from "./dom";
import { placesOf } from "./grid";
import { link } from "./links";

const COPIED_MILLISECONDS = 2000;
const WIDE = 10; /* columns: a grid of more may have to scroll on a small screen */

/* The page as plain text: a line for each line; of a grid a line for each row, its cells separated
 * by tabs. */
export const plainText = (page: Page): string =>
  page.grid
    ? page.grid.cells.map((row) => row.map(({ text }) => text).join("\t")).join("\n")
    : page.lines.map(({ text }) => text).join("\n");

function sign(glyph: Glyph): HTMLElement {
  const made = element("span", `found ${doubt(glyph)}`, glyph.text);
  if (glyph.rejected) made.append(element("span", "unseen", "(not read)"));
  link(glyph, made);
  return made;
}

const IS_SEPARATOR = /^[^\p{L}\p{N}]*$/u;

/* A line's text is its signs and what separates them, and says nothing of what was not read. */
function lineParts({ text, glyphs }: Line): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const glyph of glyphs) {
    if (!glyph.rejected) {
      const next = text.indexOf(glyph.text, at);
      if (next < 0 || !IS_SEPARATOR.test(text.slice(at, next))) continue;
      if (next > at) parts.push(text.slice(at, next));
      at = next + glyph.text.length;
    }
    parts.push(sign(glyph));
  }
  return at < text.length ? [...parts, text.slice(at)] : parts;
}

function lineList(page: Page): HTMLElement {
  const list = element("div", "lines");
  for (const line of page.lines) list.append(element("p", "", ...lineParts(line)));
  return list;
}

function table(page: Page, { rows, columns, cells }: NonNullable<Page["grid"]>): HTMLElement {
  const made = element("table", "grid");
  const places = [...placesOf(page)];
  made.append(element("caption", "unseen", `${rows} rows, ${columns} columns`));
  for (const [row, line] of cells.entries()) {
    const here = places.filter(([, place]) => place.row === row);
    const shown = line.map(({ text }, column) => {
      const signs = here.filter(([, place]) => place.column === column).map(([glyph]) => glyph);
      return element("td", "", ...(signs.length ? signs.map(sign) : [text]));
    });
    made.append(element("tr", "", ...shown));
  }
  const frame = element("div", "wide", made);
  if (columns > WIDE) {
    frame.tabIndex = 0; /* what scrolls can be reached with the keyboard */
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "The grid");
  }
  return frame;
}

/* "3 of 40 signs are unsure, 1 is not read", or "" when all is well. */
export function doubtSummary(page: Page): string {
  const all = glyphsOf(page);
  const count = (kind: string) => all.filter((glyph) => doubt(glyph) === kind).length;
  const parts = [
    [count("unsure"), "unsure"],
    [count("rejected"), "not read"],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return said.length ? `${said.join(" and ")} of ${all.length} signs` : "";
}

/* Every sign in reading order with its confidence and what else it could be. */
function eachSign(page: Page): HTMLElement {
  const list = element("ol", "each");
  for (const glyph of glyphsOf(page)) {
    const share = glyph.rejected ? "not read" : percent(glyph.confidence);
    const rest = others(glyph).map(({ text, confidence }) => `${text} (${percent(confidence)})`);
    const item = element("li", doubt(glyph), element("span", "candidate", glyph.text || "?"));
    item.append(" ", element("span", "percent", share));
    if (rest.length) item.append(" ", element("span", "others", `or ${rest.join(", ")}`));
    list.append(item);
  }
  return element("details", "", element("summary", "", "How sure each sign is"), list);
}

async function copy(text: string, shown: HTMLElement, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = byId("status").textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), COPIED_MILLISECONDS);
  } catch {
    getSelection()?.selectAllChildren(shown); /* not allowed: the reader's own keys will do it */
  }
}

export function textOf(page: Page): HTMLElement[] {
  const shown = page.grid ? table(page, page.grid) : lineList(page);
  const button = element("button", "copy", "Copy");
  button.setAttribute("type", "button");
  button.addEventListener("click", () => void copy(plainText(page), shown, button));
  const summary = element("p", "doubts", doubtSummary(page));
  const each = page.lines.length ? [eachSign(page)] : [];
  return [shown, element("div", "beside", summary, button), ...each];
}
