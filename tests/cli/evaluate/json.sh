# The keys and the figures that do not depend on the processor.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 4 5x5, relu, pool 4, dense 10, softmax' --out bands.onnx \
  --epochs 12 --rate 0.01 --validation 0.2 >/dev/null
evaluate() { scrawl evaluate --model bands.onnx --data bands-images,bands-labels --json "$@" 2>/dev/null; }
evaluate | jq -c keys
evaluate | jq -c '[.model, .n, .errors, .accuracy, .confusion, .classes[1], .unread, .left_out]'
# Only two signs may be read: pictures of the third are left out.
evaluate --alphabet 02 | jq -c '[.n, .errors, .left_out, [.classes[].sign]]'
# Noise is drawn from a seed.
[ "$(evaluate --noise impulse:0.6 | jq .loss)" = "$(evaluate --noise impulse:0.6 | jq .loss)" ] && echo same noise
[ "$(evaluate --noise impulse:0.6 | jq .loss)" = "$(evaluate --noise impulse:0.6 --seed 2 | jq .loss)" ] || echo other noise
