scrawl frobnicate
