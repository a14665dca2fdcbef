"""Products, pipelines and deals."""
