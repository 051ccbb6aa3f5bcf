# What cannot be quantised is said in one sentence, and nothing is written.
. "$GOLDEN/bands.sh"
bands
set=bands-images,bands-labels
try() { scrawl "$@" 2>&1; echo "exit $?"; }
scrawl train --data $set --arch 'conv 4 5x5, relu, dense 10, softmax' --out bands.onnx --epochs 1 >/dev/null
scrawl model export bands.onnx --int8 --data $set --onnx int8.onnx
try model export bands.onnx --int8 --onnx x.onnx
try model export bands.onnx --int8 --data nosuch --onnx x.onnx
try model export bands.onnx --int8 --data $set --count 0 --onnx x.onnx
try model export bands.onnx --data $set --onnx x.onnx
try model export bands.onnx --count 5 --onnx x.onnx
try model export bands.onnx --int8 --data $set
try model export int8.onnx --int8 --data $set --onnx x.onnx
try model export bands-labels --int8 --data $set --onnx x.onnx
ls x.onnx 2>/dev/null
true
