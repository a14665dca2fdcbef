"""Chances: learn from closed deals what the chances of open ones are."""
