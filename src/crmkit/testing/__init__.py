"""For those who build on crmkit: real servers, the storage contract, strategies, saboteurs."""
