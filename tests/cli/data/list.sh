. "$GOLDEN/data/material"
scrawl data list | sed "s|$PWD|HERE|"
