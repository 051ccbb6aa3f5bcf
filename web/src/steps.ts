/* What Scrawl saw: the picture after each step of its cleaning, asked for when somebody wants to
 * know. The answer has them as data: URLs; the page's policy shows pictures of this server and of
 * blob: URLs only, so that nothing in an answer can bring pictures of its own, and they become
 * blobs here. */

import { Failure, readSteps, type Mode, type Step } from "./api";
import { element } from "./dom";

let urls: string[] = [];
let work = new AbortController();

/* What src/page/prepare.c and src/ink/paper.c call their steps, for people; others stand as they are called. */
const TITLES: Record<string, string> = {
  grey: "In grey",
  light: "In even light",
  noise: "Without noise",
  mask: "Where there is ink",
  rules: "Without ruled lines",
  ink: "The ink",
  sheet: "Straight",
  glyph: "The glyph alone",
};

function toBlob(data: string): Blob {
  const [head = "", body = ""] = data.split(",", 2);
  const type = /^data:(image\/[\w.+-]+);base64$/.exec(head)?.[1];
  if (!type) throw new Failure("the server sent a step that is no picture");
  const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type });
}

function figure({ name, picture }: Step): HTMLElement {
  const image = document.createElement("img");
  const url = URL.createObjectURL(toBlob(picture));
  urls.push(url);
  image.src = url;
  image.alt = ""; /* the caption says it */
  return element("figure", "", image, element("figcaption", "", TITLES[name] ?? name));
}

async function load(picture: Blob, mode: Mode, place: HTMLElement): Promise<void> {
  const { signal } = (work = new AbortController());
  try {
    const steps = await readSteps(picture, mode, signal);
    place.replaceChildren(...steps.map(figure));
    if (!steps.length) place.textContent = "There are no steps to show.";
  } catch (error) {
    if (signal.aborted) return;
    const sentence = error instanceof Failure ? error.message : "the steps could not be shown";
    place.textContent = `That did not work: ${sentence}.`;
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/* Before another reading is shown. */
export function forgetSteps(): void {
  work.abort();
  urls.forEach((url) => URL.revokeObjectURL(url));
  urls = [];
}

export function stepsOf(picture: Blob, mode: Mode): HTMLElement {
  const place = element("div", "steps", "Looking again\u2026");
  const details = element("details", "", element("summary", "", "What Scrawl saw"), place);
  place.setAttribute("aria-busy", "true");
  details.addEventListener("toggle", () => void load(picture, mode, place), { once: true });
  return details;
}
