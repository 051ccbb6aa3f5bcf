. "$GOLDEN/model/material"
scrawl model show "$torch"
