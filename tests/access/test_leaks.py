"""No public service tells what its caller may not see.

Services are called with arguments made from their annotations, by somebody who knows every id; what
they return, refuse with and would change is looked through for texts that only the records tell
that are not theirs to see.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.errors import CrmkitError, Refused
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from tests.access.calling import MORE, Aim, NotInStock, arguments, is_general, services, told
from tests.access.house import CASES, OF_THEIR_OWN, OWN, House, around, secrets, veils

SERVICES: Final = dict(services())
SUBJECTS: Final = ("customer", "deal", "ticket")
STORES: Final = ("memory", "sqlite", "postgresql", "mongodb")
IS_FULL: Final = os.environ.get("CRMKIT_FULL") == "1"
ON: Final = {"hidden": STORES[1], "foreign": STORES[1]}
"""On which store a case is looked at in the quick run, other than in memory."""


def heard(house: House, crm: CRM, name: str, aim: Aim, canaries: Any) -> set[str]:
    """Return the canaries in what a call tells: result or refusal, and what it would change."""
    lines: list[str] = []
    try:
        given, named = arguments(SERVICES[name], aim)
    except NotInStock:
        return set()
    named |= MORE.get(name, {})
    asked = "\n".join(told((given, named)))
    with suppress(Refused), house.rehearse(crm) as work:
        try:
            lines += told(SERVICES[name](work, *given, **named))
        except (CrmkitError, TypeError, AttributeError) as refused:
            lines += told(refused)
        lines += told((work.changes, work.events, work.messages))
    for file in house.folder.glob("*.csv"):
        lines.append(file.read_text())
        file.unlink()
    lines += [one.getvalue() for one in given if hasattr(one, "getvalue")]
    text = "\n".join(lines)
    return {one for one in canaries(asked) if one in text}


def is_called(name: str, aim: Aim) -> bool:
    """Say whether there are arguments for a service."""
    try:
        return bool(arguments(SERVICES[name], aim))
    except NotInStock:
        return False


def leaks(house: House, crm: CRM) -> dict[str, set[str]]:
    """Return the services that tell of what is Zhao's, with what they tell.

    Those that want an entity that is not in stock are left out.
    """
    found: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for subject in SUBJECTS if is_general(service) else SUBJECTS[:1]:
            told_too_much = heard(house, crm, name, house.aim(subject), house.canaries)
            if told_too_much:
                found.setdefault(name, set()).update(told_too_much)
    return found


def _quick(case: str) -> list[str]:
    return list(STORES) if IS_FULL else [ON.get(case, "memory")]


@pytest.mark.parametrize(
    ("near_url", "case"),
    [(store, case) for case in CASES for store in _quick(case)],
    indirect=["near_url"],
)
def test_no_service_tells_of_what_is_not_seen(houses: Callable[..., House], case: str) -> None:
    """Hidden, removed, of another tenant or shared no more: no service tells of the records."""
    house = houses(case)
    assert leaks(house, house.guarded) == {}


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_services_do_tell_where_everything_is_permitted(
    houses: Callable[..., House], figure: Callable[[str], None]
) -> None:
    """The same calls find the canaries where everything is permitted, so a leak would be seen."""
    house = houses("hidden")
    telling = leaks(house, house.free)
    called = [name for name in SERVICES if is_called(name, house.aim(SUBJECTS[0]))]
    uncalled = ", ".join(sorted(SERVICES.keys() - set(called)))
    figure(f"leak matrix: {len(called)} services called, {len(telling)} of them can tell secrets")
    figure(f"leak matrix: for want of arguments not called: {uncalled or 'none'}")
    assert len(telling) >= 85
    assert len(called) >= 0.9 * len(SERVICES)


@pytest.mark.parametrize(
    ("near_url", "level"),
    [(store, level) for level in ("hidden", "masked") for store in _quick("field")],
    indirect=["near_url"],
)
def test_no_service_tells_a_veiled_field(houses: Callable[..., House], level: str) -> None:
    """Of one's own records, with every telling field hidden or masked, no service tells a value."""
    house = houses("hidden")
    with house.as_program() as work:
        apply_policy(work, OF_THEIR_OWN + Rules(field_rules=tuple(veils(house, level))))
    with house.rehearse(house.guarded) as work:
        mine = {name: _as_seen(house, work, name) for name in house.stocked}
    assert any("<" in repr(record) for record in mine.values())
    mine |= around(house.li)
    found: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for subject in SUBJECTS if is_general(service) else SUBJECTS[:1]:
            aim = Aim(house.free.registry, mine, subject, house.changeset_id, house.folder, OWN)
            aim = attrs.evolve(aim, word="nothing")
            told_too_much = heard(house, house.guarded, name, aim, lambda _given: secrets(OWN))
            if told_too_much:
                found.setdefault(name, set()).update(told_too_much)
    assert found == {}


def _as_seen(house: House, work: UnitOfWork, name: str) -> Any:
    cls: Any = house.free.registry[name].cls
    mine = house.own[name][0]
    return work.of(cls).look_up([mine.id], removed=True).get(mine.id, mine)
