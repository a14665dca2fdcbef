"""Imports: how files map to records, and what became of each run."""
