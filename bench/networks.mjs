// The networks that are measured, in Scrawl's text form; every program here understands it.
const twice = (filters) => `${`conv ${filters} 3x3 same, batchnorm, relu, `.repeat(2)}pool 2, `;

export const networks = {
  // Two convolutions without padding, 22.4 MFLOP. The text of the preset of that name.
  'seed-keras': 'conv 64 3x3, relu, conv 32 3x3, relu, flatten, dense 10, softmax',
  // Five convolutions with batch norm, 43.9 MFLOP.
  'five-conv': `${twice(32)}${twice(64)}conv 128 3x3 same, batchnorm, relu, flatten, dense 10, softmax`,
  // Next to no arithmetic: what a call costs.
  'dense-alone': 'flatten, dense 10, softmax',
};
