#!/bin/bash
# How the models that ship were made: one recipe each. Run by `./dev models`.
#
#   models/train.sh            every model, as shipped, into models/
#   models/train.sh NAME       this one
#   models/train.sh NAME SEED...   with these seeds, into build/models/NAME-SEED.onnx, and the test score of each with mean
#                              and deviation: for the record, never for a choice
#   models/train.sh ensemble NAME SEED...   those of these seeds, merged into build/models/NAME-ensemble.onnx
#
# Needs build/scrawl and the data sets (SCRAWL_DATA). An interrupted training goes on where it stopped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scrawl=$here/../build/scrawl
folder=$here/../build/models
mkdir -p "$folder"

# Damage less often than `world` has it, so that clean digits are learnt too.
lighter=crop-chance=0.08,neighbour-chance=0.06,rule-chance=0.04,shade-chance=0.05,texture-chance=0.04
lighter+=,blur-chance=0.08,motion-chance=0.1,pixelate-chance=0.03,contrast-chance=0.2
lighter+=,jpeg-chance=0.04,binarise=0.03,pair=0.2
# What hands do.
hands=rotation=10,scale=0.1,shear=0.15,shift=1.5,elastic=0.8,elastic-sigma=4,stroke=0.2

# crops NAME KIND COUNT SEED MODEL: glyphs as the cutting of generated lines gives them, $folder/NAME-*.
crops() {
  if [ -e "$folder/$1-labels-idx1-ubyte.gz" ]; then return; fi
  rm -rf "$folder/$1"
  "$scrawl" data generate --kind "$2" --data mnist+emnist-digits --count "$3" --seed "$4" --out "$folder/$1"
  "$scrawl" data convert "$folder/$1" --crops --model "$5" --to idx --out "$folder/$1"
}

# digits DATA SEED OUT OPTION...: one of the two trainings of digits
digits() {
  "$scrawl" train --name digits --data "$1" --seed "$2" --out "$3" --resume --alphabet "0123456789∅" --others 0.33 \
    --validation 0.05 --batch 64 --optimiser adamw --weight-decay 0.02 --schedule one-cycle --average 0.999 "${@:4}"
}

pair() { echo "$folder/$1-images-idx3-ubyte.gz,$folder/$1-labels-idx1-ubyte.gz"; }

# member NAME SEED OUT ARCHITECTURE: of digits-mnist
member() {
  "$scrawl" train --name "$1" --seed "$2" --out "$3" --resume --data mnist --validation 0.0834 --arch "$4" \
    --epochs 12 --batch 64 --optimiser adamw --rate 0.003 --weight-decay 0.02 --schedule one-cycle --warm-up 0.2 \
    --average 0.999 --augment "$hands"
}

# train NAME SEED OUT
train() {
  case $1 in
  digits)
    local first=$folder/digits-first-$2.onnx second=$folder/digits-float-$2.onnx
    local known=mnist+emnist-digits+emnist-byclass+emnist-letters+emnist-balanced+unipen
    crops strings string 6000 77 digits
    known+=+$(pair strings)
    digits "$known" "$2" "$first" \
      --arch "repeat 2 ( conv 32 3x3, batchnorm, relu ), pool 2, conv 64 3x3, batchnorm, relu, conv 96 3x3, batchnorm, relu, pool 2, conv 192 3x3, batchnorm, relu, flatten, dropout 0.2, dense classes, softmax" \
      --epochs 18 --rate 0.003 --warm-up 0.2 --augment "world,$lighter,noise-chance=0.4"
    crops strings-again string 5000 78 "$first"
    crops boxes boxes 1500 79 "$first"
    digits "$known+$(pair strings-again)+$(pair boxes)" "$2" "$second" --from "$first" \
      --epochs 12 --rate 0.0015 --warm-up 0.15 --augment "world,$lighter,noise-chance=0.5"
    "$scrawl" model export "$second" --int8 --data mnist --name digits --onnx "$3"
    ;;
  digits-mnist)
    member digits-mnist-a "$2" "$folder/digits-mnist-a-$2.onnx" \
      "repeat 2 ( conv 24 3x3, batchnorm, relu ), pool 2, repeat 2 ( conv 56 3x3, batchnorm, relu ), pool 2, conv 160 3x3, batchnorm, relu, flatten, dropout 0.3, dense 10, softmax"
    member digits-mnist-b "$2" "$folder/digits-mnist-b-$2.onnx" \
      "repeat 2 ( conv 20 5x5, batchnorm, relu ), pool 2, conv 64 5x5, batchnorm, relu, conv 144 3x3, batchnorm, relu, pool 2, flatten, dropout 0.3, dense 10, softmax"
    "$scrawl" model merge "$folder/digits-mnist-a-$2.onnx" "$folder/digits-mnist-b-$2.onnx" --name digits-mnist --out "$3"
    ;;
  digits-tiny)
    "$scrawl" train --name digits-tiny --seed "$2" --out "$3" --resume --data mnist --validation 0.0834 \
      --arch "repeat 2 ( conv 16 3x3, batchnorm, relu ), pool 2, repeat 2 ( conv 24 3x3, batchnorm, relu ), pool 2, conv 32 3x3, batchnorm, relu, flatten, dense 10, softmax" \
      --epochs 40 --batch 64 --optimiser adamw --rate 0.004 --weight-decay 0.01 --schedule one-cycle --warm-up 0.2 \
      --average 0.999 --augment "$hands"
    ;;
  *)
    echo "models/train.sh: there is no recipe \"$1\"; the recipes are digits, digits-mnist and digits-tiny" >&2
    exit 2
    ;;
  esac
}

# Of all models seed 1 ships.
if [ $# = 0 ]; then
  for name in digits digits-mnist digits-tiny; do train "$name" 1 "$here/$name.onnx"; done
  exit
fi
if [ "$1" = ensemble ]; then
  if [ $# -lt 4 ]; then
    echo "models/train.sh: ensemble wants a name and two seeds or more" >&2
    exit 2
  fi
  name=$2 members=()
  for seed in "${@:3}"; do
    model=$folder/$name-$seed.onnx
    if [ ! -e "$model" ]; then train "$name" "$seed" "$model"; fi
    members+=("$model")
  done
  exec "$scrawl" model merge "${members[@]}" --name "$name-ensemble" --out "$folder/$name-ensemble.onnx"
fi
name=$1
shift
if [ $# = 0 ]; then
  train "$name" 1 "$here/$name.onnx"
  exit
fi
for seed; do
  model=$folder/$name-$seed.onnx
  if [ ! -e "$model" ]; then train "$name" "$seed" "$model" >&2; fi
  echo "$seed $("$scrawl" evaluate --model "$model" --data mnist --part test --json | grep -o '"errors":[0-9]*' | head -n 1 | cut -d: -f2)"
done | awk '
  { printf "seed %s: %d errors, %.2f %%\n", $1, $2, 100 - $2 / 100; a = 100 - $2 / 100; sum += a; squares += a * a; n++ }
  END {
    mean = sum / n
    if (n > 1) printf "mean %.3f %%, deviation %.3f over %d seeds\n", mean, sqrt((squares - n * mean * mean) / (n - 1)), n
  }'
