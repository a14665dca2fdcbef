"""Business calendars: when people work, in their own time zone, as far as it is known."""
