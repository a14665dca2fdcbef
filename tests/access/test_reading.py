"""Every way of reading and writing records, every name of a work and of the CRM has a row here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest

from crmkit.cli.arguments import parser
from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.sight import STAMPS
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Form
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal
from crmkit.errors import CrmkitError, NotPermitted, Refused, UnknownField
from crmkit.services.access import apply_policy
from crmkit.work import Collection, UnitOfWork
from crmkit.work.departments import Departments
from tests.access.aim import told
from tests.access.house import CASES, OF_THEIR_OWN, OWN, House, secrets, veils
from tests.access.stores import IS_FULL, NEAR, STORES

Ask = Callable[[Any, Any, Any], Any]
"""A way of asking: of a collection, with a forged record of somebody else, with some fields."""


def _grouped(records: Any, fields: Any) -> list[Any]:
    keys = {f"by {at}": by(field) for at, field in enumerate(fields[:3])}
    return list(records.summarise(Summary(spec=records.spec, by=keys, measures={"n": count()})))


READS: Final[dict[str, Ask]] = {
    "get": lambda records, forged, _fields: records.get(forged.id, removed=True),
    "look_up": lambda records, forged, _fields: records.look_up([forged.id], removed=True),
    "find": lambda records, _forged, fields: records.find(order=[f.asc() for f in fields[:2]]),
    "stream": lambda records, _forged, _fields: list(records.stream()),
    "first": lambda records, _forged, fields: records.first(order=[f.desc() for f in fields[:2]]),
    "page": lambda records, _forged, _fields: list(_pages(records)),
    "count": lambda records, _forged, _fields: records.count(removed=True),
    "exists": lambda records, forged, _fields: records.exists(_is(records, forged)),
    "columns": lambda records, _forged, fields: list(records.columns(fields)),
    "summarise": lambda records, _forged, fields: _grouped(records, fields),
    "permitted": lambda records, _forged, _fields: records.permitted("edit").find(removed=True),
}
WRITES: Final[dict[str, Ask]] = {
    "add": lambda records, forged, _fields: records.add(forged.replaced(version=0)),
    "save": lambda records, forged, _fields: records.save(forged),
    "remove": lambda records, forged, _fields: records.remove(forged),
    "restore": lambda records, forged, _fields: records.restore(forged),
    "insert_many": lambda records, forged, _f: records.insert_many([forged.replaced(version=0)]),
    "save_many": lambda records, forged, _fields: records.save_many([forged.evolve(tags=("x",))]),
    "remove_many": lambda records, forged, _fields: records.remove_many([forged]),
    "restore_many": lambda records, forged, _fields: records.restore_many([forged]),
    "upsert_many": lambda records, forged, _fields: records.upsert_many(
        [forged.replaced(version=0)], [where(records.spec.cls).id]
    ),
}
OF_A_WORK: Final = {
    "changes events messages": "told by every call of test_leaks.py",
    "of sight shown permit clearance": "asks the policy",
    "where lower may_ask check_asked": "makes a filter, and refuses hidden fields",
    "custom_fields custom_parts custom_rules roles": "tells what the tenant defined for everybody",
    "guard hold rely_on remember known is_known_live": "keeps what the work itself has read",
    "actor tenant now changeset_id new_id next_number itself": "tells of the work, not of records",
    "tell": "puts a change into words that was shown before",
    "check_going_on commit rollback doom write_log wrote": "ends or logs the work",
    "behind storing": "are the doors past the policy; tests/meta/test_doors.py lists who uses them",
}
"""Every public name of a unit of work, and why it tells nothing that is hidden."""
OF_THE_CRM: Final = {
    "work rehearse run": "open works, in which the policy decides",
    "undo undo_all": "run the service undo, called in test_leaks.py",
    "across": "opens a work in each tenant, in which its policy decides",
    "audit dead_letters deliver_due purge replay": "belong to the program, and take no actor",
    "open close schema": "tell of no record",
}
OF_THE_COMMAND: Final = {
    "demo import export report check worker": "the program itself, with the URL of its database",
    "estimate": "reads no database",
}


def _is(records: Any, forged: Any) -> Any:
    return where(records.spec.cls).id.eq(forged.id)


def _pages(records: Any) -> Iterable[Any]:
    page = records.page(size=1)
    yield from page.items
    while page.next is not None:
        page = records.page(size=1, after=page.next)
        yield from page.items


def _names(rows: dict[str, str]) -> set[str]:
    return {name for line in rows for name in line.split()}


def _public(cls: type[Any]) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def test_every_public_name_has_a_row() -> None:
    """A new way of reading, writing or asking fails here until it is looked through as well."""
    assert _public(Collection) == READS.keys() | WRITES.keys()
    collections = {name for name in _public(Departments) if name != "of"}
    assert _public(UnitOfWork) - collections == _names(OF_A_WORK)
    assert _public(CRM) == _names(OF_THE_CRM)
    (commands,) = (
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert set(commands.choices) == _names(OF_THE_COMMAND)


QUICK: Final = {"hidden": "sqlite", "foreign": "memory", "unshared": "memory", "removed": "sqlite"}
EACH_CASE: Final = [
    (store, case) for case in CASES for store in (STORES if IS_FULL else (QUICK[case],))
]


def _fields_of(records: Any) -> list[Any]:
    """Return the fields that hold single values, those of nested values left out."""
    fields = [where(records.spec.cls)[name] for name in records.spec.parts]
    return [field for field in fields if field.path.kind.form is not Form.JSON]


def _answer(house: House, name: str, ask: Ask, forged: Any) -> Any:
    """Return what is answered or refused, with all that it tells."""
    with house.rehearse(house.guarded) as work:
        cls: Any = house.free.registry[name].cls
        records = work.of(cls)
        try:
            return ask(records, forged, _fields_of(records))
        except CrmkitError as refused:
            work.rollback()
            return refused


@pytest.mark.parametrize(("near_url", "case"), EACH_CASE, indirect=["near_url"])
def test_no_way_of_reading_tells_of_what_is_not_seen(
    houses: Callable[..., House], case: str, figure: Callable[[str], None]
) -> None:
    """Of every entity each way gives one's own records, as if there were no others."""
    house = houses(case)
    asked = 0
    for name, (own, theirs) in house.stocked.items():
        forged = own.replaced(id=theirs.id, version=theirs.version)
        given = "\n".join(told(forged))
        for way, ask in {**READS, **WRITES}.items():
            answer = _answer(house, name, ask, forged)
            text = "\n".join(told(answer))
            leaked = [one for one in house.canaries(given) if one in text]
            assert leaked == [], (name, way)
            asked += 1
            if way in WRITES and case != "foreign":
                assert isinstance(answer, Refused | CrmkitError), (name, way)
    figure(f"ways of reading and writing, {case}: {asked} asked, nothing told")


