"""Privacy: what is kept about people, why and how long; erasure and the audit log."""
