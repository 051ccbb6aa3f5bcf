// TensorFlow.js with its WebAssembly backend (SIMD, one thread: in Node it has no more), the peer of `bench_step infer`;
// slices as in ../slices.h.
//
//   tfjs.mjs NETWORK BATCH
//   tfjs.mjs version
//
// NETWORK is Scrawl's text of one. Batch norms are left out, as if folded into the convolutions; bias and ReLU are fused
// into them: what its converter makes of a network.
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';

import { answer } from './slices.mjs';

const [text, batch] = process.argv.slice(2);
if (text === 'version') {
  console.log(version_wasm);
  process.exit();
}
setWasmPaths(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url).pathname);
await tf.setBackend('wasm');

const items = text.split(',').map((item) => item.trim().split(' ')).filter(([name]) => name !== 'batchnorm');
const steps = [];
let side = 28;
let channels = 1;
items.forEach(([name, ...words], i) => {
  const activation = items[i + 1]?.[0] === 'relu' ? 'relu' : 'linear';
  if (name === 'conv') {
    const kernel = Number.parseInt(words[1]);
    const pad = words.includes('same') ? 'same' : 'valid';
    const filters = Number(words[0]);
    const filter = tf.randomNormal([kernel, kernel, channels, filters], 0, Math.sqrt(2 / (kernel * kernel * channels)));
    const bias = tf.zeros([filters]);
    steps.push((x) => tf.fused.conv2d({ x, filter, strides: 1, pad, bias, activation }));
    channels = filters;
    if (pad === 'valid') side += 1 - kernel;
  } else if (name === 'pool') {
    const size = Number(words[0]);
    steps.push((x) => tf.maxPool(x, size, size, 'valid'));
    side = Math.floor(side / size);
  } else if (name === 'flatten') {
    channels *= side * side;
    side = 1;
    steps.push((x) => tf.reshape(x, [x.shape[0], -1]));
  } else if (name === 'dense') {
    const b = tf.randomNormal([channels, Number(words[0])], 0, Math.sqrt(1 / channels));
    const bias = tf.zeros([Number(words[0])]);
    steps.push((a) => tf.fused.matMul({ a, b, bias, activation }));
    channels = Number(words[0]);
  } else if (name === 'softmax') {
    steps.push((x) => tf.softmax(x));
  } else if (name !== 'relu' && name !== 'dropout') {
    throw new Error(`tfjs.mjs does not know the operator ${name}`);
  }
});
const pictures = tf.randomUniform([Number(batch), 28, 28, 1]);
await answer(() => {
  const result = tf.tidy(() => steps.reduce((x, step) => step(x), pictures));
  result.dataSync();
  result.dispose();
}, Number(batch));
