scrawl data generate 2>&1
scrawl data generate --out x --kind letter 2>&1
scrawl data generate --out x --megapixels 400 --kind page 2>&1
scrawl data generate --out x --count 0 2>&1
scrawl data generate --out x --data nothing 2>&1
scrawl data generate --out x/y 2>&1
scrawl data generate --out x mnist 2>&1
ls
