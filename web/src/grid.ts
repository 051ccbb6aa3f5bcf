/* Which cell of a grid a sign stands in. */

import type { Cell, Glyph, Page } from "./api";

export interface Place {
  row: number;
  column: number;
}

/* How far the sign's middle is from the cell's, in sizes of the cell; up to a half within. The
 * boxes of a grid that stands askew overlap: being in one says less than being near its middle. */
function distance({ box: cell }: Cell, { box: glyph }: Glyph): number {
  const x = glyph[0] + glyph[2] / 2 - cell[0] - cell[2] / 2;
  const y = glyph[1] + glyph[3] / 2 - cell[1] - cell[3] / 2;
  return Math.max(Math.abs(x) / Math.max(cell[2], 1), Math.abs(y) / Math.max(cell[3], 1));
}

function nearest(cells: Cell[], glyph: Glyph): number {
  const far = cells.map((cell) => distance(cell, glyph));
  return far.indexOf(far.reduce((least, each) => Math.min(least, each), Infinity));
}

/* A line is one row's: its first sign tells which. */
export function placesOf({ lines, grid }: Page): Map<Glyph, Place> {
  const places = new Map<Glyph, Place>();
  if (!grid) return places;
  const all = grid.cells.flat();
  for (const { glyphs } of lines) {
    if (!glyphs[0] || !all.length) continue;
    const row = Math.floor(nearest(all, glyphs[0]) / grid.columns);
    for (const glyph of glyphs)
      places.set(glyph, { row, column: nearest(grid.cells[row] ?? [], glyph) });
  }
  return places;
}
