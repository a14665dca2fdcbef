"""Forecasts: what people ask of deals to come, judge, are measured by, and keep."""
