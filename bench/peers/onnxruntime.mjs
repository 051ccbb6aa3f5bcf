// ONNX Runtime, the peer of `bench_step infer`: the same network from a file that `bench_step onnx` wrote, slices as in
// ../slices.h.
//
//   onnxruntime.mjs MODEL.onnx BATCH THREADS [no-spinning]
//   onnxruntime.mjs version
//
// onnxruntime-node comes with the tests (tests/package.json). Its threads spin between runs unless told not to.
import { createRequire } from 'node:module';

import { answer } from './slices.mjs';

const require = createRequire(new URL('../../tests/package.json', import.meta.url));
const [model, batch, threads, spinning] = process.argv.slice(2);
const ort = require('onnxruntime-node');
if (model === 'version') {
  console.log(ort.env.versions.node);
  process.exit();
}
const session = await ort.InferenceSession.create(model, {
  graphOptimizationLevel: 'all',
  executionMode: 'sequential',
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: spinning ? '0' : '1' } } },
});
const pictures = Float32Array.from({ length: batch * 28 * 28 }, Math.random);
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', pictures, [Number(batch), 1, 28, 28]) };
await answer(() => session.run(feeds), Number(batch));
