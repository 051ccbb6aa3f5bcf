// What ../slices.h says, for the peers in JavaScript.
import { createInterface } from 'node:readline';

async function runFor(once, seconds) {
  const begin = performance.now();
  const times = []; // milliseconds
  let last = begin;
  do {
    await once();
    const now = performance.now();
    times.push(now - last);
    last = now;
  } while (last - begin < 1e3 * seconds);
  return times;
}

/** One call of `once` does `work` of whatever is counted. */
export async function answer(once, work) {
  await runFor(once, 1);
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    await runFor(once, 0.1 * line);
    const times = Float64Array.from(await runFor(once, 0.9 * line)).sort();
    const at = (share) => 1e3 * times[Math.floor(share * times.length)];
    console.log((1e3 * work * times.length) / times.reduce((a, b) => a + b), at(0.5), at(0.99));
  }
}
