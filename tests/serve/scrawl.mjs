/* For the tests that talk to a running server: starting and stopping it, and pictures made on the
 * spot. The program is the first argument of the test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { deflateSync } from "node:zlib";

const PROGRAM = process.argv[2];
const SECOND = 1000;

/* Starts `scrawl serve` on a free port. `log` collects standard error; `exited` becomes the exit
 * code or the signal's name; `stop` sends a signal and waits for that. */
export async function startServer(...options) {
  const child = spawn(PROGRAM, ["serve", "--listen", "127.0.0.1:0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const server = { child, url: "", log: "" };
  server.exited = once(child, "exit").then(([code, signal]) => code ?? signal);
  child.stderr.setEncoding("utf8").on("data", (text) => (server.log += text));
  child.stdout.setEncoding("utf8");
  server.url = await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      const match = /listening on (http:\S+)/.exec(said);
      if (match) resolve(match[1]);
    });
    child.on("exit", () => reject(new Error(`scrawl serve ended: ${server.log}`)));
    setTimeout(() => reject(new Error("scrawl serve does not listen")), 30 * SECOND).unref();
  });
  server.port = Number(new URL(server.url).port);
  server.stop = async (signal = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return server.exited;
  };
  return server;
}

/* Runs a command to its end. */
export async function runScrawl(...args) {
  const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/* An 8-bit grey PNG that claims this size; each row is a zero byte (no filter) and its pixels. */
export function encodePng(width, height, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; /* bits; colour type 0: grey */
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/* `grey(x, y)` gives 0 black to 255 white. */
function makePng(width, height, grey) {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = grey(x, y);
  return encodePng(width, height, rows);
}

function distance(x, y, [x1, y1, x2, y2]) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const along = length ? Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length)) : 0;
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}

/* Digits as straight strokes [x1, y1, x2, y2] in units of the sheet's side. */
export const STROKES = {
  1: [[0.5, 0.2, 0.5, 0.8]],
  4: [
    [0.36, 0.2, 0.32, 0.52],
    [0.32, 0.52, 0.68, 0.52],
    [0.62, 0.22, 0.6, 0.82],
  ],
  7: [
    [0.3, 0.22, 0.7, 0.22],
    [0.7, 0.22, 0.45, 0.8],
  ],
};

/* A picture of a digit, dark on light. */
export function drawDigit(digit, side = 200) {
  return makePng(side, side, (x, y) => {
    const nearest = Math.min(...STROKES[digit].map((stroke) => distance(x / side, y / side, stroke)));
    return Math.round(255 * Math.min(1, Math.max(0, (nearest - 0.03) * side)));
  });
}

/* A picture of several digits, each in its box [x, y, width, height]; `rules` are thin lines across
 * the whole picture, at these heights and at these widths. */
export function drawSigns(width, height, signs, { rows = [], columns = [] } = {}) {
  const lines = rows.map((y) => [0, y, width, y]).concat(columns.map((x) => [x, 0, x, height]));
  return makePng(width, height, (x, y) => {
    let nearest = Math.min(Infinity, ...lines.map((line) => distance(x, y, line)));
    for (const { digit, box } of signs) {
      const [left, top, wide, high] = box;
      if (x < left - 4 || x > left + wide + 4 || y < top - 4 || y > top + high + 4) continue;
      /* The strokes fill 0.3 to 0.7 of the sheet's width and 0.2 to 0.82 of its height. */
      const place = (u, v) => [left + ((u - 0.3) / 0.4) * wide, top + ((v - 0.2) / 0.62) * high];
      for (const [x1, y1, x2, y2] of STROKES[digit])
        nearest = Math.min(nearest, distance(x, y, [...place(x1, y1), ...place(x2, y2)]) - high / 20);
    }
    return Math.round(255 * Math.min(1, Math.max(0, nearest)));
  });
}

export const drawBlank = (side = 100) => makePng(side, side, () => 255);
