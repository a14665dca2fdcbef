"""Subscriptions: what people do with what customers pay for again and again."""