@pytest.mark.parametrize(("near_url", "case"), EACH_CASE, indirect=["near_url"])
def test_totals_are_those_of_a_store_without_the_others(
    houses: Callable[..., House], case: str
) -> None:
    """Whatever is counted, listed, paged and summed up is one's own, all of it and nothing else."""
    house = houses(case)
    for name in house.stocked.keys() - {"merge", "share"}:
        own = house.own[name]
        live = len([one for one in own if one.is_live])
        sizes = {
            way: _size(_answer(house, name, READS[way], own[0]))
            for way in ("find", "stream", "page", "columns")
        }
        assert sizes == dict.fromkeys(sizes, live), name
        assert _answer(house, name, READS["count"], own[0]) == len(own), name
        summed = _answer(house, name, READS["summarise"], own[0])
        assert sum(row["n"] for row in summed) == live, name


def _size(answer: Any) -> int:
    return len(answer)


def test_log_rows_are_not_read_by_a_policy(houses: Callable[..., House]) -> None:
    """Changes, messages, keys and audit entries are no records that somebody sees."""
    house = houses("hidden")
    for spec in house.free.registry:
        if not issubclass(spec.cls, Aggregate):
            with house.rehearse(house.guarded) as work:
                assert work.of(spec.cls).count() == 0, spec.name


