"""One filter language for lists, saved views, permissions, imports and reports."""
