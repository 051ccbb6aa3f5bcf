scrawl --version
