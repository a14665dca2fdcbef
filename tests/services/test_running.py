"""Running services: again on a conflict, once under a key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.filters.order import Page
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.errors import (
    AlreadyDone,
    Conflict,
    IdempotencyMismatch,
    OutcomeUnknown,
    OutOfRange,
    RuleBroken,
    VersionConflict,
    WrongType,
)
from crmkit.services import parties
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
TWINS = 20


class Pauses(list[float]):
    """Keeps the pauses instead of making them."""

    def __call__(self, seconds: float) -> None:
        """Keep a pause."""
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    """Give somewhere to keep pauses."""
    return Pauses()


@pytest.fixture
def quick(pauses: Pauses) -> CRM:
    """Give a CRM in memory that does not really pause."""
    return CRM(MemoryStorage(), pause=pauses)


def run(crm: CRM, service: Any, *args: Any, **marks: Any) -> Any:
    """Run a service."""
    return crm.run(service, *args, by="li", tenant="acme", **marks)


def customers(crm: CRM) -> list[Customer]:
    """Return all customers."""
    with crm.work(by="li", tenant="acme", read_only=True) as work:
        found = work.customers.find()
        work.rollback()
    return found


def refusing(times: int, error: Exception) -> Any:
    """Make a service that registers a customer and fails so often before."""
    left = [error] * times

    def register(work: UnitOfWork, name: str) -> Customer:
        made = parties.register_customer(work, name)
        if left:
            raise left.pop()
        return made

    return register


def test_a_conflict_is_repeated_in_another_work(quick: CRM, pauses: Pauses) -> None:
    """Two conflicts cost two growing pauses; then it takes effect once."""
    made = run(quick, refusing(2, VersionConflict("customer")), "鲁西")
    assert [found.id for found in customers(quick)] == [made.id]
    assert len(pauses) == 2
    assert 0.01 <= pauses[0] <= 0.02 <= pauses[1] <= 0.04


def test_the_repeats_are_bounded(quick: CRM, pauses: Pauses) -> None:
    """The last conflict is raised, and nothing was written."""
    with pytest.raises(Conflict):
        run(quick, refusing(9, VersionConflict("customer")), "鲁西", attempts=3)
    assert len(pauses) == 2
    assert customers(quick) == []


def test_a_call_is_tried_at_least_once(quick: CRM) -> None:
    """Zero attempts cannot be meant."""
    with pytest.raises(OutOfRange):
        run(quick, refusing(0, VersionConflict("customer")), "鲁西", attempts=0)


def test_other_errors_are_not_repeated(quick: CRM, pauses: Pauses) -> None:
    """A refusal by rule and an error of the caller's come out at once."""
    for error in (RuleBroken("no"), ZeroDivisionError("oops")):
        with pytest.raises(type(error)):
            run(quick, refusing(1, error), "鲁西")
    assert pauses == []


def test_an_unknown_outcome_is_repeated_only_under_a_key(quick: CRM) -> None:
    """Without a key the caller must look; with one the repeat is safe."""
    with pytest.raises(OutcomeUnknown):
        run(quick, refusing(1, OutcomeUnknown("lost")), "a")
    run(quick, refusing(1, OutcomeUnknown("lost")), "b", idempotency_key="k")
    assert [found.name for found in customers(quick)] == ["b"]


def test_a_repeat_gets_the_record_as_it_is_now(crm: CRM) -> None:
    """The second call changes nothing and returns the first record in its present version."""
    first = run(crm, parties.register_customer, "鲁西", idempotency_key="k")
    with crm.work(by="wang", tenant="acme") as work:
        work.customers.save(work.customers.get(first.id).evolve(industry="化工"))
    again = run(crm, parties.register_customer, "鲁西", idempotency_key="k")
    assert (again.id, again.version, again.industry) == (first.id, 2, "化工")
    assert len(customers(crm)) == 1


def test_a_repeat_gets_a_record_that_was_removed_since(crm: CRM) -> None:
    """The result is still the record, marked removed."""
    first = run(crm, parties.register_customer, "鲁西", idempotency_key="k")
    with crm.work(by="li", tenant="acme") as work:
        work.customers.remove(work.customers.get(first.id))
    assert run(crm, parties.register_customer, "鲁西", idempotency_key="k").deleted_at


@pytest.mark.parametrize(
    "result",
    [
        None,
        True,
        7,
        "鲁西",
        Decimal("1.50"),
        Money("98000.50", "CNY"),
        date(2026, 11, 24),
        datetime.fromisoformat("2026-11-24T09:00:00+00:00"),
        UUID(int=7),
        [1, ("a", Decimal(2)), {"entity": "customer", "id": "x"}],
        {"tuple": [1], "map": {"decimal": "x"}, "nested": {}},
        Page(items=(1, ("a",)), next="cursor"),
        [Page(items=()), {"page": [], "next": None}],
    ],
    ids=repr,
)
def test_a_repeat_gets_the_first_result(quick: CRM, result: Any) -> None:
    """Every plain result comes back equal and of the same type."""

    def give(work: UnitOfWork) -> Any:
        return result

    first = run(quick, give, idempotency_key="k")
    again = run(quick, give, idempotency_key="k")
    assert (again, type(again)) == (first, type(first)) == (result, type(result))


