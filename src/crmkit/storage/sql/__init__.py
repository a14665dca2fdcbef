"""SQL databases through SQLAlchemy Core: SQLite, PostgreSQL, MySQL and MariaDB."""

from crmkit.storage.sql.hosting import keep_indexes_out, keep_out, tables
from crmkit.storage.sql.storage import SqlStorage

__all__ = ["SqlStorage", "keep_indexes_out", "keep_out", "tables"]
