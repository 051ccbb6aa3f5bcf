/* Asking the server to read a picture: POST /v1/read and its JSON result, or the sentence that says
 * what went wrong. */

export type Mode = "auto" | "digit" | "digits" | "grid";
export type Box = [x: number, y: number, width: number, height: number]; /* pixels of the picture */

export interface Candidate {
  text: string;
  confidence: number;
}

/* A rejected one has no text, and its alternatives are only a hint. */
export interface Glyph extends Candidate {
  box: Box;
  alternatives: Candidate[];
  rejected: boolean;
}

export interface Line {
  text: string; /* the glyphs' signs, and what separates them */
  glyphs: Glyph[];
}

export interface Cell {
  text: string;
  box: Box;
}

/* A grid's lines are its rows that have ink; a page without lines is blank. */
export interface Page {
  width: number;
  height: number;
  lines: Line[];
  grid?: { rows: number; columns: number; cells: Cell[][] };
}

/* All signs in reading order. */
export const glyphsOf = (page: Page): Glyph[] => page.lines.flatMap(({ glyphs }) => glyphs);

/* What the picture looked like after a step of its cleaning. */
export interface Step {
  name: string;
  picture: string; /* a data: URL */
}

interface Result {
  pages: Page[];
  steps?: Step[];
}

/* A failure with a sentence for the person in front of the page. */
export class Failure extends Error {}

const TRIES = 4;
const SECOND = 1000;

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

async function explain(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return `the server answered ${response.status} ${response.statusText}`;
  }
}

/* A busy server (503) is asked again a few times, when it says so. Throws Failure, or the signal's
 * reason when aborted. */
async function post(query: string, picture: Blob, signal: AbortSignal): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    let response: Response;
    try {
      response = await fetch(`/v1/read?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: picture,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Failure("Scrawl cannot be reached; is it still running?");
    }
    if (response.ok) return (await response.json()) as Result;
    if (response.status !== 503 || attempt === TRIES) throw new Failure(await explain(response));
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    await wait(seconds * SECOND, signal);
  }
}

export async function read(picture: Blob, mode: Mode, signal: AbortSignal): Promise<Page> {
  const { pages } = await post(`as=${mode}`, picture, signal);
  return pages[0] ?? { width: 1, height: 1, lines: [] };
}

export async function readSteps(picture: Blob, mode: Mode, signal: AbortSignal): Promise<Step[]> {
  const { steps } = await post(`as=${mode}&steps=1`, picture, signal);
  return steps ?? [];
}
