// Measuring programs in turn: the one place where times become figures and ratios.
//
// Every program speaks as slices.h says: it prepares, says `ready`, sleeps, and works for as long as each line of its input
// tells it. So all that are to be compared are started and warmed up first; then come rounds, in each of which every one has
// a slice, in one order and the next time in the other. What slows the machine for seconds slows both sides of a ratio, and
// ratios are formed round by round.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

// With glibc's defaults PyTorch loses up to half its time in page faults. The same for all; only PyTorch cares.
const ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: '2000000000',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
  MALLOC_TOP_PAD_: '67108864',
};
const REST = 30; // milliseconds between slices: threads that spin after their work go to sleep

export class Program {
  /** `label`: how tables name it; `command`: words; `threads`: for those that take it from OpenMP. */
  constructor(label, command, threads) {
    Object.assign(this, { label, command, threads, slices: [] });
  }

  /** False if the program ends before it is ready, as those do that have no method for what is asked. */
  async start() {
    const environment = { ...process.env, ...ALLOCATOR };
    if (this.threads) environment.OMP_NUM_THREADS = String(this.threads);
    this.child = spawn(this.command[0], this.command.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: environment,
    });
    this.child.on('error', (error) => console.error(`${this.command[0]}: ${error.message}`));
    this.child.stdin.on('error', () => {}); // of a program that has ended; its missing answer tells
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    const { value } = await this.lines.next();
    if (value !== undefined && value !== 'ready') throw new Error(`${this.label} said ${value}, not ready`);
    return value === 'ready';
  }

  async slice(seconds) {
    this.child.stdin.write(`${seconds}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.label} ended while it was measured`);
    const [rate, p50, p99] = value.split(' ').map(Number);
    this.slices.push({ rate, p50, p99 });
    await sleep(REST);
  }

  stop() {
    this.child?.stdin.end();
  }
}

/** Starts the programs, calls `round(programs in this round's order)` some times, and stops them. Gives those that ran. */
export async function rounds(programs, count, round) {
  try {
    const started = await Promise.all(programs.map((program) => program.start()));
    const running = programs.filter((_, i) => started[i]);
    for (let i = 0; i < count; i++) await round(i % 2 ? [...running].reverse() : running);
    return running;
  } finally {
    for (const program of programs) program.stop();
  }
}

/** Every program a slice in every round. */
export const inTurn = (programs, count, seconds) =>
  rounds(programs, count, async (order) => {
    for (const program of order) await program.slice(seconds);
  });

/** Median, least and greatest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/** The median of `rate`, `p50` or `p99` over the rounds. */
export const median = (program, figure) => spread(program.slices.map((slice) => slice[figure])).median;

/** How many times as fast `a` was as `b`, round by round. Times (p50) are compared the other way around. */
export function ratio(a, b, figure = 'rate') {
  const rounds = a.slices.map((slice, i) => slice[figure] / b.slices[i][figure]);
  return spread(figure === 'rate' ? rounds : rounds.map((value) => 1 / value));
}

/** Of several configurations of one peer, the best; undefined if there is none. */
export function best(programs, figure = 'rate') {
  const value = (program) => (figure === 'rate' ? 1 : -1) * median(program, figure);
  return programs.reduce((a, b) => (a && value(a) >= value(b) ? a : b), undefined);
}
