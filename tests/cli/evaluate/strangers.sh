# Pictures of signs that the model does not know count in no score; it is said how many of them are rejected.
. "$GOLDEN/bands.sh"
bands
train() { scrawl train --data bands-images,bands-labels --arch 'conv 4 5x5, relu, pool 4, dense 2, softmax' --epochs 30 --rate 0.01 \
  --validation 0.2 "$@" 2>/dev/null >/dev/null; }
keys='[.n, .errors, .rejected, .strangers.n, .strangers.rejected, .strangers.signs]'
# A model of 0 and 1 without doubt takes each 2 for one of them; the band of 1 is nearer.
train --alphabet 01 --out two.onnx
evaluate() { scrawl evaluate --data bands-images,bands-labels --json "$@" 2>/dev/null; }
evaluate --model two.onnx | jq -c "$keys"
# One that was shown 2 as no glyph rejects it: a stranger none the less.
train --alphabet 01∅ --arch 'conv 4 5x5, relu, pool 4, dense 3, softmax' --out doubting.onnx
evaluate --model doubting.onnx | jq -c "$keys, [.classes[].sign], .confusion"
scrawl evaluate --model doubting.onnx --data bands-images,bands-labels 2>/dev/null | sed -n '1p;/rejected, under/p;/^strangers/,$p'
# It stays possible with an alphabet; signs that may not be read are left out, strangers are not.
evaluate --model doubting.onnx --alphabet 1 | jq -c "[.left_out, [.classes[].sign]], $keys"
# Nothing but strangers: no score at all.
{ printf '\000\000\010\001\000\000\000\132'; head -c 90 /dev/zero | tr '\0' '\002'; } >all-2
scrawl evaluate --model doubting.onnx --data bands-images,all-2 --report strangers.html 2>/dev/null | sed 's/bands-images,all-2/…/'
grep -o '<h2>[^<]*' strangers.html
evaluate --model doubting.onnx --data bands-images,all-2 | jq -c '[.n, .accuracy, .ece, .aurc, .coverage, .risk_coverage, .strangers.n]'
