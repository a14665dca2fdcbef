"""Chances: what a model makes of the deals that closed, apart from stages and judgements."""
