"""What wide roles look at, and who looks as somebody else, is written in the audit log."""

from collections.abc import Iterator

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.parties.customer import Customer
from crmkit.domain.privacy.audit import AuditEntry, AuditKind
from crmkit.errors import NotPermitted
from crmkit.ports import Actor
from crmkit.services import access, parties
from crmkit.services.privacy.audit_log import audit_entries
from crmkit.work.policies import Policies

JOB = Actor(id="nightly", roles=frozenset({"system"}))


@attrs.frozen
class Firm:
    """A CRM in which the ready roles decide, with an administrator and a salesperson."""

    free: CRM
    crm: CRM
    tenant: str
    customer: Customer
    seller: User

    def entries(self) -> list[AuditEntry]:
        """Return what was written down about reading."""
        with self.free.work(by="setup", tenant=self.tenant) as work:
            return list(audit_entries(work, kind=AuditKind.PRIVILEGED_READ))


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm of two people and a customer."""
    with CRM.open(ready_url, plugin_names=()) as free:
        with free.work(by="setup", tenant=tenant) as work:
            access.apply_policy(work, STANDARD)
            for name, role in (("root", "administrator"), ("li", "salesperson")):
                user = User(id=UserId(work.new_id()), name=name, login=name, roles=(role,))
                seller = work.users.add(user)
            customer = parties.register_customer(work, "first", owner_id=seller.id)
        yield Firm(free, CRM(free.storage, access=Policies()), tenant, customer, seller)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_work_in_a_watched_role_is_written_down_once(firm: Firm, *, read_only: bool) -> None:
    """Who, in which roles, and of what kind: one entry however much was asked."""
    with firm.crm.work(by="root", tenant=firm.tenant, read_only=read_only) as work:
        assert work.customers.count() == 1
        assert work.customers.find() == [firm.customer]
        assert work.deals.find() == []
    (entry,) = firm.entries()
    assert entry.actor.value == "root"
    assert entry.action == "work:read"
    assert entry.payload.value == {"roles": ["administrator"], "entities": ["customer", "deal"]}


def test_a_job_of_the_program_is_watched_by_its_role(firm: Firm) -> None:
    """A named system role is no way to look unseen, not even where the work is undone."""
    with firm.crm.rehearse(by=JOB, tenant=firm.tenant) as work:
        assert work.tickets.count() == 0
    (entry,) = firm.entries()
    assert (entry.actor.value, entry.payload.value["roles"]) == ("nightly", ["system"])


def test_a_work_that_fails_is_written_down_too(firm: Firm) -> None:
    """What was seen before an error was seen."""
    with pytest.raises(RuntimeError), firm.crm.work(by="root", tenant=firm.tenant) as work:
        work.customers.get(firm.customer.id)
        raise RuntimeError
    assert [entry.action for entry in firm.entries()] == ["work:read"]


def test_whoever_plays_no_watched_role_is_not_watched(firm: Firm) -> None:
    """Everyday work writes nothing, nor does a watched role in a work that asked nothing."""
    with firm.crm.work(by="li", tenant=firm.tenant) as work:
        assert work.customers.find() == [firm.customer]
    with firm.crm.work(by="root", tenant=firm.tenant) as work:
        assert work.now
    assert firm.entries() == []


def test_looking_as_somebody_else_is_written_down(firm: Firm) -> None:
    """Explanations and previews tell about whom, or what, they were asked."""
    with firm.free.work(by="setup", tenant=firm.tenant, read_only=True) as work:
        access.explain(work, firm.seller, Right.EDIT, firm.customer)
        access.who_can(work, Right.READ, firm.customer)
        list(access.preview_policy_change(work, Rules(), ["customer"]))
    told = [(entry.action, entry.subjects) for entry in firm.entries()]
    about = (f"customer:{firm.customer.id}",)
    assert sorted(told) == sorted(
        [("access:explain", about), ("access:explain", about), ("access:explain", ())]
    )
    payloads = [entry.payload.value for entry in firm.entries()]
    assert {"user": str(firm.seller.id), "may": "edit"} in payloads


def test_who_may_not_explain_is_written_down_as_a_denial(firm: Firm) -> None:
    """A refusal leaves its own kind of entry, and none of looking."""
    with pytest.raises(NotPermitted), firm.crm.work(by="li", tenant=firm.tenant) as work:
        access.who_can(work, Right.READ, firm.customer)
    assert firm.entries() == []
