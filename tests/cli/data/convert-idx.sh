# Out as IDX and in again: the same bytes.
. "$GOLDEN/data/material"
scrawl data convert mnist --to idx --out again
cmp <(gzip -dc again-images-idx3-ubyte.gz) <(gzip -dc data/mnist/t10k-images-idx3-ubyte.gz) && echo same pictures
cmp <(gzip -dc again-labels-idx1-ubyte.gz) <(gzip -dc data/mnist/t10k-labels-idx1-ubyte.gz) && echo same labels
