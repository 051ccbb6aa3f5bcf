/* The server as programs and attackers see it: what it answers, what it refuses, and how it ends.
 * */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { sudoku, twoLines } from "../web/readings.mjs";
import { drawBlank, drawDigit, encodePng, runScrawl, startServer } from "./scrawl.mjs";

const MEGABYTE = 1 << 20;
let server;

before(async () => (server = await startServer()));
after(async () => assert.equal(await server.stop(), 0));

const at = (path) => new URL(path, server.url);
const post = (path, body, headers = {}) => fetch(at(path), { method: "POST", body, headers });
const form = (...files) => formWith({}, ...files);
const formWith = (fields, ...files) => {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  for (const [bytes, name] of files) data.append("picture", new Blob([bytes]), name);
  return data;
};

async function assertProblem(response, status, says) {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json();
  assert.equal(problem.status, status);
  assert.equal(problem.type, "about:blank");
  assert.ok(problem.title);
  assert.match(problem.detail, says);
}

function assertReading(result, digit) {
  const [glyph] = result.pages[0].lines[0].glyphs;
  assert.equal(glyph.rejected, false);
  assert.equal(glyph.text, digit);
  const all = [glyph, ...glyph.alternatives];
  assert.equal(all.length, 10);
  const sum = all.reduce((total, candidate) => total + candidate.confidence, 0);
  /* What is missing to 1 is the probability that it is no digit. */
  assert.ok(sum > 0.9 && sum < 1 + 1e-3, `the probabilities sum to ${sum}`);
}

/* Sends bytes as they are; gives all that comes back until the server closes, or the time is over.
 * */
async function sendRaw(text, { port = server.port, patience = 20_000 } = {}) {
  const socket = net.connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (data) => (answer += data));
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text, "latin1");
  const started = Date.now();
  await Promise.race([once(socket, "close"), sleep(patience)]);
  const closed = socket.closed;
  socket.destroy();
  return { answer, closed, milliseconds: Date.now() - started };
}

/* ---- what it answers ---- */

test("a picture in the body is read", async () => {
  for (const type of ["image/png", "application/octet-stream", "image/jpeg"]) {
    const response = await post("/v1/read", drawDigit(1), { "Content-Type": type });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assertReading(await response.json(), "1");
  }
});

test("a picture in a form is read", async () => {
  const response = await post("/v1/read", form([drawDigit(7), "seven.png"]));
  assert.equal(response.status, 200);
  assertReading(await response.json(), "7");
});

test("as and format are obeyed, and refused where unknown", async () => {
  const picture = drawDigit(7);
  const text = await post("/v1/read?as=digit&format=text", picture);
  assert.equal(text.status, 200);
  assert.match(text.headers.get("content-type"), /^text\/plain/);
  assert.equal((await text.text()).trim(), "7");
  const tsv = await post("/v1/read?format=tsv", picture);
  assert.match(tsv.headers.get("content-type"), /tab-separated/);
  assert.match(await tsv.text(), /\t7\t/);
  await assertProblem(await post("/v1/read?format=pdf", picture), 400, /json, text, tsv/);
  await assertProblem(await post("/v1/read?as=%ff%00", picture), 400, /auto, digit, digits, grid, glyph/);
});

test("several lines and grids are read", async () => {
  const lines = await post("/v1/read?as=digits&format=text", twoLines().picture);
  assert.equal(await lines.text(), "14771\n714\n");
  const { picture, result } = sudoku();
  const [page] = (await (await post("/v1/read?as=grid", picture)).json()).pages;
  const texts = (cells) => cells.map((row) => row.map(({ text }) => text));
  assert.deepEqual(texts(page.grid.cells), texts(result.pages[0].grid.cells));
});

test("only the signs of an alphabet are read", async () => {
  const { pages } = await (await post("/v1/read?alphabet=14", drawDigit(7))).json();
  const [{ text, alternatives }] = pages[0].lines[0].glyphs;
  const possible = alternatives.filter(({ confidence }) => confidence > 0).map((other) => other.text);
  assert.deepEqual([text, ...possible].filter((sign) => !"14".includes(sign)), []);
  await assertProblem(await post("/v1/read?alphabet=1x", drawDigit(7)), 400, /does not know the sign "x"/);
  await assertProblem(await post("/v1/read?alphabet=%ff", drawDigit(7)), 400, /not UTF-8/);
  const ranges = await (await post("/v1/read?alphabet=0-37-9&format=text", drawDigit(7))).text();
  assert.equal(ranges, "7\n");
  await assertProblem(await post("/v1/read?alphabet=9-0", drawDigit(7)), 400, /range 9-0/);
});

