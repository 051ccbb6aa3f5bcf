# The live table without its times, and what lies there afterwards: the model alone.
. "$GOLDEN/bands.sh"
bands
scrawl train --data bands-images,bands-labels --arch 'conv 4 5x5, relu, pool 4, dense 10, softmax' \
  --out bands.onnx --epochs 3 --rate 0.01 --validation 0.2 >table
head -1 table
cut -c 1-21 <(sed -n 2,4p table)
sed -n '5s|pictures, weights.*|pictures|p' table
ls
