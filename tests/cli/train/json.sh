# With --json each line is an object; the keys are a contract.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'dense 10, softmax' --out bands.onnx --epochs 2 --json 2>/dev/null |
  jq -c 'if has("epoch") then keys else keys, [.model, .name, .epochs, .trained_on, .validation.n, (.validation | keys)] end'
