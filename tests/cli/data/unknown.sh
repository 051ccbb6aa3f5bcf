scrawl data generate 2>&1
