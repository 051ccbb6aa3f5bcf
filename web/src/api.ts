/* Asking the server to read a picture: POST /v1/read and its JSON result, or the sentence that says
 * what went wrong. */

export interface Candidate {
  text: string;
  confidence: number;
}

/* Best first. A rejected picture's candidates are only a hint; a blank one has none. */
export interface Reading {
  kind: "read" | "rejected" | "blank";
  candidates: Candidate[];
}

interface Glyph extends Candidate {
  alternatives?: Candidate[];
  rejected?: boolean;
}

interface Result {
  pages: { lines: { glyphs: Glyph[] }[] }[];
}

/* A failure with a sentence for the person in front of the page. */
export class Failure extends Error {}

const TRIES = 4;
const SECOND = 1000;

function toReading(result: Result): Reading {
  const glyph = result.pages[0]?.lines[0]?.glyphs[0];
  if (!glyph) return { kind: "blank", candidates: [] };
  const others = glyph.alternatives ?? [];
  if (glyph.rejected) return { kind: "rejected", candidates: others };
  return { kind: "read", candidates: [glyph, ...others] };
}

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
export async function read(picture: Blob, signal: AbortSignal): Promise<Reading> {
  for (let attempt = 1; ; attempt++) {
    let response: Response;
    try {
      response = await fetch("/v1/read", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: picture,
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Failure("Scrawl cannot be reached; is it still running?");
    }
    if (response.ok) return toReading((await response.json()) as Result);
    if (response.status !== 503 || attempt === TRIES) throw new Failure(await explain(response));
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    await wait(seconds * SECOND, signal);
  }
}
