# What cannot be done is said in one sentence.
. "$GOLDEN/bands.sh"
bands
try() { scrawl evaluate "$@" 2>&1; echo "exit $?"; }
try
try --data bands-images,bands-labels --model bands-images
try --data bands-images,bands-labels --model nosuch.onnx
scrawl train --data bands-images,bands-labels --arch 'dense 10, softmax' --out bands.onnx --epochs 1 >/dev/null
try --data bands-images,bands-labels --model bands.onnx --alphabet 0x
try --data bands-images,bands-labels --model bands.onnx --noise mist:1
try --data bands-images,bands-labels --model bands.onnx --noise motion,awgn:-1
try --data bands-images,bands-labels --model bands.onnx --noise zigzag:2
try --data bands-images,bands-labels --model bands.onnx --report nowhere/x.html
