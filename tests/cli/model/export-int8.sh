# Quantising a model: what the file says, that every command runs it, and that SCRAWL_CPU changes nothing.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 8 5x5, batchnorm, relu, pool 4, dense 10, softmax' \
  --out bands.onnx --epochs 12 --rate 0.01 --validation 0.2 >/dev/null
scrawl model export bands.onnx --int8 --data bands-images,bands-labels --count 20 --onnx int8.onnx
scrawl model show int8.onnx | grep -E '^(bands|  (reads|network|parameters|quantised|alphabet))'
scrawl model show int8.onnx --json | jq -c '[.name, .parameters, .metadata.quantised]'
evaluate() { scrawl evaluate --data bands-images,bands-labels --json "$@" 2>/dev/null | jq -c '[.model, .n, .errors]'; }
evaluate --model bands.onnx
evaluate --model int8.onnx
for cpu in scalar v2 v3 v4; do SCRAWL_CPU=$cpu evaluate --model int8.onnx; done
[ "$(wc -c <int8.onnx)" -lt "$(wc -c <bands.onnx)" ] && echo smaller
# All pictures, where fewer are wanted than there are, and the same file each time.
scrawl model export bands.onnx --int8 --data bands-images,bands-labels --onnx all.onnx
scrawl model export bands.onnx --int8 --data bands-images,bands-labels --onnx again.onnx
cmp all.onnx again.onnx && scrawl model show all.onnx --json | jq -r .metadata.quantised
# Exported once more as it is.
scrawl model export ./int8.onnx --onnx copy.onnx && cmp int8.onnx copy.onnx && echo copied
# Under another name.
scrawl model export bands.onnx --int8 --data bands-images,bands-labels --name short --onnx short.onnx
scrawl model show short.onnx --json | jq -r .name
