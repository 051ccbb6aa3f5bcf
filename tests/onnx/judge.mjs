// ONNX Runtime as the judge of our ONNX files: the networks that `write` makes, and the models
// that ship, must give the same outputs there. Quantised networks are judged with the runtime's rewriting switched off,
// so that it does what each node of the file says: bytes that it rounds to the other side of a half than we do pass on a
// step of difference, so there the limit is a share of the largest output, and the decisions must be the same. How far its
// own byte kernels are off is printed beside it (they saturate on processors without VNNI).
//
//   node judge.mjs WRITE MODEL.onnx...
//
// Exits 77 (skipped) where onnxruntime-node is not installed: `npm ci --ignore-scripts` in tests/.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST = 1e-4; // largest absolute difference between two floats
const MOST_INT8 = 0.02; // of the largest output

let ort;
try {
  ort = await import('onnxruntime-node');
} catch (error) {
  console.log(`skipped: onnxruntime-node cannot be loaded (${error.code ?? error.message})`);
  process.exit(77);
}

// The runtime does not show metadata_props to JavaScript. ModelProto field 14: StringStringEntryProto {1: key, 2: value}.
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asUintN(64, value));
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const size = [() => (varint(), 0), () => 8, varint, , , () => 4][key & 7]();
    yield [key >> 3, bytes.subarray(at, (at += size))];
  }
}

function metadata(bytes) {
  const found = {};
  for (const [number, entry] of fields(bytes)) {
    if (number !== 14) continue;
    const { 1: key, 2: value } = Object.fromEntries(fields(entry));
    found[new TextDecoder().decode(key)] = new TextDecoder().decode(value);
  }
  return found;
}

const floats = (path) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// Which number of each picture is the largest.
function decisions(values, batch) {
  const size = values.length / batch;
  return Array.from({ length: batch }, (_, i) => {
    const row = values.slice(i * size, (i + 1) * size);
    return row.indexOf(row.reduce((most, value) => Math.max(most, value)));
  }).join();
}

async function judge(folder, name) {
  const file = (suffix) => join(folder, `${name}.${suffix}`);
  const bytes = readFileSync(file('onnx'));
  const quantised = name.endsWith('-int8');
  const shape = JSON.parse(readFileSync(file('shape'), 'utf8'));
  const run = async (graphOptimizationLevel) => {
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, graphOptimizationLevel });
    const { output } = await session.run({ input: new ort.Tensor('float32', floats(file('input')), shape) });
    return output;
  };
  const output = await run(quantised ? 'disabled' : 'all');
  const ours = floats(file('output'));
  const faults = [];
  if (output.data.length !== ours.length) {
    faults.push(`${output.data.length} numbers instead of ${ours.length}`);
  }
  const off = (data) => largest(ours.map((value, i) => value - data[i]));
  const worst = off(output.data);
  if (!(worst <= (quantised ? MOST_INT8 * largest(ours) : MOST))) faults.push(`differs by ${worst}`);
  if (quantised && decisions(ours, shape[0]) !== decisions(output.data, shape[0])) faults.push('decides otherwise');
  const { name: title, alphabet } = metadata(bytes);
  if (title !== name || !['0aß漢😀', '0123456789', '0123456789∅'].includes(alphabet)) faults.push('its metadata is not what was written');
  if (output.dims[0] !== shape[0]) faults.push(`gives a batch of ${output.dims[0]}`);
  const joined = quantised ? `, joined into byte kernels ${off((await run('all')).data).toExponential(1)}` : '';
  console.log(`${name}: [${output.dims}] ${faults.length ? faults.join('; ') : `ok, ${worst.toExponential(1)}${joined}`}`);
  return faults.length === 0;
}

const folder = mkdtempSync(join(tmpdir(), 'scrawl-onnx-'));
try {
  execFileSync(process.argv[2], [folder, ...process.argv.slice(3)], { stdio: 'inherit' });
  const names = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
  let good = names.length > 0;
  for (const name of names) good = (await judge(folder, name.slice(0, -5))) && good;
  process.exitCode = good ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
