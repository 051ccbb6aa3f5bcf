# Several models as one: what it says about itself, that it reads, is evaluated, quantised and becomes C like any other.
. "$GOLDEN/bands.sh"
bands
set=bands-images,bands-labels
for seed in 1 2 3; do
  scrawl train --data $set --arch 'conv 4 5x5, batchnorm, relu, pool 4, dense 10, softmax' --name bands-$seed \
    --out $seed.onnx --epochs 6 --rate 0.01 --validation 0.2 --seed $seed >/dev/null
done
scrawl model merge 1.onnx 2.onnx 3.onnx --out all.onnx --name three
scrawl model show all.onnx | grep -E '^(three|  (reads|output|parameters|members|alphabet|temperature))'
scrawl model show all.onnx | grep -o 'scale [0-9.]*$'
evaluate() { scrawl evaluate --data $set --json "$@" 2>/dev/null | jq -c '[.model, .n, .errors]'; }
evaluate --model all.onnx
scrawl model export all.onnx --int8 --data $set --onnx int8.onnx && evaluate --model int8.onnx
scrawl model export all.onnx --c all.h && grep -c 'static inline int three_read' all.h
scrawl model merge all.onnx 1.onnx --out more.onnx && scrawl model show more.onnx --json | jq -r '.name, .metadata.members'
# What does not fit is refused, and nothing is written.
try() { scrawl "$@" 2>&1; echo "exit $?"; }
scrawl model import 1.onnx --alphabet abcdefghij --out letters.onnx
scrawl model import 1.onnx --scale 255 --out raw.onnx
try model merge 1.onnx letters.onnx --out x.onnx
try model merge 1.onnx raw.onnx --out x.onnx
try model merge 1.onnx int8.onnx --out x.onnx
try model merge 1.onnx missing.onnx --out x.onnx
try model merge 1.onnx --out x.onnx
try model merge 1.onnx 2.onnx
try train --from all.onnx --data $set --out x.onnx --epochs 1
ls x.onnx 2>/dev/null
true
# How common "no glyph" is expected to be, where all members say it.
scrawl train --data $set --alphabet 01∅ --arch 'conv 4 5x5, batchnorm, relu, pool 4, dense classes, softmax' --out none.onnx \
  --epochs 4 --rate 0.01 --validation 0.2 >/dev/null
scrawl model merge none.onnx none.onnx --out nones.onnx && scrawl model show nones.onnx --json | jq -r '.metadata["none-share"]'