test("what glyphs look like is said to those who ask", async () => {
  const ask = async (query) => (await (await post(`/v1/read${query}`, drawDigit(1))).json()).pages[0].lines[0];
  const { glyphs, style } = await ask("?describe=1");
  assert.ok(glyphs[0].style.height > 2 * glyphs[0].style.width, "a 1 is high");
  assert.equal(glyphs[0].style.loops, 0);
  assert.ok(style.glyph_height > 0);
  assert.equal((await ask("")).style, undefined);
  assert.match(await (await post("/v1/read?describe=1&format=tsv", drawDigit(1))).text(), /\tslant\t/);
  await assertProblem(await post("/v1/read?describe=yes", drawDigit(1)), 400, /"describe" is 1/);
});

test("the steps of cleaning are there for those who ask", async () => {
  const { picture } = twoLines();
  const { pages, steps } = await (await post("/v1/read?as=digits&steps=1", picture)).json();
  assert.equal(pages[0].lines.length, 2);
  assert.ok(steps.length > 2, `${steps.length} steps`);
  assert.equal(steps[0].name, "grey");
  for (const { name, picture: url } of steps) {
    assert.match(name, /^[a-z-]+$/);
    assert.match(url, /^data:image\/png;base64,[A-Za-z0-9+/]+=*$/);
    const bytes = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
    assert.equal(bytes.subarray(1, 4).toString("latin1"), "PNG");
    assert.ok(bytes.readUInt32BE(16) > 100 && bytes.subarray(-8, -4).toString("latin1") === "IEND");
    const again = await post("/v1/read?as=digits&format=text", bytes); /* each shows the writing */
    assert.equal(await again.text(), "14771\n714\n", name);
  }
  assert.equal((await (await post("/v1/read?as=digits", picture)).json()).steps, undefined);
  await assertProblem(await post("/v1/read?steps=2", picture), 400, /"steps" is 1/);
  await assertProblem(await post("/v1/read?steps=1&format=text", picture), 400, /format=json/);
  await assertProblem(await post("/v1/read?steps=1", "no picture"), 415, /./);
});

test("a blank picture is not guessed", async () => {
  const response = await post("/v1/read", drawBlank());
  assert.equal(response.status, 200);
  const { pages } = await response.json();
  assert.deepEqual(pages[0].lines, []);
});

test("the health check names version and model", async () => {
  const health = await (await fetch(at("/healthz"))).json();
  assert.equal(health.status, "ok");
  assert.match(health.version, /^\d+\.\d+\.\d+$/);
  assert.equal(health.model.name, "digits");
});

test("the plain form gets a page with the reading", async () => {
  const response = await post("/read", form([drawDigit(1), "<one>.png"], [drawDigit(7), "b.png"]));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  const page = await response.text();
  assert.deepEqual([...page.matchAll(/class="sign">(.)</g)].map((match) => match[1]), ["1", "7"]);
  assert.ok(page.includes("&lt;one&gt;.png") && !page.includes("<one>"));
  assert.equal((page.match(/<svg class="bar"/g) ?? []).length, 20);

  const blank = await (await post("/read", form([drawBlank(), "blank.png"]))).text();
  assert.match(blank, /No ink was found/);
});

