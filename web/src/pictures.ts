/* The pictures that were given: one is shown on the sheet; several also stand as a strip of small
 * ones to choose from. They are read one after the other, in their order. */

import { Failure, read, type Reading } from "./api";
import { showBusy, showFailure, showReading } from "./result";

const MOST = 50; /* of one batch: more belong to the command line */

interface Picture {
  file: File;
  url: string;
  reading?: Reading;
  failure?: string;
}

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export class Pictures {
  private all: Picture[] = [];
  private shown = 0;
  private work = new AbortController();

  constructor(private readonly limit: number) {
    const preview = byId<HTMLImageElement>("preview");
    preview.addEventListener("error", () => {
      if (!preview.src) return;
      const sentence = byId("no-preview");
      const name = this.all[this.shown]?.file.name ?? "The file";
      sentence.textContent = `${name} cannot be shown here`;
      sentence.hidden = false;
      preview.hidden = true;
    });
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  clear(): void {
    this.work.abort();
    for (const picture of this.all) URL.revokeObjectURL(picture.url);
    this.all = [];
    this.show(0);
    this.drawStrip();
  }

  async take(files: File[]): Promise<void> {
    this.clear();
    this.all = files.slice(0, MOST).map((file) => ({ file, url: URL.createObjectURL(file) }));
    const work = (this.work = new AbortController());
    this.show(0);
    this.drawStrip();
    for (const picture of this.all) {
      await this.readOne(picture, work.signal);
      if (work.signal.aborted) return;
      this.drawStrip();
      if (picture === this.all[this.shown]) this.showOutcome(picture);
    }
  }

  private async readOne(picture: Picture, signal: AbortSignal): Promise<void> {
    if (picture.file.size > this.limit) {
      const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toPrecision(3)} MB`;
      const size = megabytes(picture.file.size);
      picture.failure = `the file has ${size}; the limit is ${megabytes(this.limit)}`;
      return;
    }
    try {
      picture.reading = await read(picture.file, signal);
    } catch (error) {
      picture.failure = error instanceof Failure ? error.message : "the file could not be sent";
    }
  }

  private show(index: number): void {
    this.shown = index;
    const picture = this.all[index];
    const preview = byId<HTMLImageElement>("preview");
    byId("no-preview").hidden = true;
    preview.hidden = !picture;
    if (!picture) {
      preview.removeAttribute("src");
      return;
    }
    preview.src = picture.url;
    preview.alt = `The picture ${picture.file.name}`;
    this.showOutcome(picture);
  }

  private showOutcome(picture: Picture): void {
    if (picture.reading) showReading(picture.reading);
    else if (picture.failure) showFailure(picture.failure);
    else showBusy();
  }

  private drawStrip(): void {
    const strip = byId("strip");
    strip.hidden = this.all.length < 2;
    const buttons = () => [...strip.querySelectorAll("button")];
    const focused = buttons().findIndex((button) => button === document.activeElement);
    const items = this.all.map((picture, index) => this.stripItem(picture, index));
    strip.replaceChildren(...(strip.hidden ? [] : items));
    if (focused >= 0) buttons()[focused]?.focus();
  }

  private stripItem(picture: Picture, index: number): HTMLElement {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const image = document.createElement("img");
    const best = picture.reading?.kind === "read" ? picture.reading.candidates[0]?.text : undefined;
    button.type = "button";
    image.src = picture.url;
    image.alt = picture.file.name;
    image.addEventListener("error", () => image.replaceWith(picture.file.name));
    button.append(image);
    if (picture.reading || picture.failure) {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.textContent = best ?? "?";
      button.append(badge);
    }
    if (index === this.shown) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      this.show(index);
      this.drawStrip();
    });
    item.append(button);
    return item;
  }
}
