"""The unit of work: who acts, when, for which tenant; what is read, written and committed."""

from crmkit.work.collection import Collection
from crmkit.work.unit import UnitOfWork

__all__ = ["Collection", "UnitOfWork"]
