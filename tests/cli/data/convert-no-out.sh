scrawl data convert mnist 2>&1
