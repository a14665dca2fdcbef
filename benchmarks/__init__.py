"""crmkit beside the raw driver and beside its peers: the same work in one run, told as ratios."""
