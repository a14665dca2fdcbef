"""Stores: memory, SQL databases and MongoDB behind one port."""
