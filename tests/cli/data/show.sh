. "$GOLDEN/data/material"
scrawl data show mnist --sheet sheet.png
head -c 4 sheet.png | tail -c 3
