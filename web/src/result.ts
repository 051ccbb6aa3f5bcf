/* Showing a reading: the same elements as src/serve/view.c writes for browsers without a script,
 * and one spoken sentence. */

import { glyphsOf, type Glyph, type Mode, type Page } from "./api";
import { hideBoxes, showBoxes } from "./boxes";
import { byId, candidateList, element, percent } from "./dom";
import { unlink } from "./links";
import { forgetSteps, stepsOf } from "./steps";
import { doubtSummary, plainText, textOf } from "./text";

const SPOKEN = 200; /* signs that are read out; the rest stands in the text */

const content = (): HTMLElement => byId("content");

/* What was read, and how: to be asked again for its steps. */
export interface Source {
  picture: Blob;
  mode: Mode;
  from: "picture" | "drawing";
}

function message(classes: string, heading: string, text: string): HTMLElement {
  return element("p", classes, element("strong", "", heading), ` ${text}`);
}

/* What was shown lets go of the picture, before anything new is built. */
function letGo(): void {
  hideBoxes();
  unlink();
  forgetSteps();
}

function show(spoken: string, ...children: HTMLElement[]): void {
  content().replaceChildren(element("article", "outcome", ...children));
  content().classList.remove("busy");
  byId("status").textContent = spoken;
}

function showOne(glyph: Glyph, steps: HTMLElement): void {
  if (glyph.rejected) {
    const heading = "This does not look like a digit.";
    const sentence = message("message", heading, "A single, larger, clearer one helps.");
    const summary = element("summary", "", "What it came closest to");
    const hints = glyph.alternatives.length
      ? [element("details", "", summary, candidateList(glyph.alternatives))]
      : [];
    show(heading, sentence, ...hints, steps);
    return;
  }
  const share = element("strong", "", percent(glyph.confidence));
  const sure = element("span", "sure", share, " confidence");
  show(
    `Reads as ${glyph.text}, ${percent(glyph.confidence)} confidence.`,
    element("p", "answer", element("span", "sign", glyph.text), " ", sure),
    candidateList([glyph, ...glyph.alternatives]),
    steps,
  );
}

function sentence(text: string): string {
  if (!text) return "No sign could be read.";
  return `Reads as ${text.length > SPOKEN ? `${text.slice(0, SPOKEN)} and more` : text}.`;
}

function showSeveral(page: Page, source: Source, steps: HTMLElement): void {
  const doubts = doubtSummary(page);
  const said = page.grid
    ? `A grid of ${page.grid.rows} rows and ${page.grid.columns} columns.`
    : sentence(plainText(page).replace(/\s+/g, " ").trim());
  show(said + (doubts && ` ${doubts}.`), ...textOf(page), steps);
  showBoxes(page, source.from);
}

export function showReading(page: Page, source: Source): void {
  letGo();
  const glyphs = glyphsOf(page);
  const [first] = glyphs;
  const steps = stepsOf(source.picture, source.mode);
  if (!first && !page.grid) {
    const sentence = message("message", "Nothing to read yet.", "No ink was found.");
    show("Nothing to read yet: no ink was found.", sentence, steps);
  } else if (first && glyphs.length === 1 && !page.grid) {
    showOne(first, steps);
  } else {
    showSeveral(page, source, steps);
  }
}

export function showFailure(sentence: string): void {
  letGo();
  const shown = message("message failure", "That did not work:", `${sentence}.`);
  show(`That did not work: ${sentence}`, shown);
}

export function showInvitation(): void {
  letGo();
  show("", element("p", "invitation", "Write digits, or choose a picture of some."));
}

/* What stands there is out of date: a new reading is on its way. */
export function showBusy(): void {
  content().classList.add("busy");
  letGo();
}
