/* One sign shows in several places: its box over the picture, its place in the text. Whichever is
 * pointed at, tapped or reached with the keyboard, all of them light up, and a bubble beside it
 * says what else it could be.
 *
 * A mouse shows a sign while it is over it; a tap or click keeps it until the next one elsewhere;
 * Escape puts it away. The bubble stays while the mouse is on it, so that one can get there. It is
 * for eyes only: the boxes' names say the same. */

import type { Glyph } from "./api";
import { candidateList, element, others } from "./dom";

const LINGER_MILLISECONDS = 150; /* from a sign to its bubble */
const GAP = 9; /* pixels between them */

interface Shown {
  glyph: Glyph;
  anchor: Element;
}

const places = new Map<Glyph, Element[]>();
const bubble = element("div", "bubble");
let hovered: Shown | null = null;
let focused: Shown | null = null;
let kept: Shown | null = null;
let timer = 0;

function fill(glyph: Glyph): void {
  const all = glyph.rejected ? others(glyph) : [glyph, ...others(glyph)];
  const heading = element("p", "", all.length ? "Not read; perhaps" : "Not read");
  bubble.replaceChildren(
    ...(glyph.rejected ? [heading] : []),
    ...(all.length ? [candidateList(all)] : []),
  );
}

/* Above its anchor where there is room in the window, else below; never beyond the sides. */
function place(anchor: Element): void {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const above = box.top - height - GAP;
  const top = above >= 0 ? above : box.bottom + GAP;
  const rightmost = document.documentElement.clientWidth - width - GAP;
  const left = Math.max(GAP, Math.min(rightmost, box.left + (box.width - width) / 2));
  bubble.style.top = `${top + scrollY}px`;
  bubble.style.left = `${left + scrollX}px`;
}

function update(): void {
  const shown = hovered ?? focused ?? kept;
  for (const [glyph, elements] of places)
    for (const each of elements) each.classList.toggle("lit", glyph === shown?.glyph);
  bubble.hidden = !shown;
  if (!shown) return;
  fill(shown.glyph);
  place(shown.anchor);
}

function hover(next: Shown | null): void {
  clearTimeout(timer);
  hovered = next;
  update();
}

function leave(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => hover(null), LINGER_MILLISECONDS);
}

/* Shows the sign until something else is chosen; a second time puts it away. */
export function keep(glyph: Glyph, anchor: Element): void {
  kept = kept?.anchor === anchor ? null : { glyph, anchor };
  update();
}

export function link(glyph: Glyph, place: HTMLElement): void {
  const shown = { glyph, anchor: place };
  places.set(glyph, [...(places.get(glyph) ?? []), place]);
  place.addEventListener("pointerenter", ({ pointerType }) => {
    if (pointerType !== "touch") hover(shown);
  });
  place.addEventListener("pointerleave", leave);
  place.addEventListener("click", (event) => {
    event.stopPropagation(); /* a click elsewhere puts it away */
    keep(glyph, place);
  });
  place.addEventListener("focus", () => {
    if (!place.matches(":focus-visible")) return;
    focused = shown;
    update();
  });
  place.addEventListener("blur", () => {
    focused = null;
    update();
  });
}

function putAway(): void {
  clearTimeout(timer);
  hovered = focused = kept = null;
  update();
}

/* Before another reading is shown. */
export function unlink(): void {
  putAway();
  places.clear();
}

export function startLinks(): void {
  bubble.hidden = true;
  bubble.setAttribute("aria-hidden", "true");
  document.querySelector("main")!.append(bubble);
  bubble.addEventListener("pointerenter", () => clearTimeout(timer));
  bubble.addEventListener("pointerleave", leave);
  bubble.addEventListener("click", (event) => event.stopPropagation());
  document.addEventListener("click", putAway);
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") putAway();
  });
  addEventListener("resize", putAway);
}
