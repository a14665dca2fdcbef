"""Calendars: what people do with business calendars and the sources of their days."""
