"""A view across tenants: named, with a reason, read-only, and written down at every tenant seen."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.summary import Summary
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.privacy.audit import AuditKind
from crmkit.errors import InvalidValue
from crmkit.ports import Action, Actor
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

VIEW_ACROSS = Action(
    "tenants:view", "See records of several tenants at once", zh="跨租户查看", right=None
)
A = TypeVar("A", bound=Aggregate)
R = TypeVar("R")
LONGEST_LIST = 1000
"""How many records of a tenant a list brings at most."""


class OpensWork(Protocol):
    """What a view across tenants asks of the CRM: units of work."""

    def work(self, *, by: Actor | str, tenant: str, reason: str | None = None) -> UnitOfWork:
        """Open a unit of work."""
        ...


class Across:
    """Counts, lists and summaries of several tenants; `CRM.across` opens one.

    Each question is asked tenant by tenant, as the actor may see there, and each tenant's audit log
    keeps who asked what, and why. Nothing can be changed.
    """

    def __init__(
        self, crm: OpensWork, tenants: Sequence[str], *, by: Actor | str, reason: str
    ) -> None:
        """Take the names of the tenants and the reason; every tenant has to permit it."""
        if not tenants or isinstance(tenants, str):
            raise InvalidValue("no tenants are named", path="tenants", fix="name each of them")
        if not reason.strip():
            raise InvalidValue("a reason is required", path="reason", fix="say why")
        self.tenants = tuple(dict.fromkeys(tenants))
        self._crm, self._by, self._reason = crm, by, reason
        for tenant in self.tenants:
            with self._open(tenant) as work:
                work.permit(VIEW_ACROSS)

    def count(self, cls: type[Aggregate], where: Filter = EVERYTHING) -> dict[str, int]:
        """Count fitting records of each tenant."""
        return dict(self._ask(f"count {cls.__name__}", lambda work: work.of(cls).count(where)))

    def find(
        self,
        cls: type[A],
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Order] = (),
        limit: int = LONGEST_LIST,
    ) -> list[tuple[str, A]]:
        """Return fitting records with their tenant, at most `limit` of each."""
        asked = min(limit, LONGEST_LIST)
        found = self._ask(
            f"list {cls.__name__}",
            lambda work: work.of(cls).find(where, order=order, limit=asked),
        )
        return [(tenant, record) for tenant, records in found for record in records]

    def summarise(self, summary: Summary) -> list[dict[str, Any]]:
        """Answer a summary for each tenant; every row names its tenant."""
        cls = summary.spec.cls
        found = self._ask(
            f"summarise {summary.spec.name}", lambda work: work.of(cls).summarise(summary)
        )
        return [{"tenant": tenant, **row} for tenant, rows in found for row in rows]

    def _ask(self, asked: str, answer: Callable[[UnitOfWork], R]) -> Iterator[tuple[str, R]]:
        """Write the question down at a tenant and answer it, in one transaction."""
        told = {"asked": asked, "reason": self._reason, "tenants": list(self.tenants)}
        for tenant in self.tenants:
            with self._open(tenant) as work:
                work.permit(VIEW_ACROSS)
                write_down(work, AuditKind.CROSS_TENANT, VIEW_ACROSS, payload=told)
                answered = answer(work)
            yield tenant, answered

    def _open(self, tenant: str) -> UnitOfWork:
        return self._crm.work(by=self._by, tenant=tenant, reason=self._reason)
