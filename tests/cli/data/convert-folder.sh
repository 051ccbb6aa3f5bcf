. "$GOLDEN/data/material"
scrawl data convert mnist --out folder --count 2
cat folder/manifest.tsv
ls folder
