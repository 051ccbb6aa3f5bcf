scrawl data invent 2>&1
