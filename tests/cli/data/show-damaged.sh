. "$GOLDEN/data/material"
truncate -s -1 data/mnist/train-images-idx3-ubyte
scrawl data show mnist --part train 2>&1 | sed "s|$PWD|HERE|"
exit "${PIPESTATUS[0]}"
