# A quantised model is gone on from: its network in floats, with whatever alphabet, and nothing said of bytes any more.
. "$GOLDEN/bands.sh"
bands
set=bands-images,bands-labels
train() { scrawl train --data $set --rate 0.01 "$@"; }
train --arch 'conv 8 5x5, batchnorm, relu, pool 4, dense 10, softmax' --out bands.onnx --epochs 3 --validation 0.2 >/dev/null
scrawl model export bands.onnx --int8 --data $set --onnx int8.onnx
train --from int8.onnx --out better.onnx --epochs 9 --validation 0 --threads 2 | tail -1
scrawl model show int8.onnx | grep '^  network'
scrawl model show better.onnx | grep -E '^better|^  (network|reads|parameters|quantised|alphabet|architecture)'
scrawl model show better.onnx --json | jq -r '.metadata | .quantised, .recipe'
for key in temperature reject-below; do
  [ "$(scrawl model show int8.onnx --json | jq .metadata[\"$key\"])" = "$(scrawl model show better.onnx --json | jq .metadata[\"$key\"])" ] &&
    echo same $key
done
evaluate() { scrawl evaluate --data $set --json "$@" 2>/dev/null | jq -c '[.model, .n, .errors]'; }
evaluate --model int8.onnx
evaluate --model better.onnx
# Learnt from, too, and quantised once more.
train --arch 'flatten, dense 10, softmax' --teacher int8.onnx --out taught.onnx --epochs 1 --validation 0 | tail -1
scrawl model export better.onnx --int8 --data $set --onnx again.onnx && evaluate --model again.onnx
# Batch norms became part of the layers before them.
train --from int8.onnx --arch 'conv 8 5x5, batchnorm, relu, pool 4, dense 10, softmax' --out x.onnx --epochs 1 2>&1
