"""Support: what people do with tickets, and what follows by itself."""
