# --max-error takes the threshold of the nearest rate in the model's table that is not larger.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 4 5x5, relu, pool 4, dense 10, softmax' --out bands.onnx \
  --epochs 12 --rate 0.01 --validation 0.5 >/dev/null
scrawl model show bands.onnx | grep -E 'reject|error-thresholds' | tr -s ' '
evaluate() { scrawl evaluate --model bands.onnx --data bands-images,bands-labels "$@"; }
evaluate --max-error 0.3 --json 2>/dev/null | jq -c '[.max_error, .reject_below, .rejected, .accepted_errors, .coverage]'
evaluate --json 2>/dev/null | jq -c '[.max_error, .reject_below, .rejected, .accepted_errors, .coverage, .aurc, .excess_aurc]'
# 45 pictures without an error do not show a rate of 1 in 20.
try() { "$@" 2>&1 >/dev/null; echo "exit $?"; }
try evaluate --max-error 0.05
try evaluate --max-error 0
try evaluate --max-error nan
scrawl train --data bands-images,bands-labels --arch 'dense 10, softmax' --out bands.onnx --epochs 1 --validation 0 >/dev/null
try evaluate --max-error 0.1
