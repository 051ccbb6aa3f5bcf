// What is measured: each part a function that gives rows of the table.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { networks } from './networks.mjs';
import { ours, peer } from './peers.mjs';
import { best, inTurn, median, ratio, rounds } from './rounds.mjs';

const NETWORKS = ['seed-keras', 'five-conv'];
const ROUNDS = 7;

const progress = (...words) => console.error(`${new Date().toTimeString().slice(0, 8)} ${words.join(', ')}`);
const number = (value, digits = 0) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const threadsText = (threads) => `${threads} thread${threads > 1 ? 's' : ''}`;

// How a program's figure is written.
const perSecond = (program) => `${number(median(program, 'rate'))}/s`;
const latency = (program) => `p50 ${number(median(program, 'p50'))} us, p99 ${number(median(program, 'p99'))} us`;
const gigaflops = (program) => `${number(median(program, 'rate') / 1e9)} GFLOP/s`;

/** A row that puts one program against another; `by` is what they are compared by. */
const row = (what, setting, a, b, text, by = 'rate', more = {}) => ({
  what,
  setting,
  program: a.label,
  figure: text(a),
  ...(b && { against: b.label, theirs: text(b), ratio: ratio(a, b, by) }),
  ...more,
});

/** The configurations of a peer among programs that ran. */
const of = (name, programs) => programs.filter((program) => program.label.startsWith(name));

// ---- training ----

async function training() {
  const rows = [];
  for (const name of NETWORKS) {
    const setting = `${name}, batch 32`;
    progress('training', setting);
    const two = ours('Scrawl, 2 threads', 'step', 'train', networks[name], 32, 2);
    const one = ours('Scrawl, 1 thread', 'step', 'train', networks[name], 32, 1);
    const torch = peer(
      'PyTorch', 2,
      [', 2 threads', 'train', 'plain', networks[name], 32, 2],
      [', channels last, 2 threads', 'train', 'channels-last', networks[name], 32, 2],
    );
    const ran = await inTurn([two, one, ...torch], ROUNDS, 1);
    const theirs = best(of('PyTorch', ran));
    if (theirs) rows.push(row('training', setting, two, theirs, perSecond));
    rows.push(row('training', setting, two, one, perSecond));
  }
  return rows;
}

// ---- inference ----

/** The network as a file for ONNX Runtime. */
function modelFile(folder, name) {
  const path = join(folder, `${name}.onnx`);
  execFileSync(ours('', 'step').command[0], ['onnx', networks[name], path]);
  return path;
}

async function inferOnce(folder, name, batch, threads) {
  const setting = `${name}, batch ${batch}, ${threadsText(threads)}`;
  progress('inference', setting);
  const scrawl = ours('Scrawl', 'step', 'infer', networks[name], batch, threads);
  const ran = await inTurn(
    [
      scrawl,
      ...peer('ONNX Runtime', threads, ['', modelFile(folder, name), batch, threads]),
      ...peer(
        'PyTorch', threads,
        ['', 'infer', 'plain', networks[name], batch, threads],
        [', channels last', 'infer', 'channels-last', networks[name], batch, threads],
      ),
      ...(threads === 1 ? peer('TensorFlow.js', 1, ['', networks[name], batch]) : []),
    ],
    ROUNDS, 0.5,
  );
  const [by, text] = batch === 1 ? ['p50', latency] : ['rate', perSecond];
  return ['ONNX Runtime', 'PyTorch', 'TensorFlow.js']
    .map((peerName) => best(of(peerName, ran), by))
    .filter((program) => program)
    .map((program) => row('inference', setting, scrawl, program, text, by));
}

async function inference(folder) {
  const rows = [];
  for (const name of NETWORKS)
    for (const batch of [1, 256])
      for (const threads of [2, 1]) rows.push(...(await inferOnce(folder, name, batch, threads)));
  rows.push(...(await inferOnce(folder, 'dense-alone', 1, 1)));
  return rows;
}

// ---- quantised networks ----

async function bytes() {
  const rows = [];
  for (const name of NETWORKS)
    for (const threads of [2, 1]) {
      const setting = `${name}, batch 256, ${threadsText(threads)}`;
      progress('bytes', setting);
      const int8 = ours('Scrawl, int8', 'step', 'int8', networks[name], 256, threads);
      const floats = ours('Scrawl, floats', 'step', 'infer', networks[name], 256, threads);
      await inTurn([int8, floats], ROUNDS, 0.5);
      rows.push(row('inference in bytes', setting, int8, floats, perSecond));
    }
  return rows;
}