test("the plain form gets lines and grids, and how sure each sign is", async () => {
  const lines = await post("/read", formWith({ as: "digits" }, [twoLines().picture, "lines.png"]));
  const page = await lines.text();
  const shown = page.slice(page.indexOf('<div class="lines">'), page.indexOf("</div>", page.indexOf('<div class="lines">')));
  assert.deepEqual([...shown.matchAll(/<p>(.*?)<\/p>/g)].map((match) => match[1].replace(/<[^>]*>/g, "")), ["14771", "714"]);
  assert.equal((page.match(/<span class="found /g) ?? []).length, 8);
  assert.equal((page.match(/<li class="(certain|unsure)"><span class="candidate">[147]<\/span> <span class="percent">/g) ?? []).length, 8);
  assert.match(page, /value="digits" form="form" checked/);
  assert.equal((page.match(/form="form" checked/g) ?? []).length, 1);
  assert.doesNotMatch(page, /\{\{|style=/);

  const { picture, result } = sudoku();
  const table = await (await post("/read", formWith({ as: "grid" }, [picture, "grid.png"]))).text();
  const rows = [...table.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell.replace(/<[^>]*>/g, "")),
  );
  assert.deepEqual(rows, result.pages[0].grid.cells.map((row) => row.map(({ text }) => text)));

  const unknown = await post("/read", formWith({ as: "words" }, [picture, "grid.png"]));
  assert.equal(unknown.status, 400);
  assert.match(await unknown.text(), /not known/);
  await assertProblem(await post("/v1/read", formWith({ as: "words" }, [picture, "g"])), 400, /not known/);
  assert.match(await (await fetch(at("/"))).text(), /value="auto" form="form" checked/);
});

test("the page and its files can be kept and asked for again", async () => {
  for (const [path, type] of [
    ["/", "text/html"],
    ["/app.js", "text/javascript"],
    ["/style.css", "text/css"],
    ["/favicon.svg", "image/svg"],
  ]) {
    const first = await fetch(at(path));
    assert.equal(first.status, 200);
    assert.ok(first.headers.get("content-type").startsWith(type), path);
    assert.equal(first.headers.get("cache-control"), "no-cache");
    const tag = first.headers.get("etag");
    const second = await fetch(at(path), { headers: { "If-None-Match": tag } });
    assert.equal(second.status, 304);
    assert.equal(await second.text(), "");
    const head = await fetch(at(path), { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), String((await first.arrayBuffer()).byteLength));
  }
});

test("every answer is safe to show", async () => {
  for (const response of [
    await fetch(at("/")),
    await fetch(at("/no-such-page")),
    await post("/v1/read", "text"),
    await post("/read", form([drawBlank(), "x"])),
  ]) {
    const policy = response.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|http:|https:|\*/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("referrer-policy"), "same-origin");
  }
});

/* ---- what it refuses ---- */

test("only pictures are taken, whatever they are called", async () => {
  await assertProblem(await post("/v1/read", "not a picture", { "Content-Type": "image/png" }), 415, /./);
  await assertProblem(await post("/v1/read", form(["hello, world", "seven.png"])), 415, /./);
  await assertProblem(await post("/v1/read", "{}", { "Content-Type": "application/json" }), 415, /image/);
  const page = await post("/read", form(["hello, world", "seven.png"]));
  assert.equal(page.status, 415);
  assert.match(await page.text(), /That did not work/);
});

test("a damaged picture is refused", async () => {
  const picture = drawDigit(7);
  for (const size of [8, 20, 40, picture.length >> 1])
    await assertProblem(await post("/v1/read", picture.subarray(0, size)), 415, /./);
});

test("too large: by its length, by what it sends, and in a form", async () => {
  const large = Buffer.alloc(11 * MEGABYTE);
  await assertProblem(await post("/v1/read", large), 413, /10 MB/);
  const stream = new ReadableStream({
    pull(controller) {
      this.sent = (this.sent ?? 0) + MEGABYTE;
      controller.enqueue(new Uint8Array(MEGABYTE));
      if (this.sent >= 11 * MEGABYTE) controller.close();
    },
  });
  const chunked = await fetch(at("/v1/read"), { method: "POST", body: stream, duplex: "half" });
  await assertProblem(chunked, 413, /10 MB/);
  const page = await post("/read", form([large, "large.png"]));
  assert.equal(page.status, 413);
  assert.match(await page.text(), /10 MB/);
});

test("too large is said before the body, to those who ask first or have far too much", async () => {
  const head = (length, more) =>
    `POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n${more}\r\n`;
  const asked = await sendRaw(head(11 * MEGABYTE, "Expect: 100-continue\r\n"), { patience: 2000 });
  assert.match(asked.answer, /^HTTP\/1.1 413 /);
  const huge = await sendRaw(head(2 ** 62, ""), { patience: 2000 });
  assert.match(huge.answer, /^HTTP\/1.1 413 /);
  assert.ok(huge.closed);
});

test("a picture that would be too large unpacked is refused", async () => {
  const bomb = encodePng(60_000, 60_000, Buffer.alloc(1000));
  await assertProblem(await post("/v1/read", bomb), 413, /pixels/);
});

test("empty and broken requests", async () => {
  await assertProblem(await post("/v1/read", ""), 400, /empty/);
  await assertProblem(await post("/v1/read", form()), 400, /./);
  await assertProblem(await post("/v1/read", form(["", "empty.png"])), 400, /empty/);
  await assertProblem(await post("/v1/read", form([drawDigit(1), "a"], [drawDigit(7), "b"])), 400, /one picture/);
  const whole = Buffer.from(await new Response(form([drawDigit(1), "a.png"])).arrayBuffer());
  const type = "multipart/form-data; boundary=x";
  await assertProblem(await post("/v1/read", whole, { "Content-Type": type }), 400, /no parts/);
  const boundary = whole.subarray(2, whole.indexOf("\r\n")).toString();
  const cut = whole.subarray(0, whole.length - 10);
  const cutType = `multipart/form-data; boundary=${boundary}`;
  await assertProblem(await post("/v1/read", cut, { "Content-Type": cutType }), 400, /breaks off/);
  const none = await post("/read", form(["", ""]));
  assert.equal(none.status, 400);
  assert.match(await none.text(), /no picture was chosen/);
});

test("wrong methods and paths", async () => {
  const get = await fetch(at("/v1/read"));
  assert.equal(get.headers.get("allow"), "POST");
  await assertProblem(get, 405, /POST/);
  for (const [method, path, allow] of [
    ["POST", "/", "GET, HEAD"],
    ["PUT", "/read", "GET, HEAD, POST"],
    ["DELETE", "/app.js", "GET, HEAD"],
  ]) {
    const response = await fetch(at(path), { method });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), allow);
    await response.text();
  }
  await assertProblem(await fetch(at("/v1/nothing")), 404, /nothing/);
  const page = await fetch(at("/nothing"));
  assert.equal(page.status, 404);
  assert.match(page.headers.get("content-type"), /html/);
});

test("no path leads to a file", async () => {
  for (const path of [
    "/../../../../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd",
    "/app.js/../index.html",
    "/index.html",
    "/.",
    "etc/passwd",
    "*",
  ]) {
    const { answer } = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 (404|400) /, path);
    assert.doesNotMatch(answer, /root:/);
  }
});

