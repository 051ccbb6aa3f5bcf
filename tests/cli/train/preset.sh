# The preset speedrun brings its recipe along; options that are given count more, and another optimiser its own rate.
. "$GOLDEN/bands.sh"
bands
recipe() {
  scrawl train --data bands-images,bands-labels --arch speedrun --out fast.onnx --validation 0.1 "$@" >/dev/null 2>&1
  scrawl model show fast.onnx --json | jq -r '.. | .recipe? // empty'
}
recipe
recipe --batch 8 --rate 0.1 --schedule constant --label-smoothing 0
recipe --optimiser adam
scrawl help train | grep -A 3 'A preset'
