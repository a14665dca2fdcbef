"""A desk: a tenant of its own in a database that all tests of prices and quotes share."""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from crmkit.crm import CRM
from crmkit.work import UnitOfWork

R = TypeVar("R")


@attrs.frozen
class Desk:
    """One tenant; each test has one that nobody used before."""

    crm: CRM
    tenant: str

    def work(self, by: Any = "li") -> UnitOfWork:
        """Open a unit of work."""
        return self.crm.work(by=by, tenant=self.tenant)

    def run(self, service: Callable[..., R], *arguments: Any) -> R:
        """Call a service in a work of its own, again after conflicts."""
        result: R = self.crm.run(service, *arguments, by="li", tenant=self.tenant, attempts=1000)
        return result