OPS: Final = ("eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "is_none")


@pytest.mark.parametrize("near_url", NEAR, indirect=True)
@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_probing_a_veiled_field_gives_one_answer(
    houses: Callable[..., House], level: str, figure: Callable[[str], None]
) -> None:
    """Filter, order, group and column of a veiled field are refused alike, whatever is guessed."""
    house = houses("hidden")
    with house.as_program() as work:
        apply_policy(work, OF_THEIR_OWN + Rules(field_rules=tuple(veils(house, level))))
    masked = UnknownField if level == "hidden" else NotPermitted
    probed = 0
    for rule in veils(house, level):
        with house.rehearse(house.guarded) as work:
            records = work.of(house.free.registry[rule.entity].cls)
            if rule.entity == "merge":
                continue
            for name in set(rule.fields) - STAMPS:
                follows = name in getattr(records.spec.cls, "derived_names", ())
                refusal = UnknownField if follows else masked
                answers = _probed(work, records, name, _guesses(house, rule.entity, name))
                probed += len(answers)
                assert {type(one) for one in answers} == {refusal}, (rule.entity, name)
                assert len({str(one) for one in answers}) == 1, (rule.entity, name)
                assert not any(secret in str(answers) for secret in secrets(OWN))
    figure(f"probing {level} fields: {probed} guesses, one answer per field")


def _guesses(house: House, entity: str, name: str) -> list[Any]:
    """Return the stored values as JSON, and some beside them."""
    kept = [
        house.free.registry[entity].parts[name].plain(getattr(one, name))
        for one in house.own[entity]
    ]
    near = ["", "a", "m", "z", OWN[:3], f"{OWN}z"] if any(isinstance(k, str) for k in kept) else []
    return [*kept, *near]


def _probed(work: UnitOfWork, records: Any, name: str, guesses: list[Any]) -> list[CrmkitError]:
    """Return the refusals of all questions that can be meant about a field."""
    reader = FilterReader(work.registry, work.custom_parts)
    field = where(records.spec.cls)[name]
    asked: list[Callable[[], Any]] = []
    for op in OPS:
        for guess in guesses:
            value = None if op == "is_none" else [guess] if op == "in" else guess
            try:
                filter_ = reader.read(records.spec, {"field": name, "op": op, "value": value})
            except CrmkitError:
                continue
            asked += [
                lambda f=filter_: records.find(f),
                lambda f=filter_: records.count(f),
                lambda f=filter_: records.exists(f),
            ]
    if field.path.kind.ordered and field.path.kind.form is not Form.JSON:
        asked += [
            lambda: records.find(order=[field.asc()]),
            lambda: records.page(order=[field.desc()]),
            lambda: _grouped(records, [field]),
        ]
    return [refused for ask in asked if (refused := _refused(ask)) is not None]


def _refused(ask: Callable[[], Any]) -> CrmkitError | None:
    try:
        ask()
    except CrmkitError as refused:
        return refused
    return NotPermitted("was answered", path="answered")


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_the_stock_has_a_record_of_every_entity(
    houses: Callable[..., House], figure: Callable[[str], None]
) -> None:
    """A new entity fails here until tests/access/more_stock.py writes one of each."""
    house = houses("hidden")
    assert house.own.keys() - house.stocked.keys() == set()
    figure(f"leak matrix: {len(house.stocked)} entities in stock")


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_a_relation_counts_only_what_is_seen_at_its_far_end(
    houses: Callable[..., House],
) -> None:
    """That a deal of somebody else refers to one's customer is not told by a filter."""
    house = houses("hidden")
    mine, (_own, theirs) = house.own["customer"][0], house.stocked["deal"]
    with house.as_program() as work:
        deal = work.deals.get(theirs.id, removed=True)
        work.deals.save(deal.evolve(customer_id=mine.id))
    secret = where(Deal).id.eq(theirs.id)
    asked = where(Customer).referred_by(Deal, "customer_id", secret)
    with house.rehearse(house.free) as work:
        assert [one.id for one in work.customers.find(asked)] == [mine.id]
    with house.rehearse(house.guarded) as work:
        assert work.customers.find(asked) == []
        assert work.customers.count(asked) == 0
