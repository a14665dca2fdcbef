"""No public service tells what its caller may not see.

Services are called with arguments made from their annotations, by somebody who knows every id; what
they return, refuse with and would change is looked through for texts that only the records tell
that are not theirs to see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.policy import Rules
from crmkit.errors import CrmkitError, Refused
from crmkit.services.access import apply_policy
from crmkit.work import UnitOfWork
from tests.access.aim import Aim, told
from tests.access.calling import SERVICES, arguments, is_general, offered
from tests.access.house import CASES, OF_THEIR_OWN, OWN, House, secrets, veils
from tests.access.stores import IS_FULL, STORES

SUBJECTS: Final = ("customer", "deal", "ticket")
pytestmark = pytest.mark.timeout(1800 if IS_FULL else 300)
ON: Final = {"hidden": STORES[1], "foreign": STORES[1]}
"""On which store a case is looked at in the quick run, other than in memory."""
REFUSED: Final = {
    "chances.learning.train_on": "200 closed deals make a sample",
    "chances.learning.train_win_model": "200 closed deals make a sample",
    "approvals.submitting.resubmit": "only who submitted does so",
    "approvals.submitting.withdraw_approval": "only who submitted does so",
    "sales.credit.approve_credit": "only who plays the role does so",
}
"""Services that refuse another's records even where everything is permitted, and why."""
MAY_TELL: Final = {
    "approvals.submitting.propose_record": ("approval_flow", "a case names the flow it goes by"),
    **dict.fromkeys(
        (
            "support.intakes.take_in",
            "support.merging.split_ticket",
            "support.receiving.receive_letter",
            "support.sla.review_level",
            "support.tickets.open_ticket",
        ),
        ("sla_policy", "a ticket names the policy that was chosen for it"),
    ),
    "sales.quote_answers.open_shared": ("quote_version", "the link holds the id"),
}
"""Of which entities services tell ids, and why; texts they never tell."""
HINT: Final = "name its arguments in tests/access/particulars.py, or stock what it asks for"


@attrs.frozen
class Heard:
    """What came of a call: what it told, and the crmkit error it ended in."""

    text: str
    refusal: CrmkitError | None
    asked: str

    def of(self, canaries: Iterable[str]) -> set[str]:
        """Return the canaries that were told."""
        return {one for one in canaries if one in self.text}


def heard(house: House, crm: CRM, name: str, aim: Aim) -> Heard:
    """Call a service, and return what it tells: its result or refusal, and what it would change.

    A call that crashes, with anything but an error of crmkit, fails the test.
    """
    return heard_with(house, crm, name, arguments(name, aim))


def heard_with(
    house: House, crm: CRM, name: str, asked_with: tuple[list[Any], dict[str, Any]]
) -> Heard:
    """Call a service with these arguments, by place and by name."""
    given, named = asked_with
    asked, refusal = "\n".join(told((given, named))), None
    lines: list[str] = []
    with suppress(Refused), house.rehearse(crm) as work:
        try:
            lines += told(SERVICES[name](work, *given, **named))
        except CrmkitError as error:
            refusal = error
            lines += told(error)
        lines += told((work.changes, work.events, work.messages))
    lines += _written(house, given)
    return Heard("\n".join(lines), refusal, asked)


def _written(house: House, given: list[Any]) -> Iterator[str]:
    """Bring what was written into files and streams."""
    for file in house.folder.glob("*.csv"):
        yield file.read_text()
        file.unlink()
    yield from (one.getvalue() for one in given if hasattr(one, "getvalue"))


def calls(aims: Callable[[str], Aim]) -> Iterator[tuple[str, Aim]]:
    """Bring every call of the matrix: each service, with records of several entities if it can."""
    for name, service in SERVICES.items():
        for subject in SUBJECTS if is_general(service) else SUBJECTS[:1]:
            yield name, aims(subject)


def leaks(
    house: House,
    crm: CRM,
    aims: Callable[[str], Aim],
    canaries: Callable[[str], Iterable[str]],
) -> dict[str, set[str]]:
    """Return the services that tell what they may not, with what they tell."""
    found: dict[str, set[str]] = {}
    for name, aim in calls(aims):
        answer = heard(house, crm, name, aim)
        may_tell = house.ids_of(MAY_TELL[name][0]) if name in MAY_TELL else set[str]()
        if told_too_much := answer.of(canaries(answer.asked)) - may_tell:
            found.setdefault(name, set()).update(told_too_much)
    return found


def _quick(case: str) -> list[str]:
    return list(STORES) if IS_FULL else [ON.get(case, "memory")]


EACH_CASE: Final = [(store, case) for case in CASES for store in _quick(case)]


@pytest.mark.parametrize(("near_url", "case"), EACH_CASE, indirect=["near_url"])
def test_no_service_tells_of_what_is_not_seen(houses: Callable[..., House], case: str) -> None:
    """Hidden, removed, of another tenant or shared no more: no service tells of the records."""
    house = houses(case)
    assert leaks(house, house.guarded, house.aim, house.canaries) == {}


@pytest.mark.parametrize(("near_url", "case"), EACH_CASE, indirect=["near_url"])
def test_no_service_tells_of_them_when_asked_about_others(
    houses: Callable[..., House], case: str
) -> None:
    """Asked about one's own records, no service tells of those of the other."""
    house = houses(case)
    mine = seen_of_own(house)
    found = leaks(house, house.guarded, lambda one: house.aim_at(mine, one), house.canaries)
    assert found == {}


def test_what_packages_offer_is_called() -> None:
    """No function that a package of the services names as its own is left out as an inner one."""
    assert set(offered()) <= SERVICES.keys()


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_every_service_is_called(
    houses: Callable[..., House], figure: Callable[[str], None]
) -> None:
    """With real arguments: where everything is permitted, each one does what it is there for."""
    house = houses("asked")
    telling: set[str] = set()
    for name, aim in calls(house.aim):
        answer = heard(house, house.free, name, aim)
        is_usual = aim.subject == SUBJECTS[0] and name not in REFUSED
        assert answer.refusal is None or not is_usual, f"{name} refuses; {HINT}"
        if answer.of(house.canaries(answer.asked)):
            telling.add(name)
    figure(f"leak matrix: {len(SERVICES)} services called, {len(telling)} can tell secrets")
    assert len(telling) >= 200
    assert REFUSED.keys() <= SERVICES.keys()


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
    mine = seen_of_own(house)
    assert any("<" in repr(record) for record in mine.values())

    def aims(subject: str) -> Aim:
        return attrs.evolve(house.aim_at(mine, subject), word="nothing")

    assert leaks(house, house.guarded, aims, lambda _asked: secrets(OWN)) == {}


def seen_of_own(house: House) -> dict[str, Any]:
    """Return a record of each entity as its owner sees it."""
    with house.rehearse(house.guarded) as work:
        return {name: _as_seen(house, work, name) for name in house.stocked}


def _as_seen(house: House, work: UnitOfWork, name: str) -> Any:
    cls: Any = house.free.registry[name].cls
    mine = house.own[name][0]
    return work.of(cls).look_up([mine.id], removed=True).get(mine.id, mine)
