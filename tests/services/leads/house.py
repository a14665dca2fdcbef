"""A sales house with a pool of leads: what the tests of leads share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.parties.lead import Lead
from crmkit.services import parties
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

NAMES = ("li", "wang", "sun", "zhao")


@attrs.frozen
class House:
    """A CRM with four salespeople."""

    crm: CRM
    clock: Stopped
    tenant: str
    people: dict[str, UserId] = attrs.field(factory=dict)

    def work(self, by: str = "li") -> UnitOfWork:
        """Open a work of somebody."""
        return self.crm.work(by=by, tenant=self.tenant)

    def run(self, by: str, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a service for somebody, once."""
        with self.work(by) as work:
            return service(work, *args, **kwargs)

    def lead(self, name: str = "王芳", owner: str | None = None, **fields: Any) -> Lead:
        """Capture a lead."""
        owner_id = None if owner is None else self.people[owner]
        with self.work() as work:
            return parties.capture_lead(work, name, owner_id=owner_id, **fields)

    def now(self, lead: Lead) -> Lead:
        """Return a lead as it is now."""
        with self.work() as work:
            return work.leads.get(lead.id)


@contextmanager
def opened(url: str, tenant: str) -> Iterator[House]:
    """Open a house."""
    clock = Stopped()
    with CRM.open(url, plugin_names=(), clock=clock) as crm:
        house = House(crm, clock, tenant)
        with house.work() as work:
            users = [User(id=UserId(work.new_id()), name=name, login=name) for name in NAMES]
            work.users.insert_many(users)
        house.people.update({user.name: user.id for user in users})
        yield house
