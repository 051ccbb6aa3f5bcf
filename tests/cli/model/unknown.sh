scrawl model fetch 2>&1
