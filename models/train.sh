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

# Damage less often than `world` has it, so that clean digits are learnt too.
lighter=crop-chance=0.08,neighbour-chance=0.06,rule-chance=0.04,shade-chance=0.05,texture-chance=0.04
lighter+=,blur-chance=0.08,motion-chance=0.1,pixelate-chance=0.03,contrast-chance=0.2,noise-chance=0.25
lighter+=,jpeg-chance=0.04,binarise=0.03

# train NAME SEED OUT
train() {
  case $1 in
  digits)
    "$scrawl" train --name digits --seed "$2" --out "$3" --resume \
      --data mnist+emnist-digits+emnist-byclass+emnist-letters+emnist-balanced+unipen \
      --alphabet "0123456789∅" --others 0.3 --validation 0.05 \
      --arch "repeat 2 ( conv 32 3x3, batchnorm, relu ), pool 2, conv 64 3x3, batchnorm, relu, conv 96 3x3, batchnorm, relu, pool 2, conv 192 3x3, batchnorm, relu, flatten, dropout 0.2, dense classes, softmax" \
      --epochs 18 --batch 64 --optimiser adamw --rate 0.003 --weight-decay 0.02 --schedule one-cycle --warm-up 0.2 \
      --average 0.999 --augment "world,$lighter"
    ;;
  *)
    echo "models/train.sh: there is no recipe \"$1\"; the recipes are digits" >&2
    exit 2
    ;;
  esac
}

# The seed that ships.
shipped_seed() {
  case $1 in
  digits) echo 1 ;;
  esac
}

if [ $# = 0 ]; then set -- digits; fi
ensemble=no
if [ "$1" = ensemble ]; then
  ensemble=yes
  shift
  if [ $# -lt 3 ]; then
    echo "models/train.sh: ensemble wants a name and two seeds or more" >&2
    exit 2
  fi
fi
name=$1
shift
if [ $# = 0 ]; then
  train "$name" "$(shipped_seed "$name")" "$here/$name.onnx"
  exit
fi
folder=$here/../build/models
mkdir -p "$folder"
if [ $ensemble = yes ]; then
  members=()
  for seed; do
    model=$folder/$name-$seed.onnx
    if [ ! -e "$model" ]; then train "$name" "$seed" "$model"; fi
    members+=("$model")
  done
  exec "$scrawl" model merge "${members[@]}" --name "$name-ensemble" --out "$folder/$name-ensemble.onnx"
fi
for seed; do
  model=$folder/$name-$seed.onnx
  if [ ! -e "$model" ]; then train "$name" "$seed" "$model" >&2; fi
  echo "$seed $("$scrawl" evaluate --model "$model" --data mnist --part test --json | tr ',{' '\n\n' | sed -n 's/^"errors"://p')"
done | awk '
  { printf "seed %s: %d errors, %.2f %%\n", $1, $2, 100 - $2 / 100; a = 100 - $2 / 100; sum += a; squares += a * a; n++ }
  END {
    mean = sum / n
    if (n > 1) printf "mean %.3f %%, deviation %.3f over %d seeds\n", mean, sqrt((squares - n * mean * mean) / (n - 1)), n
  }'
