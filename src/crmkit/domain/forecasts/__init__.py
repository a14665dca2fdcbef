"""Forecasts: what deals will bring in a span of days, by category, and how that moves."""
