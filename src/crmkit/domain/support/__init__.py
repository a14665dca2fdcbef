"""Support: tickets, the clocks that run on them, and who works on what."""
