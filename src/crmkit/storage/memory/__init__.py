"""A store in memory: for tests, notebooks and rehearsals, with the same promises as a database."""

from crmkit.storage.memory.store import MemoryStorage

__all__ = ["MemoryStorage"]
