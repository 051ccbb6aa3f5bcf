/* Showing a reading: the same elements as src/serve/view.c writes for browsers without a script,
 * and one spoken sentence. */

import type { Candidate, Reading } from "./api";

const SVG = "http://www.w3.org/2000/svg";

const content = (): HTMLElement => document.getElementById("content")!;

/* One decimal, and never more certain than it is. */
function percent(share: number): string {
  if (share > 0.9994) return "> 99.9\u00a0%";
  if (share < 0.001) return "< 0.1\u00a0%";
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

function element(name: string, classes: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...children);
  return made;
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

function candidateList(candidates: Candidate[]): HTMLElement {
  const list = element("ol", "candidates");
  list.setAttribute("aria-label", "Candidates, best first");
  for (const { text, confidence } of candidates) {
    const share = element("span", "percent", percent(confidence));
    list.append(element("li", "", element("span", "candidate", text), bar(confidence), share));
  }
  return list;
}

function message(classes: string, heading: string, text: string): HTMLElement {
  return element("p", classes, element("strong", "", heading), ` ${text}`);
}

function show(spoken: string, ...children: HTMLElement[]): void {
  content().replaceChildren(element("article", "outcome", ...children));
  content().classList.remove("busy");
  document.getElementById("status")!.textContent = spoken;
}

export function showReading(reading: Reading): void {
  const best = reading.candidates[0];
  if (reading.kind === "blank") {
    const sentence = message("message", "Nothing to read yet.", "No ink was found.");
    show("Nothing to read yet: no ink was found.", sentence);
  } else if (reading.kind === "rejected" || !best) {
    const heading = "This does not look like a digit.";
    const sentence = message("message", heading, "A single, larger, clearer one helps.");
    const summary = element("summary", "", "What it came closest to");
    const hints = best ? [element("details", "", summary, candidateList(reading.candidates))] : [];
    show(heading, sentence, ...hints);
  } else {
    const share = element("strong", "", percent(best.confidence));
    const sure = element("span", "sure", share, " confidence");
    show(
      `Reads as ${best.text}, ${percent(best.confidence)} confidence.`,
      element("p", "answer", element("span", "sign", best.text), " ", sure),
      candidateList(reading.candidates),
    );
  }
}

export function showFailure(sentence: string): void {
  const shown = message("message failure", "That did not work:", `${sentence}.`);
  show(`That did not work: ${sentence}`, shown);
}

export function showInvitation(): void {
  show("", element("p", "invitation", "Draw one digit, or choose a picture of one."));
}

/* What stands there is out of date: a new reading is on its way. */
export function showBusy(): void {
  content().classList.add("busy");
}
