"""Users: who owns records and acts."""
