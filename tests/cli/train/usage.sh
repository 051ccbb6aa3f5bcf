# Wrong usage is said in one sentence and ends with 2.
try() { scrawl train "$@" 2>&1; echo "exit $?"; }
try
try --data mnist --out x.onnx
try --data mnist --arch seed-keras
try --data mnist --arch seed-keras --out x.onnx extra
try --data mnist --arch seed-keras --out x.onnx --optimiser newton
try --data mnist --arch seed-keras --out x.onnx --augment wobble=3
try --data mnist --arch seed-keras --out x.onnx --scale 2
try --data mnist --arch seed-keras --out x.onnx --momentum 0.5
try --data mnist --arch seed-keras --out x.onnx --validation 0 --patience 2
try --data mnist --arch seed-keras --out nowhere/x.onnx
ls
