"""A refused call leaves its idempotency key free: nothing was written, so it may be repeated."""

from collections.abc import Callable, Iterator

import pytest

from crmkit.crm import CRM
from crmkit.domain.parties.customer import Customer
from crmkit.errors import Duplicate, InvalidValue, NotFound, NotPermitted, Refused, Vetoed
from crmkit.plugins import hookimpl
from crmkit.services import parties
from crmkit.work import UnitOfWork

KEY = "call-1"


class Gate:
    """Refuses every customer until it is opened."""

    def __init__(self) -> None:
        self.is_open = True

    @hookimpl
    def before_commit(self) -> None:
        """Refuse at the commit, after everything was prepared."""
        if not self.is_open:
            raise Vetoed("the gate is closed")


@pytest.fixture
def gate() -> Gate:
    """Give an open gate."""
    return Gate()


@pytest.fixture
def crm(fresh_url: str, gate: Gate) -> Iterator[CRM]:
    """Give a CRM behind the gate on each store in turn."""
    with CRM.open(fresh_url, plugins=[gate], plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


def register(crm: CRM, name: str, number: str | None = None) -> Customer:
    """Register a customer under the key."""
    customer: Customer = crm.run(
        parties.register_customer, name, number=number, by="li", tenant="acme", idempotency_key=KEY
    )
    return customer


def count(crm: CRM) -> int:
    """Count the customers."""
    with crm.work(by="li", tenant="acme", read_only=True) as work:
        return work.customers.count()


def test_vetoed_call_may_be_repeated(crm: CRM, gate: Gate) -> None:
    """Refused at the commit, nothing is kept; repeated it takes effect, and then only once."""
    gate.is_open = False
    for _attempt in range(2):
        with pytest.raises(Vetoed):
            register(crm, "鲁西")
    assert count(crm) == 0
    gate.is_open = True
    first = register(crm, "鲁西")
    gate.is_open = False
    assert register(crm, "鲁西").id == first.id
    assert count(crm) == 1


def test_key_of_a_refused_call_may_stand_for_another(crm: CRM) -> None:
    """The caller may mend the call under the same key."""
    crm.run(parties.register_customer, "光岳", number="C1", by="li", tenant="acme")
    with pytest.raises(Duplicate):
        register(crm, "鲁西", number="C1")
    assert register(crm, "鲁西", number="C2").number == "C2"
    assert count(crm) == 2


@pytest.mark.parametrize("refusal", [NotPermitted, NotFound, Refused, InvalidValue])
def test_refused_work_leaves_its_key_free(crm: CRM, refusal: Callable[[str], Exception]) -> None:
    """Also a work that the caller opens, whatever it wrote before it was refused."""

    def attempt(*, refuses: bool) -> None:
        with crm.work(by="li", tenant="acme", idempotency_key=KEY) as work:
            _register_then(work, refusal("no") if refuses else None)

    for _attempt in range(2):
        with pytest.raises(type(refusal("no"))):
            attempt(refuses=True)
    assert count(crm) == 0
    attempt(refuses=False)
    assert count(crm) == 1


def _register_then(work: UnitOfWork, refusal: Exception | None) -> None:
    parties.register_customer(work, "鲁西")
    if refusal is not None:
        raise refusal