@EVERYWHERE
def test_a_repeat_gets_a_list_of_records(crm: CRM) -> None:
    """Records inside lists and mappings are read back too."""

    def register_two(work: UnitOfWork) -> dict[str, list[Customer]]:
        return {"made": [parties.register_customer(work, name) for name in ("甲", "乙")]}

    first = run(crm, register_two, idempotency_key="k")
    again = run(crm, register_two, idempotency_key="k")
    assert [found.id for found in again["made"]] == [made.id for made in first["made"]]


def test_a_result_without_a_plain_form_is_refused_before_the_commit(quick: CRM) -> None:
    """What could not be given again is not taken under a key."""

    def register(work: UnitOfWork) -> object:
        parties.register_customer(work, "鲁西")
        return object()

    with pytest.raises(WrongType):
        run(quick, register, idempotency_key="k")
    assert customers(quick) == []
    assert run(quick, register) is not None


def test_another_call_under_the_same_key_is_refused(quick: CRM) -> None:
    """Another service, argument or filter, another version of a record: each is another call."""

    def touch(work: UnitOfWork, record: Customer, **more: Any) -> None:
        return None

    def grab(work: UnitOfWork, record: Customer, **more: Any) -> None:
        return None

    named = where(Customer).name.eq
    record = run(quick, parties.register_customer, "鲁西")
    said = {"sum": Money("1", "CNY"), "which": named("a")}
    run(quick, touch, record, **said, idempotency_key="k")
    run(quick, touch, record, **said | {"which": named("a")}, idempotency_key="k")
    others: list[tuple[Any, Any, dict[str, Any]]] = [
        (grab, record, said),
        (touch, record, {**said, "sum": Money("1", "USD")}),
        (touch, record, {**said, "which": named("b")}),
        (touch, record, {}),
        (touch, record.replaced(version=2), said),
    ]
    for service, given_record, more in others:
        with pytest.raises(IdempotencyMismatch):
            run(quick, service, given_record, **more, idempotency_key="k")


def test_a_key_belongs_to_its_actor_and_tenant(quick: CRM) -> None:
    """The same key of somebody else is another key."""
    for by, tenant in (("li", "acme"), ("wang", "acme"), ("li", "other")):
        quick.run(parties.register_customer, "a", by=by, tenant=tenant, idempotency_key="k")
    assert len(customers(quick)) == 2


def test_the_key_of_an_inner_call_is_not_taken_for_its_own(quick: CRM) -> None:
    """A repeat inside the service comes out as what it is."""

    def repeat(work: UnitOfWork) -> None:
        with quick.work(by="li", tenant="acme", idempotency_key="inner"):
            pass

    run(quick, repeat, idempotency_key="outer 1")
    with pytest.raises(AlreadyDone, match="inner"):
        run(quick, repeat, idempotency_key="outer 2")


def test_an_argument_without_a_plain_form_is_refused_under_a_key(quick: CRM) -> None:
    """A float could not tell two calls apart safely."""

    def take(work: UnitOfWork, value: float) -> None:
        return None

    run(quick, take, 0.5)
    with pytest.raises(WrongType, match="args"):
        run(quick, take, 0.5, idempotency_key="k")


@EVERYWHERE
def test_twins_take_effect_once(crm: CRM) -> None:
    """Twenty threads with one key: one customer, and every thread gets it."""
    start = Barrier(TWINS)

    def call(_twin: int) -> Customer:
        start.wait()
        made: Customer = run(crm, parties.register_customer, "鲁西", idempotency_key="k")
        return made

    with ThreadPoolExecutor(TWINS) as pool:
        made = list(pool.map(call, range(TWINS)))
    [kept] = customers(crm)
    assert {twin.id for twin in made} == {kept.id}


@EVERYWHERE
def test_twins_that_seem_refused_get_the_first_result(crm: CRM) -> None:
    """A unique number that the faster twin has taken is no refusal for the slower one."""
    start = Barrier(TWINS)

    def register(work: UnitOfWork, number: str) -> Customer:
        return parties.register_customer(work, "鲁西", number=number)

    def call(_twin: int) -> Customer:
        start.wait()
        made: Customer = run(crm, register, "N-1", idempotency_key="k")
        return made

    with ThreadPoolExecutor(TWINS) as pool:
        made = list(pool.map(call, range(TWINS)))
    assert len({twin.id for twin in made}) == 1


@EVERYWHERE
def test_threads_lose_no_update(crm: CRM) -> None:
    """Eight threads count one record up ten times each; the repeats bring all of it in."""
    made = run(crm, parties.register_customer, "鲁西", employees=0)

    def count_up(work: UnitOfWork) -> None:
        found = work.customers.get(made.id)
        work.customers.save(found.evolve(employees=(found.employees or 0) + 1))

    def call(_number: int) -> None:
        run(crm, count_up, attempts=1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(80)))
    [kept] = customers(crm)
    assert kept.employees == 80


_TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXTS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(_TEXTS, inner, max_size=3)
            | st.lists(inner, max_size=2).map(tuple)
        ),
        max_leaves=8,
    )
)
def test_any_plain_result_comes_back(result: Any) -> None:
    """Whatever JSON a service returns, the repeat returns the same."""
    crm = CRM(MemoryStorage())

    def give(work: UnitOfWork) -> Any:
        return result

    first = run(crm, give, idempotency_key="k")
    assert run(crm, give, idempotency_key="k") == first == result
