# A small network learns the digits in two epochs and reads more than 97 of 100 of the test part.
[ -e "${SCRAWL_DATA-}/mnist" ] || { echo "no MNIST in \$SCRAWL_DATA"; exit 77; }
scrawl train --data mnist --arch 'conv 8 3x3, relu, pool 2, conv 16 3x3, relu, pool 2, dense 10, softmax' \
  --out small.onnx --epochs 2 >/dev/null 2>&1
scrawl evaluate --model small.onnx --data mnist --json 2>/dev/null | jq -c '[.n, .accuracy > 0.97, .ece < 0.02]'
