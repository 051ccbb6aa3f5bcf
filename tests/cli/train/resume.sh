# A run that is killed again and again, and one that is asked to stop, end in the very file of a run left alone.
. "$GOLDEN/bands.sh"
bands
run() {
  exec scrawl train --data bands-images,bands-labels --name bands --epochs 40 --batch 8 --average 0.9 --schedule cosine \
    --arch 'conv 8 3x3, batchnorm, relu, pool 2, dropout 0.2, conv 8 3x3, relu, dense 10, softmax' \
    --augment light,noise=0.1 --threads 2 "$@" 2>>said >/dev/null
}
(run --out whole.onnx)
for try in 1 2 3 4 5 6; do
  run --out killed.onnx --resume &
  sleep 0.$try
  kill -KILL $! 2>/dev/null && wait $! 2>/dev/null
done
(run --out killed.onnx --resume)
cmp whole.onnx killed.onnx && echo killed: same
for try in 1 2 3; do
  run --out stopped.onnx --resume &
  sleep 0.$try
  kill -TERM $! 2>/dev/null
  wait $!
done
(run --out stopped.onnx --resume)
cmp whole.onnx stopped.onnx && echo stopped: same
ls | grep -E '(onnx|safetensors)$' # a write that was killed may leave its temporary file
