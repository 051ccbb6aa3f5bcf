. "$GOLDEN/model/material"
scrawl model import "$torch" 2>&1