// ---- contention ----

/** Two of the cores that this process may run on. */
function twoCores() {
  const list = execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' }).trim().split(': ')[1];
  const cores = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return cores.slice(0, 2);
}

/** Runs `work` while another process takes a whole core, like any program of the same rank. */
async function withCoreTaken(core, work) {
  const loop = ['-c', String(core), 'timeout', '60', 'sh', '-c', 'while :; do :; done'];
  const busy = spawn('taskset', loop, { stdio: 'ignore' });
  try {
    await sleep(100);
    await work();
  } finally {
    busy.kill(); // timeout passes the signal on
  }
}

/** Throughput of two threads that share one of their two cores with another process, against one thread alone. */
async function contention(folder) {
  const rows = [];
  const cores = twoCores();
  if (cores.length < 2) return rows;
  for (const name of NETWORKS) {
    const setting = `${name}, batch 1, one of two cores taken`;
    progress('contention', setting);
    const model = modelFile(folder, name);
    const scrawl = (label, threads) => ours(label, 'step', 'infer', networks[name], 1, threads);
    const alone = [
      scrawl('Scrawl, 1 thread, nothing taken', 1),
      ...peer('ONNX Runtime', 1, [', 1 thread, nothing taken', model, 1, 1]),
    ];
    const pressed = [
      scrawl('Scrawl, 2 threads', 2),
      ...peer('ONNX Runtime', 2, [', 2 threads', model, 1, 2], [', 2 threads, spinning off', model, 1, 2, 'no-spinning']),
    ];
    for (const program of [...alone, ...pressed]) program.command.unshift('taskset', '-c', cores.join(','));
    await rounds([...alone, ...pressed], ROUNDS, async (order) => {
      for (const program of order.filter((one) => alone.includes(one))) await program.slice(0.5);
      await withCoreTaken(cores[1], async () => {
        for (const program of order.filter((one) => pressed.includes(one))) await program.slice(0.7);
      });
    });
    const text = (program) =>
      `${perSecond(program)}, p99 ${number(median(program, 'p99') / median(program, 'p50'), 1)} x p50`;
    for (const program of pressed)
      rows.push(row('contention', setting, program, of(program.label.split(',')[0], alone)[0], text));
  }
  return rows;
}

// ---- convolutions ----

// Side, channels in and out, kernel, padding. One channel is a network's first layer: its data gradient is never wanted.
const LAYERS = [
  [26, 64, 32, 3, 0],
  [28, 32, 32, 3, 1],
  [14, 64, 64, 3, 1],
  [7, 128, 128, 3, 1],
  [28, 1, 64, 3, 0],
  [28, 1, 10, 5, 0],
];
const BATCH = 32;

async function convolve(layer, pass, threads) {
  const [side, from, to, kernel, pad] = layer;
  const setting = `${from}->${to} ${kernel}x${kernel} on ${side}x${side}${pad ? ' same' : ''}, ${pass}, ${threadsText(threads)}`;
  progress('convolutions', setting);
  const words = [pass, ...layer, BATCH];
  const scrawl = ours('Scrawl', 'convolution', ...words, threads);
  const ceiling = ours('ceiling', 'cores', threads);
  const methods = ['direct', 'winograd'].map((method) => [`, ${method}`, method, ...words]);
  const ran = await inTurn([scrawl, ceiling, ...peer('oneDNN', threads, ...methods)], ROUNDS, 0.15);
  const share = ratio(scrawl, ceiling).median;
  return row('convolution', setting, scrawl, best(of('oneDNN', ran)), gigaflops, 'rate', { ceiling: share });
}

async function convolutions() {
  const rows = [];
  const [two, one] = [2, 1].map((threads) => ours(`${threads} core${threads > 1 ? 's' : ''}`, 'cores', threads));
  progress('ceiling');
  await inTurn([two, one], ROUNDS, 0.5);
  rows.push(row('multiply-add ceiling', '', two, one, gigaflops));
  for (const layer of LAYERS)
    for (const threads of [1, 2])
      for (const pass of layer[1] === 1 ? ['forward', 'weights'] : ['forward', 'data', 'weights'])
        rows.push(await convolve(layer, pass, threads));
  return rows;
}

export const parts = { training, inference, bytes, contention, convolutions };
