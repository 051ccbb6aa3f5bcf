// Scrawl beside its peers: one table of ratios, measured in turn.
//
//   run.mjs [PART...]     without a name: all parts, and the table also goes to RESULTS.md
//
// `./dev bench` builds what is needed and starts this. docs/measuring.md says what the figures mean and how they can lie.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { missing, versions } from './peers.mjs';
import { parts } from './parts.mjs';

const here = new URL('.', import.meta.url).pathname;
const HEAD = ['what', 'case', 'program', 'figure', 'against', 'its figure', 'ratio', 'least', 'most', 'of the ceiling'];

/** Rows as a Markdown table that can also be read as it is. */
function table(head, rows) {
  const width = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells, fill = ' ') => `| ${cells.map((cell, i) => cell.padEnd(width[i], fill)).join(' | ')} |`;
  return [line(head), line(head.map(() => '-'), '-'), ...rows.map((row) => line(row))].join('\n');
}

function cells(row) {
  const { what, setting, program, figure, against, theirs, ratio, ceiling } = row;
  const numbers = ratio ? [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(2)) : ['', '', ''];
  const share = ceiling ? `${(100 * ceiling).toFixed(0)} %` : '';
  return [what, setting, program, figure, against ?? '', theirs ?? '', ...numbers, share];
}

const output = (command, ...rest) => execFileSync(command, rest, { cwd: here, encoding: 'utf8' }).trim();

/** How busy other programs keep the cores, 0 to 1, watched for a second while nothing of ours runs. */
async function othersShare() {
  const sum = () => cpus().reduce(([idle, all], { times }) => [idle + times.idle, all + Object.values(times).reduce((a, b) => a + b)], [0, 0]);
  const [idle, all] = sum();
  await sleep(1000);
  const [idleLater, allLater] = sum();
  return 1 - (idleLater - idle) / (allLater - all);
}
const QUIET = 0.05; // more than this, and a program that spins with several threads is treated unfairly

function surroundings(busy) {
  const system = readFileSync('/etc/os-release', 'utf8').match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1];
  const kernels = output('../build/bench/bench_cores', 'level');
  return [
    `Date: ${new Date().toISOString().slice(0, 10)}`,
    `Machine: ${cpus()[0].model.trim()}, ${cpus().length} cores, ${kernels} kernels; ${system}`,
    `Scrawl: ${output('git', 'describe', '--always', '--dirty')}, ${output('cc', '--version').split('\n')[0]}`,
    `Peers: ${Object.entries(versions).map(([name, version]) => `${name} ${version ?? 'missing'}`).join(', ')}`,
    `Other programs: ${busy.map((share) => `${(100 * share).toFixed(0)} %`).join(' of the cores before, ')} after${
      Math.max(...busy) > QUIET ? ': NOT a quiet machine, which harms programs that spin more than others' : ''
    }`,
    ...missing,
  ];
}

const EXPLANATION = `Written by \`./dev bench\`; [docs/measuring.md](../docs/measuring.md) says how the figures come about. A ratio says how many
times as fast the program in the third column was as the one it is put against, in the same round of one run: the median of
the rounds, the least and the most. Figures are medians. A peer stands here with the best of its configurations.`;

/** All rows of these parts; a part that fails leaves a line and the others go on. */
async function measure(names) {
  const folder = mkdtempSync(join(tmpdir(), 'scrawl-bench-'));
  const rows = [];
  const failures = [];
  for (const name of names) {
    try {
      rows.push(...(await parts[name](folder)));
    } catch (error) {
      failures.push(`The part ${name} did not finish: ${error.message}`);
    }
  }
  rmSync(folder, { recursive: true });
  return { rows, failures };
}

async function main(names) {
  const unknown = names.find((name) => !parts[name]);
  if (unknown) throw new Error(`there is no part called ${unknown}; there are: ${Object.keys(parts).join(', ')}`);
  const before = await othersShare();
  for (const line of missing) console.error(line);
  if (before > QUIET) console.error(`this machine is not quiet: other programs take ${(100 * before).toFixed(0)} % of it`);
  const { rows, failures } = await measure(names.length ? names : Object.keys(parts));
  const text = table(HEAD, rows.map(cells));
  console.log(text);
  for (const line of failures) console.error(line);
  if (failures.length) process.exitCode = 1;
  if (names.length) return;
  const list = [...surroundings([before, await othersShare()]), ...failures].map((line) => `- ${line}`).join('\n');
  writeFileSync(join(here, 'RESULTS.md'), `# Measured\n\n${EXPLANATION}\n\n${list}\n\n${text}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exit(1);
}
