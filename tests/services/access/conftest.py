"""A company in miniature: two units, four people, a policy; each with customers and deals."""

from collections.abc import Iterator

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import FieldLevel, FieldRule, Restriction
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal
from crmkit.services import parties, sales
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies

TENANT = "acme"
SECRET_INDUSTRY = Rules(
    field_rules=(
        FieldRule(
            role="salesperson", entity="customer", fields=("industry",), level=FieldLevel.HIDDEN
        ),
    ),
    restrictions=(
        Restriction(
            entity="customer",
            actions=("edit",),
            condition={"field": "industry", "op": "eq", "value": "secret"},
        ),
    ),
)
"""What salespeople do not see of a customer, and what bars everybody from changing one."""


@attrs.frozen(kw_only=True)
class Company:
    """A CRM that its program uses freely, and one in which the policy decides."""

    free: CRM
    guarded: CRM
    people: dict[str, User]
    customers: dict[str, Customer]
    contacts: dict[str, Contact]
    deals: dict[str, Deal]

    def work(self, name: str) -> UnitOfWork:
        """Open a work of one of the people, in which the policy decides."""
        return self.guarded.work(by=str(self.people[name].id), tenant=TENANT)

    def as_program(self) -> UnitOfWork:
        """Open a work of the program itself, in which everything is permitted."""
        return self.free.work(by="setup", tenant=TENANT)

    def apply(self, rules: Rules) -> None:
        """Put other rules in force."""
        with self.as_program() as work:
            apply_policy(work, rules)


@pytest.fixture
def company(near_url: str) -> Iterator[Company]:
    """Give the company on a store; a test names the stores."""
    with CRM.open(near_url, plugin_names=()) as free:
        free.schema.apply()
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        yield _furnished(free, guarded)


def _furnished(free: CRM, guarded: CRM) -> Company:
    with free.work(by="setup", tenant=TENANT) as work:
        apply_policy(work, STANDARD)
        people = _people(work)
        pipeline = sales.define_pipeline(work, "new")
        customers, contacts, deals = {}, {}, {}
        for name in ("li", "zhao"):
            owner = people[name].id
            customers[name] = parties.register_customer(work, f"{name} 科技", owner_id=owner)
            contacts[name] = parties.add_contact(
                work,
                f"{name}的联系人",
                owner_id=owner,
                contact_points=(ContactPoint(kind=ContactKind.MOBILE, raw="13800001234"),),
            )
            deals[name] = sales.open_deal(
                work,
                name=f"deal of {name}",
                pipeline=pipeline.id,
                customer=customers[name].id,
                value=Money("100", "CNY"),
                owner=owner,
            )
    return Company(
        free=free,
        guarded=guarded,
        people=people,
        customers=customers,
        contacts=contacts,
        deals=deals,
    )


def _people(work: UnitOfWork) -> dict[str, User]:
    north, south = (
        work.units.add(Unit(id=UnitId(work.new_id()), name=name)) for name in ("north", "south")
    )
    roles = {
        "li": ("salesperson", north),
        "zhao": ("salesperson", south),
        "wang": ("sales_manager", north),
        "mei": ("marketing", south),
        "fang": ("finance", south),
        "root": ("administrator", None),
    }
    return {
        name: work.users.add(
            User(
                id=UserId(work.new_id()),
                name=name,
                login=name,
                roles=(role,),
                unit_id=unit.id if unit else None,
            )
        )
        for name, (role, unit) in roles.items()
    }
