# Stopping says how to go on; another rate is then refused by name.
. "$GOLDEN/bands.sh"
bands
run() {
  exec scrawl train --data bands-images,bands-labels --arch 'conv 16 5x5, relu, conv 16 5x5, relu, dense 10, softmax' \
    --out bands.onnx --epochs 100000 "$@"
}
run >table 2>said &
for wait in $(seq 200); do [ -s table ] && break; sleep 0.05; done
kill -INT $!
wait $!
echo "exit $?"
sed 's/epoch [0-9]*/epoch N/; s/after [0-9] of/after N of/' said
(run --resume --rate 0.5) 2>&1
echo "exit $?"
