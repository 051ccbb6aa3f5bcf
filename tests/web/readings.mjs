/* Pictures of several digits, and readings of them as POST /v1/read would answer, made up so that
 * every kind of doubt is there. */
import { drawSigns } from "../serve/scrawl.mjs";

const [SIGN_WIDTH, SIGN_HEIGHT] = [36, 60];
const glyph = (digit, box, confidence, alternatives) => ({
  text: String(digit),
  confidence,
  box,
  alternatives: alternatives.map(([text, share]) => ({ text, confidence: share })),
  rejected: false,
});
const reject = ({ box, text, confidence, alternatives }) => ({
  text: "",
  confidence: 0,
  box,
  alternatives: [{ text, confidence: confidence / 2 }, ...alternatives],
  rejected: true,
});

function lineOf(text, glyphs) {
  const right = Math.max(...glyphs.map(({ box }) => box[0] + box[2]));
  const [left, top] = glyphs[0].box;
  return { text, confidence: 0.9, box: [left, top, right - left, SIGN_HEIGHT], words: [], glyphs };
}

function answer(width, height, lines, more = {}) {
  const page = { width, height, angle: 0, lines, ...more };
  return { pages: [page], model: { name: "made-up", version: "0" }, milliseconds: 1 };
}

/* Two lines, 1 4 7 and 7 1, 4: the second 7 is unsure, the 4 of the second line is not read. */
export function twoLines() {
  const [width, height] = [480, 240];
  const place = (column, row) => [40 + 70 * column, 30 + 110 * row, SIGN_WIDTH, SIGN_HEIGHT];
  const first = [1, 4, 7, 7, 1].map((digit, i) => glyph(digit, place(i, 0), 0.9995, [["9", 0.0004]]));
  const second = [7, 1, 4].map((digit, i) => glyph(digit, place(i, 1), 0.998, [["1", 0.001]]));
  first[3] = glyph(7, place(3, 0), 0.8123, [["1", 0.15], ["2", 0.03], ["9", 0.002], ["4", 0.001]]);
  second[2] = reject(glyph(4, place(2, 1), 0.8, [["9", 0.3]]));
  const signs = [...first, ...second].map(({ box }, i) => ({ digit: [1, 4, 7, 7, 1, 7, 1, 4][i], box }));
  return {
    picture: drawSigns(width, height, signs),
    result: answer(width, height, [lineOf("147,71", first), lineOf("7.1", second)]),
  };
}

/* Nine rows and columns with a digit in every third cell or so; one of them is unsure. */
export function sudoku() {
  const [side, cell] = [540, 60];
  const cells = [];
  const lines = [];
  const signs = [];
  for (let row = 0; row < 9; row++) {
    const glyphs = [];
    cells.push([]);
    for (let column = 0; column < 9; column++) {
      const digit = [1, 4, 7, 0, 0, 0, 0][(row * 5 + column * 3) % 7];
      const box = [column * cell + 20, row * cell + 12, 20, 36];
      const confidence = row === 4 && digit === 4 ? 0.7 : 0.9991;
      if (digit) glyphs.push(glyph(digit, box, confidence, [["9", 0.8 * (1 - confidence)]]));
      if (digit) signs.push({ digit, box });
      const where = [column * cell, row * cell, cell, cell];
      cells[row].push({ text: digit ? String(digit) : "", confidence: digit ? confidence : 1, box: where });
    }
    if (glyphs.length) lines.push(lineOf(glyphs.map(({ text }) => text).join("\t"), glyphs));
  }
  const rules = Array.from({ length: 10 }, (_, i) => Math.min(side - 1, i * cell));
  return {
    picture: drawSigns(side, side, signs, { rows: rules, columns: rules }),
    result: answer(side, side, lines, { grid: { rows: 9, columns: 9, cells } }),
  };
}

/* Forty digits of a page taller than wide, as one of a telephone would be. */
export function fullPage() {
  const [width, height] = [600, 800];
  const lines = [];
  for (let row = 0; row < 5; row++) {
    const glyphs = [];
    for (let column = 0; column < 8; column++) {
      const digit = [1, 4, 7][(row + column) % 3];
      const box = [50 + 64 * column, 50 + 140 * row, SIGN_WIDTH, SIGN_HEIGHT];
      glyphs.push(glyph(digit, box, (row * column) % 11 === 6 ? 0.6 : 0.9996, [["9", 0.0003]]));
    }
    lines.push(lineOf(glyphs.map(({ text }) => text).join(""), glyphs));
  }
  const signs = lines.flatMap(({ glyphs }) => glyphs).map(({ text, box }) => ({ digit: Number(text), box }));
  return { picture: drawSigns(width, height, signs), result: answer(width, height, lines) };
}
