# Digits and everything else as one class: 0 and 1 of the bands stay, 2 becomes "no glyph". A model's own words say so.
. "$GOLDEN/bands.sh"
bands
train() { scrawl train --data bands-images,bands-labels+bands-images,bands-labels --arch 'dense 3, softmax' --out bands.onnx --epochs 1 "$@"; }
train --alphabet 01∅ --others 0.25 --json 2>&1 | grep -v epoch
scrawl model show bands.onnx --json | jq -r '.metadata.alphabet, .metadata.recipe'
train --alphabet 0-1∅ --leave-out 2-2 --json 2>&1 | grep '^pictures'
train --alphabet 011 2>&1
train --others 0.5 2>&1
scrawl train --data bands-images,bands-labels --alphabet 210 --arch 'dense 3, softmax' --out back.onnx --epochs 1 >/dev/null
scrawl evaluate --model back.onnx --data bands-images,bands-labels --alphabet 0-1 --json | jq -c '[.n, .left_out]'
