. "$GOLDEN/data/material"
printf 'nonsense' >data/mnist/train-labels-idx1-ubyte
scrawl data list --json | jq '.[0], length' | sed "s|$PWD|HERE|"
exit "${PIPESTATUS[0]}"
