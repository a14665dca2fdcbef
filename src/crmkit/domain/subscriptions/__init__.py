"""Subscriptions: what customers pay for again and again, and what comes of it each month."""
