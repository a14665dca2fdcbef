"""Customers, contacts, leads and what is done with them."""
