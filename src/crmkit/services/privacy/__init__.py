"""Privacy: the audit log, export and erasure of a person, retention, views across tenants."""
