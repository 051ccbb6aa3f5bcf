// The peers that are installed here, and how to start each of them.
import { execFileSync } from 'node:child_process';

import { Program } from './rounds.mjs';

const here = (path) => new URL(path, import.meta.url).pathname;
const built = (name) => here(`../build/bench/bench_${name}`);
const python = process.env.PYTHON ?? '/usr/bin/python3';
const node = process.execPath;

const PEERS = {
  PyTorch: { command: [python, here('peers/pytorch.py')], install: 'apt-get install python3-torch' },
  'ONNX Runtime': {
    command: [node, here('peers/onnxruntime.mjs')],
    install: 'npm ci --ignore-scripts, in tests/',
  },
  'TensorFlow.js': {
    command: [node, here('peers/tfjs.mjs')],
    install: 'npm ci --ignore-scripts, in bench/',
  },
  oneDNN: { command: [built('dnnl')], install: 'apt-get install libdnnl-dev' },
};

/** name -> version, or undefined where it is missing */
export const versions = Object.fromEntries(
  Object.entries(PEERS).map(([name, { command }]) => {
    try {
      const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
      return [name, execFileSync(command[0], [...command.slice(1), 'version'], options).trim()];
    } catch {
      return [name, undefined];
    }
  }),
);

/** A line for each peer that is left out. */
export const missing = Object.keys(PEERS)
  .filter((name) => !versions[name])
  .map((name) => `${name} is not installed and left out; to have it: ${PEERS[name].install}`);

/** Configurations of a peer, [label, argument, ...] each, as a list of programs: empty where the peer is missing. */
export const peer = (name, threads, ...configurations) =>
  versions[name]
    ? configurations.map(([label, ...rest]) => new Program(`${name}${label}`, [...PEERS[name].command, ...rest.map(String)], threads))
    : [];

/** One of our own programs. */
export const ours = (label, name, ...rest) => new Program(label, [built(name), ...rest.map(String)]);
