/* The pictures that were given: one is shown on the sheet; several also stand as a strip of small
 * ones to choose from. They are read one after the other, in their order. */

import { Failure, glyphsOf, read, type Mode, type Page } from "./api";
import { byId, element } from "./dom";
import { showBusy, showFailure, showReading } from "./result";
import { plainText } from "./text";

const MOST = 50; /* of one batch: more belong to the command line */

interface Picture {
  file: File;
  url: string;
  page?: Page;
  mode?: Mode; /* in which it was read */
  failure?: string;
}

/* A digit, the beginning of a text, the size of a grid. */
function badgeText(page?: Page): string {
  if (page?.grid) return `${page.grid.rows} \u00d7 ${page.grid.columns}`;
  const read = page && glyphsOf(page).some(({ rejected }) => !rejected);
  return (read && plainText(page).trim().split("\n", 1)[0]) || "?";
}

export class Pictures {
  private all: Picture[] = [];
  private shown = 0;
  private work = new AbortController();

  constructor(
    private readonly limit: number,
    private readonly mode: () => Mode,
  ) {
    const preview = byId<HTMLImageElement>("preview");
    preview.addEventListener("load", () => this.fit(preview.naturalWidth > preview.naturalHeight));
    preview.addEventListener("error", () => {
      if (!preview.src) return;
      const sentence = byId("no-preview");
      const name = this.all[this.shown]?.file.name ?? "The file";
      sentence.textContent = `${name} cannot be shown here`;
      sentence.hidden = false;
      preview.hidden = true;
      this.fit(false);
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
    this.show(0);
    await this.readAll();
  }

  /* In another mode. */
  async readAgain(): Promise<void> {
    for (const picture of this.all) picture.page = picture.failure = undefined;
    showBusy();
    await this.readAll();
  }

  private async readAll(): Promise<void> {
    this.work.abort();
    const work = (this.work = new AbortController());
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
      picture.mode = this.mode();
      picture.page = await read(picture.file, picture.mode, signal);
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
      this.fit(false);
      preview.removeAttribute("src");
      return;
    }
    preview.src = picture.url;
    preview.alt = `The picture ${picture.file.name}`;
    this.showOutcome(picture);
  }

  /* The sheet has the shape of a picture wider than high, which would leave half a square empty. */
  private fit(wide: boolean): void {
    byId("sheet").classList.toggle("fitted", wide);
  }

  private showOutcome(picture: Picture): void {
    if (picture.page && picture.mode)
      showReading(picture.page, { picture: picture.file, mode: picture.mode, from: "picture" });
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
    button.type = "button";
    image.src = picture.url;
    image.alt = picture.file.name;
    image.addEventListener("error", () => image.replaceWith(picture.file.name));
    button.append(image);
    if (picture.page || picture.failure)
      button.append(element("span", "badge", badgeText(picture.page)));
    if (index === this.shown) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      this.show(index);
      this.drawStrip();
    });
    item.append(button);
    return item;
  }
}
