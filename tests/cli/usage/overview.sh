scrawl help
