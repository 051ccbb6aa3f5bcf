export SCRAWL_DATA=$PWD
scrawl data show mnist 2>&1 | sed "s|$PWD|HERE|"
exit "${PIPESTATUS[0]}"
