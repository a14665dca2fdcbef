"""SQL databases through SQLAlchemy Core: SQLite, PostgreSQL, MySQL and MariaDB."""

from crmkit.storage.sql.hosting import keep_out, tables
from crmkit.storage.sql.storage import SqlStorage

__all__ = ["SqlStorage", "keep_out", "tables"]
