"""Ties to the world outside: each a plugin that a host gives to `CRM.open(plugins=[...])`."""