test("other sites' pages are kept out", async () => {
  const ask = async (host, more = "") => {
    const { answer } = await sendRaw(
      `POST /v1/read HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nConnection: close\r\n${more}\r\nx`,
    );
    return Number(answer.split(" ")[1]);
  };
  const own = `127.0.0.1:${server.port}`;
  assert.equal(await ask(own), 415);
  assert.equal(await ask(own, `Origin: http://${own}\r\n`), 415);
  assert.equal(await ask("example.org"), 421);
  assert.equal(await ask(`example.org:${server.port}`), 421);
  assert.equal(await ask(own, "Origin: http://example.org\r\n"), 403);
  assert.equal(await ask(own, "Origin: null\r\n"), 403);
  assert.equal(await ask(own, "Sec-Fetch-Site: cross-site\r\n"), 403);
  const { answer } = await sendRaw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  assert.match(answer, /^HTTP\/1.1 4\d\d /);
});

test("heads that are no HTTP", async () => {
  for (const text of [
    "\0\0\0\0\r\n\r\n",
    "GET\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`,
    `GET /${"y".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    "POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "POST /v1/read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ])
    assert.doesNotMatch((await sendRaw(text, { patience: 1000 })).answer, /^HTTP\/1.1 [23]/);
  assert.equal((await fetch(at("/healthz"))).status, 200);
});

/* ---- load and time ---- */

test("many at once are all answered", async () => {
  const picture = drawDigit(7);
  const all = Array.from({ length: 48 }, () => post("/v1/read", picture));
  for (const response of await Promise.all(all)) {
    assert.equal(response.status, 200);
    assertReading(await response.json(), "7");
  }
});

test("when too many wait, the rest is asked to come again", async () => {
  const small = await startServer("--threads", "1", "--queue", "1", "--quiet");
  const picture = drawDigit(7, 1000);
  const send = () => fetch(new URL("/v1/read", small.url), { method: "POST", body: picture });
  const responses = await Promise.all(Array.from({ length: 24 }, send));
  const statuses = new Set(responses.map((response) => response.status));
  assert.deepEqual([...statuses].sort(), [200, 503]);
  const busy = responses.find((response) => response.status === 503);
  assert.equal(busy.headers.get("retry-after"), "1");
  await Promise.all(responses.map((response) => response.text()));
  assert.equal(await small.stop(), 0);
  assert.equal(small.log, "");
});

test("those who dawdle are sent away", async () => {
  const hasty = await startServer("--timeout", "1");
  const port = hasty.port;
  const silent = await sendRaw("", { port });
  assert.ok(silent.closed && silent.milliseconds < 15_000, `silent: ${silent.milliseconds} ms`);
  for (const head of [
    "GET / HTTP/1.1\r\nHost: localhost\r\n",
    "POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
  ]) {
    /* A byte every 200 ms is never still for a second, but slow. */
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {}).on("data", () => {});
    await once(socket, "connect");
    socket.write(head);
    const started = Date.now();
    const drip = setInterval(() => socket.write("x"), 200);
    await Promise.race([once(socket, "close"), sleep(20_000)]);
    clearInterval(drip);
    assert.ok(socket.closed && Date.now() - started < 15_000, `${Date.now() - started} ms: ${head}`);
  }
  assert.equal((await fetch(new URL("/healthz", hasty.url))).status, 200);
  assert.equal(await hasty.stop(), 0);
});

test("requests are logged in one clean line each", async () => {
  const logged = await startServer();
  await (await fetch(new URL("/healthz?secret=1", logged.url))).text();
  await sendRaw("GET /%0aforged%1b[2J HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", {
    port: logged.port,
  });
  assert.equal(await logged.stop(), 0);
  const lines = logged.log.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ GET \/healthz 200 \d+\.\d ms$/);
  assert.match(lines[1], /GET \/\?forged\?\[2J 404/);
});

/* ---- the end ---- */

for (const signal of ["SIGTERM", "SIGINT"])
  test(`requests in flight at ${signal} are answered`, async () => {
    const ending = await startServer();
    const picture = drawDigit(7);
    const socket = net.connect(ending.port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1").on("data", (data) => (answer += data));
    await once(socket, "connect");
    socket.write(`POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${picture.length}\r\n\r\n`);
    socket.write(picture.subarray(0, 100));
    await sleep(300);
    ending.child.kill(signal);
    await sleep(300);
    await assert.rejects(fetch(ending.url), "no new connections");
    assert.equal(ending.child.exitCode, null);
    socket.write(picture.subarray(100));
    await once(socket, "close");
    assert.match(answer, /^HTTP\/1.1 200 /);
    assert.match(answer, /\r\nConnection: close\r\n/i);
    assertReading(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))), "7");
    assert.equal(await ending.exited, 0);
  });

test("a second signal ends it at once", async () => {
  const ending = await startServer();
  const socket = net.connect(ending.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write("POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n");
  await sleep(300);
  ending.child.kill("SIGTERM");
  await sleep(300);
  assert.equal(ending.child.exitCode, null);
  ending.child.kill("SIGTERM");
  assert.equal(await ending.exited, "SIGTERM");
  socket.destroy();
});

test("in the midst of work it ends with every request answered or never taken", async () => {
  const ending = await startServer("--threads", "2");
  const picture = drawDigit(7, 800);
  const url = new URL("/v1/read", ending.url);
  const all = Array.from({ length: 24 }, async () => {
    const response = await fetch(url, { method: "POST", body: picture });
    return (await response.json()).pages ? response.status : 0;
  });
  await Promise.race(all);
  ending.child.kill("SIGTERM");
  const outcomes = await Promise.allSettled(all);
  const answered = outcomes.filter((outcome) => outcome.status === "fulfilled");
  assert.ok(answered.length > 0);
  for (const { value } of answered) assert.equal(value, 200);
  for (const { reason } of outcomes) if (reason) assert.equal(reason.message, "fetch failed");
  assert.equal(await ending.exited, 0);
  assert.equal((ending.log.match(/ 200 /g) ?? []).length, answered.length);
});

test("it ends at once when nobody waits, though a connection is open", async () => {
  const ending = await startServer();
  const socket = net.connect(ending.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const started = Date.now();
  assert.equal(await ending.stop(), 0);
  assert.ok(Date.now() - started < 15_000);
  socket.destroy();
});

test("a taken port, a foreign address and nonsense are refused with a sentence", async () => {
  const taken = await runScrawl("serve", "--listen", `127.0.0.1:${server.port}`);
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /already in use/);
  assert.equal(taken.stdout, "");
  const open = await runScrawl("serve", "--listen", "0.0.0.0:0");
  assert.equal(open.code, 2);
  assert.match(open.stderr, /accounts/);
  for (const args of [["--listen", "here"], ["--timeout", "0"], ["--max-upload", "0"], ["extra"]])
    assert.equal((await runScrawl("serve", ...args)).code, 2, args.join(" "));
});
