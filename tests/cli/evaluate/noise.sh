# --noise: one kind damages what is measured, several make a table beside the undamaged set.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 4 5x5, relu, pool 4, dense 10, softmax' --out bands.onnx \
  --epochs 12 --rate 0.01 --validation 0.2 >/dev/null
evaluate() { scrawl evaluate --model bands.onnx --data bands-images,bands-labels "$@" 2>/dev/null; }
# What is damaged by nothing is read as without.
evaluate --noise awgn:0,blur:0,motion:1 | sed -n '/^noise/,$p' | cut -c 1-44
evaluate --noise awgn:0 | sed -n 1p
# A single kind: the same figures in the table and beside it.
evaluate --noise impulse:0.9 --json | jq -c '.errors > 0, (.noise | length), .noise[0].amount, (.noise[0].errors == .errors),
  (.noise[0].accuracy == .accuracy), (.noise[0].ece == .ece), (.noise[0] | keys)'
# All of them: the undamaged set's figures, then each kind at its usual amount; the same as when it is alone.
evaluate --noise all --json >all
jq -c '.errors, (.noise[] | [.kind, .amount, .n])' all
[ "$(jq -c '.noise[] | select(.kind == "fog")' all)" = "$(evaluate --noise fog --json | jq -c '.noise[0]')" ] && echo same fog
