/* The page's script: one sheet that is either drawn on or holds pictures, and the reading beside
 * it. Without this script the page still is a plain form. */

import { Failure, read, type Mode } from "./api";
import { startBoxes } from "./boxes";
import { Drawing } from "./canvas";
import { startLinks } from "./links";
import { Pictures } from "./pictures";
import { showBusy, showFailure, showInvitation, showReading } from "./result";
import { takeFiles } from "./upload";

const PAUSE_MILLISECONDS = 350; /* after a stroke: the next one of the same digit may follow */

document.documentElement.classList.add("script");

function start(): void {
  const button = (id: string) => document.getElementById(id) as HTMLButtonElement;
  const sheet = document.getElementById("sheet")!;
  const canvas = document.getElementById("canvas") as HTMLCanvasElement;
  const undo = button("undo");
  const clear = button("clear");

  const modes = document.getElementById("modes")!;
  const mode = (): Mode =>
    (modes.querySelector<HTMLInputElement>("input:checked")?.value ?? "auto") as Mode;

  const pictures = new Pictures(Number(document.body.dataset.limit), mode);
  let timer = 0;
  let reading = new AbortController();

  async function readDrawing(): Promise<void> {
    const work = (reading = new AbortController());
    try {
      const source = { picture: await drawing.toPicture(), mode: mode(), from: "drawing" } as const;
      const page = await read(source.picture, source.mode, work.signal);
      if (!work.signal.aborted) showReading(page, source);
    } catch (error) {
      if (!work.signal.aborted)
        showFailure(error instanceof Failure ? error.message : "the drawing could not be sent");
    }
  }

  function stopReading(): void {
    clearTimeout(timer);
    reading.abort();
  }

  function update(): void {
    const hasPictures = !pictures.isEmpty;
    canvas.hidden = hasPictures;
    document.getElementById("hint")!.hidden = hasPictures || !drawing.isEmpty;
    /* Not `disabled`: a button that has the keyboard's focus would lose it by being pressed. */
    undo.hidden = hasPictures;
    undo.setAttribute("aria-disabled", String(!drawing.canUndo));
    clear.setAttribute("aria-disabled", String(!hasPictures && drawing.isEmpty));
    clear.textContent = hasPictures ? "Remove" : "Clear";
  }

  function drawingChanged(): void {
    stopReading();
    update();
    if (drawing.isEmpty) {
      showInvitation();
    } else {
      showBusy();
      timer = window.setTimeout(() => void readDrawing(), PAUSE_MILLISECONDS);
    }
  }

  const drawing = new Drawing(canvas, {
    begun() {
      stopReading();
      document.getElementById("hint")!.hidden = true;
    },
    changed: drawingChanged,
  });

  modes.addEventListener("change", () => {
    if (!pictures.isEmpty) void pictures.readAgain();
    else if (!drawing.isEmpty) drawingChanged();
  });

  startLinks();
  startBoxes();
  takeFiles(sheet, (files) => {
    stopReading();
    void pictures.take(files);
    update();
  });

  const undoStroke = (): void => {
    if (pictures.isEmpty) drawing.undo();
  };
  undo.addEventListener("click", undoStroke);
  clear.addEventListener("click", () => {
    if (pictures.isEmpty) {
      drawing.clear();
    } else {
      pictures.clear();
      drawingChanged(); /* what was drawn before is there again, and is read again */
    }
  });
  document.addEventListener("keydown", (event) => {
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey);
    if (!isUndo || event.shiftKey) return;
    event.preventDefault();
    undoStroke();
  });
}

document.addEventListener("DOMContentLoaded", start);
