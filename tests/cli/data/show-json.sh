. "$GOLDEN/data/material"
scrawl data show data/mnist/train-images-idx3-ubyte,data/mnist/train-labels-idx1-ubyte --json |
  jq -c '.name, .count, .width, .classes[0], .classes[9], .unreadable, .blank, .copies, .conflicts'
