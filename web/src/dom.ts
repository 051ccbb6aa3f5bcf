/* What the page's parts share to build elements, and how they write numbers. */

import type { Candidate, Glyph } from "./api";

const SVG = "http://www.w3.org/2000/svg";
const UNSURE = 0.95; /* under it a sign is marked: of those just under, one in twenty is wrong */
const LEAST = 0.001; /* what is less likely is not worth a word */
const MOST_NAMED = 3;

export const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export function element(
  name: string,
  classes: string,
  ...children: (Node | string)[]
): HTMLElement {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...children);
  return made;
}

/* One decimal, and never more certain than it is. */
export function percent(share: number): string {
  if (share > 0.9994) return "> 99.9\u00a0%";
  if (share < 0.001) return "< 0.1\u00a0%";
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

export const doubt = (glyph: Glyph): "certain" | "unsure" | "rejected" =>
  glyph.rejected ? "rejected" : glyph.confidence < UNSURE ? "unsure" : "certain";

/* The other readings that are worth showing. */
export const others = (glyph: Glyph): Candidate[] =>
  glyph.alternatives.filter(({ confidence }) => confidence >= LEAST).slice(0, MOST_NAMED);

/* "7, 99.8 %, or 1 0.1 %" */
export function describe(glyph: Glyph): string {
  const named = others(glyph).map(({ text, confidence }) => `${text} ${percent(confidence)}`);
  if (glyph.rejected) return ["not read", ...named.map((name) => `perhaps ${name}`)].join(", ");
  return [glyph.text, percent(glyph.confidence), ...named.map((name) => `or ${name}`)].join(", ");
}

/* An attribute of SVG and not a style, which the page's policy forbids in what the server writes.
 * */
function bar(share: number): SVGElement {
  const picture = document.createElementNS(SVG, "svg");
  const part = document.createElementNS(SVG, "rect");
  picture.setAttribute("class", "bar");
  picture.setAttribute("aria-hidden", "true");
  part.setAttribute("width", `${(share * 100).toFixed(2)}%`);
  part.setAttribute("height", "100%");
  part.setAttribute("rx", "5");
  picture.append(part);
  return picture;
}

export function candidateList(candidates: Candidate[]): HTMLElement {
  const list = element("ol", "candidates");
  list.setAttribute("aria-label", "Candidates, best first");
  for (const { text, confidence } of candidates) {
    const share = element("span", "percent", percent(confidence));
    list.append(element("li", "", element("span", "candidate", text), bar(confidence), share));
  }
  return list;
}
