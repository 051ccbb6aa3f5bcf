# Sets joined by + are shown as one, without copies; what cannot be joined is said.
. "$GOLDEN/data/material"
scrawl data show mnist+data/mnist/train-images-idx3-ubyte,data/mnist/train-labels-idx1-ubyte | grep -v ' 0   0.0'
scrawl data show mnist+mnist --part train --json | jq -c '.name, .count, .remarks'
scrawl data show mnist+ 2>&1
