"""Users and units: seats, roles, absence, and a tree that changes what its people see at once."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from crmkit.domain.access.policy import Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import Grant, Scope
from crmkit.domain.access.unit import Unit, UnitBelowItself, UnitId, circles_in, units_below
from crmkit.domain.access.user import NoSeatLeft, UserKind, UserNotActive
from crmkit.domain.calendars.absence import Absence, AbsenceId
from crmkit.errors import InvalidValue, NotPermitted
from crmkit.services.access import (
    activate_user,
    add_user,
    change_roles,
    deactivate_user,
    move_unit,
    seats_taken,
    share_record,
)
from crmkit.services.calendars import absences
from tests.services.access.conftest import Company

IN_MEMORY = pytest.mark.parametrize("near_url", ["memory"], indirect=True)
EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


@IN_MEMORY
def test_seats_are_counted_and_end(company: Company) -> None:
    """People who may act take a seat; services, agents and the deactivated do not."""
    with company.work("root") as work:
        assert seats_taken(work) == 6
        add_user(work, "robot", kind=UserKind.SERVICE, seats=6)
        with pytest.raises(NoSeatLeft) as caught:
            add_user(work, "one too many", seats=6)
    assert caught.value.fix
    with company.work("root") as work:
        mei = deactivate_user(work, company.people["mei"].id)
        assert not mei.is_active
        added = add_user(work, "new", seats=6)
        with pytest.raises(NoSeatLeft):
            activate_user(work, mei.id, seats=6)
        assert activate_user(work, mei.id, seats=7).is_active
        assert activate_user(work, added.id, seats=1) == added


@IN_MEMORY
def test_roles_are_not_changed_by_who_only_edits_users(company: Company) -> None:
    """Editing a user does not make anybody an administrator, by no way."""
    hr = Grant(role="marketing", entity="user", actions=("read", "edit"), scope=Scope.ALL)
    company.apply(STANDARD + Rules(grants=(hr,)))
    mei = company.people["mei"].id
    with company.work("mei") as work:
        work.users.save(work.users.get(mei).evolve(email="mei@example.com"))
    ways: list[Callable[[Any], Any]] = [
        lambda work: change_roles(work, mei, "administrator"),
        lambda work: work.users.save(work.users.get(mei).play("administrator")),
    ]
    for way in ways:
        with pytest.raises(NotPermitted), company.work("mei") as work:
            way(work)
    with company.work("root") as work:
        assert change_roles(work, mei, "finance", "finance").roles == ("finance",)


@IN_MEMORY
def test_who_is_away_names_a_deputy_who_is_there(company: Company) -> None:
    """Not themselves, and nobody who left; the absence ends when they come back."""
    li, zhao, mei = (company.people[name].id for name in ("li", "zhao", "mei"))
    with company.work("root") as work:
        deactivate_user(work, mei)
        with pytest.raises(UserNotActive):
            absences.note_absence(work, li, deputy=mei)
        with pytest.raises(InvalidValue):
            absences.note_absence(work, li, deputy=li)
        ends_at = work.now + timedelta(days=1)
        away = absences.note_absence(work, li, ends_at=ends_at, deputy=zhao)
        assert (away.covers(work.now), away.covers(ends_at)) == (True, False)
    with company.work("zhao") as work:
        assert work.customers.count() == 2
    with company.work("root") as work:
        assert absences.absent_now(work, [li]).keys() == {li}
        absences.come_back(work, li)
        assert absences.absent_now(work, [li]) == {}
    with company.work("zhao") as work:
        assert work.customers.count() == 1


@IN_MEMORY
def test_who_notes_absences_does_not_make_themselves_a_deputy(company: Company) -> None:
    """Neither of others nor by writing the record themselves; their own absence they may note."""
    notes = (
        Grant(role="marketing", entity="absence", actions=("read", "create", "edit"), scope=scope)
        for scope in (Scope.OWN, Scope.ALL)
    )
    mei, li = company.people["mei"].id, company.people["li"].id
    own, every = notes
    company.apply(STANDARD + Rules(grants=(own,)))
    with company.work("mei") as work:
        mine = absences.note_absence(work, mei)
    with pytest.raises(NotPermitted), company.work("mei") as work:
        absences.note_absence(work, li)
    company.apply(STANDARD + Rules(grants=(every,)))
    forged = Absence(id=AbsenceId(mine.id), user_id=li, begins_at=mine.begins_at, deputy_id=mei)
    ways: list[Callable[[Any], Any]] = [
        lambda work: absences.note_absence(work, li, deputy=mei),
        lambda work: work.absences.add(forged.replaced(id=work.new_id())),
        lambda work: work.absences.save(mine.evolve(user_id=li, deputy_id=mei)),
    ]
    for way in ways:
        with pytest.raises(NotPermitted), company.work("mei") as work:
            way(work)


@EVERYWHERE
def test_a_unit_that_moves_changes_what_is_seen_at_once(company: Company) -> None:
    """A manager sees the units below theirs, from the day they stand there to the day they end."""
    with company.as_program() as work:
        units = {unit.name: unit for unit in work.units.find()}
        north, south = units["north"], units["south"]
        share_record(work, company.contacts["zhao"], f"unit:{north.id}", reason="fair")
    with company.work("wang") as work:
        assert work.customers.count() == 1
        assert work.contacts.count() == 2
    with company.work("root") as work:
        move_unit(work, south.id, below=north.id)
        with pytest.raises(UnitBelowItself):
            move_unit(work, north.id, below=south.id)
    with company.work("wang") as work:
        assert work.customers.count() == 2
    with company.as_program() as work:
        yesterday = work.now.date() - timedelta(days=1)
        work.units.save(work.units.get(south.id).evolve(until_on=yesterday))
    with company.work("wang") as work:
        assert work.customers.count() == 1
    with company.as_program() as work:
        gone = work.units.get(south.id).evolve(until_on=None, head_id=company.people["li"].id)
        work.units.save(gone.evolve(parent_id=None))
        wang = work.users.get(company.people["wang"].id)
        work.users.save(wang.evolve(unit_id=None))
        work.units.save(work.units.get(north.id).evolve(head_id=wang.id))
    with company.work("wang") as work:
        assert [one.name for one in work.customers.find()] == [company.customers["li"].name]


def test_circles_of_units_end_and_are_named() -> None:
    """Should there be one, walking down ends; a unit must not end before it begins."""
    ids = [UnitId(UUID(int=number)) for number in range(3)]
    units = [
        Unit(id=ids[0], name="a", parent_id=ids[1]),
        Unit(id=ids[1], name="b", parent_id=ids[0]),
        Unit(id=ids[2], name="c", parent_id=ids[1]),
    ]
    assert units_below([ids[0]], units) == frozenset(ids)
    assert circles_in(units) == tuple(sorted(ids[:2]))
    with pytest.raises(InvalidValue):
        Unit(id=ids[0], name="a", from_on=date(2026, 1, 2), until_on=date(2026, 1, 1))
