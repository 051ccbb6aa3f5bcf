# A model as a C header: compiled by itself, it makes the decisions of evaluate, in floats and in bytes.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 8 5x5, batchnorm, relu, pool 4, dense 10, softmax' \
  --out bands.onnx --epochs 12 --rate 0.01 --validation 0.2 >/dev/null
scrawl model import bands.onnx --name 7-bands --out named.onnx
cat >main.c <<'END'
#include <stdio.h>
#include "bands.h"
int main(void) {
  static unsigned char pixels[90][784];
  float p[MODEL_7_BANDS_CLASSES];
  int i, errors = 0;
  if (fseek(stdin, 16, SEEK_SET) || fread(pixels, 784, 90, stdin) != 90) return 1;
  for (i = 0; i < 90; i++) errors += model_7_bands_read(pixels[i], p) != i % 3;
  printf("%d errors, %s\n", errors, model_7_bands_signs[7]);
  return 0;
}
END
scrawl model export named.onnx --c bands.h
cc -std=c99 -pedantic -Wall -Wextra -Werror main.c -o main && ./main <bands-images
scrawl model export named.onnx --int8 --data bands-images,bands-labels --c bands.h --onnx int8.onnx
sed -i 's/_bands/_bands_int8/g; s/7_BANDS/7_BANDS_INT8/' main.c
cc -std=c99 -pedantic -Wall -Wextra -Werror main.c -o main && ./main <bands-images
evaluate() { scrawl evaluate --data bands-images,bands-labels --json "$@" 2>/dev/null | jq -c '[.n, .errors]'; }
evaluate --model named.onnx
evaluate --model int8.onnx
head -12 bands.h | cut -c 1-100
# Refused, and nothing is written.
scrawl train --data bands-images,bands-labels --arch 'dense 6000, dense 10' --out large.onnx --epochs 1 >/dev/null
scrawl model export large.onnx --c large.h 2>&1
scrawl model export named.onnx 2>&1
ls large.h 2>&1
true
