"""Approvals: flows as data, and the cases that run through them."""
