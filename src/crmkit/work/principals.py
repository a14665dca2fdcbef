"""Principals: who acts in a unit of work, with the policy, the people around them and their shares.

Everything is read when it is first needed, once a work, past the policy itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.deciding import Deciding
from crmkit.domain.access.policy import ACCESS, Policy, Rules
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.rules import Scope
from crmkit.domain.access.share import Share, ShareLevel
from crmkit.domain.access.standing import Standing
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, units_below
from crmkit.domain.access.user import User, UserKind
from crmkit.domain.calendars.absence import Absence, lasting
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowering import live, lower
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.ports import Ask

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

_ABSENCE: Final = spec_of(Absence)
_USER: Final = spec_of(User)
_POLICY: Final = spec_of(Policy)
_SHARE: Final = spec_of(Share)
_TEAM: Final = spec_of(Team)
_UNIT: Final = spec_of(Unit)
MAX_DELEGATIONS: Final = 5
_UNITS: Final = "unit:"
_AFTER_UNITS: Final = "unit;"
"""The least text above all that begin with the one before."""
Books = dict[tuple[str, UUID, int], Rulebook]


class Principals:
    """Who acts in one work: the actor, and whoever delegates to them."""

    def __init__(self, work: "UnitOfWork", books: Books) -> None:
        """Belong to a work; rulebooks that were read before are found in `books`."""
        self._work = work
        self._books = books
        self._relied: dict[EntitySpec, dict[UUID, int]] = {}
        self._deciding: Sequence[Deciding] = ()

    def deciding(self) -> Sequence[Deciding]:
        """Return the rules as they apply to each who acts; there is always one."""
        if not self._deciding:
            book = self.rulebook()
            conditions = Conditions(self._work.registry, self._work.custom_parts)
            self._deciding = tuple(
                Deciding(self._work.registry, book, conditions, standing)
                for standing in self._acting(book)
            )
        return self._deciding

    @property
    def decided(self) -> Sequence[Deciding]:
        """Return those who were asked so far; nothing is read for it."""
        return self._deciding

    def user_id(self) -> UUID | None:
        """Return the user who acts, None for a job of the program."""
        user = self.deciding()[0].standing.user
        return None if user is None else user.id

    def relied_on(self) -> Iterator[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Bring the versions of the policy and of the users who act."""
        yield from self._relied.items()

    def standings(self, user: User, book: Rulebook) -> Iterator[Standing]:
        """Bring how a user stands, and whoever delegates to them; nobody when that is broken."""
        for hop in range(MAX_DELEGATIONS):
            self._relied.setdefault(_USER, {})[user.id] = user.version
            roles = book.roles_of(user.roles)
            around = People(self._work, user, roles)
            yield Standing(user=user, roles=roles, around=around, is_active=user.is_active)
            if user.delegator_id is None and (hop or user.kind is not UserKind.AGENT):
                return
            above = [] if user.delegator_id is None else self._get_users([user.delegator_id])
            if not above:
                break
            user = above[0]
        yield Standing(user=None, roles=frozenset(), around=Nobody())

    def rulebook(self) -> Rulebook:
        """Return the rules in force; none where the tenant has no policy."""
        policy = where(Policy)
        leaves = [path_to(_POLICY, name).leaf for name in ("id", "version")]
        found = rows_of(self._work, _POLICY, leaves, policy.name.eq(ACCESS), live_only=True)
        if not found:
            return Rulebook(Rules())
        policy_id, version = found[0]
        self._relied.setdefault(_POLICY, {})[policy_id] = version
        key = (self._work.tenant, policy_id, version)
        book = self._books.get(key)
        if book is None:
            with self._work.storing() as session:
                (kept,) = session.get_many(_POLICY, [policy_id])
            book = self._books[key] = Rulebook(kept.rules, kept.version)
        return book

    def _acting(self, book: Rulebook) -> Iterator[Standing]:
        actor = self._work.actor
        user = self._find_user(actor.id)
        if user is not None:
            yield from self.standings(user, book)
        else:
            yield Standing(user=None, roles=book.roles_of(actor.roles), around=Nobody())

    def _find_user(self, name: str) -> User | None:
        """Return the user of this id or login; a removed one only when no live one has it."""
        try:
            found = self._get_users([UUID(name)])
        except ValueError:
            found = []
        if not found:
            ask = Ask(where=lower(where(User).login.eq(name)))
            with self._work.storing() as session:
                found = [user for batch in session.find(_USER, ask) for user in batch]
        return next((user for user in found if user.is_live), found[0] if found else None)

    def _get_users(self, ids: Sequence[UUID]) -> list[User]:
        with self._work.storing() as session:
            return session.get_many(_USER, ids)


class Nobody:
    """No people, no shares: what is around a job of the program."""

    def owners(self, scope: Scope) -> Sequence[UUID]:
        """Own nothing."""
        return ()

    def shared(self, entity: str, right: str) -> Sequence[UUID]:
        """Have no shares."""
        return ()


class People:
    """The people around one user, and what was shared with them."""

    def __init__(self, work: "UnitOfWork", user: User, roles: frozenset[str]) -> None:
        """Belong to a user."""
        self._work = work
        self._user = user
        self._roles = roles
        self._owners: dict[Scope, tuple[UUID, ...]] = {}
        self._shares: dict[str, list[tuple[UUID, ShareLevel]]] = {}

    def owners(self, scope: Scope) -> Sequence[UUID]:
        """Return the users whose records lie in a scope."""
        if scope not in self._owners:
            self._owners[scope] = tuple(dict.fromkeys(self._find_owners(scope)))
        return self._owners[scope]

    def shared(self, entity: str, right: str) -> Sequence[UUID]:
        """Return the records of an entity that are open to the user by shares."""
        if entity not in self._shares:
            self._shares[entity] = self._find_shares(entity)
        opened = (record for record, level in self._shares[entity] if right in level.rights)
        return tuple(dict.fromkeys(opened))

    @cached_property
    def teams(self) -> Sequence[TeamId]:
        """Return the user's teams; one that was removed is none."""
        if not self._user.team_ids:
            return ()
        with self._work.storing() as session:
            found = session.get_many(_TEAM, self._user.team_ids)
        return tuple(team.id for team in found if team.is_live)

    @cached_property
    def units(self) -> Sequence[Unit]:
        """Return the units that exist today."""
        with self._work.storing() as session:
            found = session.find(_UNIT, Ask(where=live(_UNIT, lower(EVERYTHING))))
            units = [unit for batch in found for unit in batch]
        today = self._work.now.date()
        return [unit for unit in units if unit.stands_on(today)]

    @cached_property
    def own_units(self) -> frozenset[UUID]:
        """Return the user's unit and those of which they are head, as far as they exist today."""
        return frozenset(
            unit.id
            for unit in self.units
            if unit.id == self._user.unit_id or unit.head_id == self._user.id
        )

    def _find_owners(self, scope: Scope) -> Iterator[UUID]:
        user = where(User)
        yield self._user.id
        if scope is Scope.OWN:
            if away := self._stood_in_for():
                yield from self._ids(user.id.in_(away) & user.erased_at.is_none())
            return
        if scope is Scope.TEAM:
            yield from self.owners(Scope.OWN)
            if self.teams:
                yield from self._ids(user.team_ids.has_any(self.teams))
            return
        yield from self.owners(Scope.TEAM)
        units = self.own_units if scope is Scope.UNIT else units_below(self.own_units, self.units)
        if units:
            yield from self._ids(user.unit_id.in_(sorted(units)))

    def _stood_in_for(self) -> list[UUID]:
        """Return the users who are away now with this one as their deputy."""
        asked = lasting(self._work.now) & where(Absence).deputy_id.eq(self._user.id)
        leaves = [path_to(_ABSENCE, "user_id", {}).leaf]
        return [row[0] for row in rows_of(self._work, _ABSENCE, leaves, asked, live_only=True)]

    def _find_shares(self, entity: str) -> list[tuple[UUID, ShareLevel]]:
        share = where(Share)
        to_units = share.grantee.ge(_UNITS) & share.grantee.lt(_AFTER_UNITS)
        mine = share.grantee.in_(sorted(self._grantees())) | to_units
        names = ("record_id", "level", "until", "grantee")
        leaves = [path_to(_SHARE, name).leaf for name in names]
        asked = share.entity.eq(entity) & mine
        found = rows_of(self._work, _SHARE, leaves, asked, live_only=True)
        if any(row[3].startswith(_UNITS) for row in found):
            units = {f"{_UNITS}{unit_id}" for unit_id in self._units_above()}
            found = [row for row in found if row[3] in units or not row[3].startswith(_UNITS)]
        if not found:
            return []
        with self._work.storing() as session:
            now = session.now()
        return [(row[0], ShareLevel(row[1])) for row in found if row[2] is None or now < row[2]]

    def _grantees(self) -> Iterator[str]:
        yield f"user:{self._user.id}"
        yield from (f"team:{team_id}" for team_id in self.teams)
        yield from (f"role:{role}" for role in self._roles)

    def _units_above(self) -> Iterator[UUID]:
        by_id = {unit.id: unit for unit in self.units}
        unit, seen = by_id.get(self._user.unit_id), set[UUID]()  # type: ignore[arg-type]
        while unit is not None and unit.id not in seen:
            seen.add(unit.id)
            yield unit.id
            unit = by_id.get(unit.parent_id)  # type: ignore[arg-type]

    def _ids(self, filter_: Filter) -> Iterator[UUID]:
        leaves = [path_to(_USER, "id").leaf]
        yield from (row[0] for row in rows_of(self._work, _USER, leaves, filter_))


def rows_of(
    work: "UnitOfWork",
    spec: EntitySpec,
    leaves: Sequence[Any],
    filter_: Filter,
    *,
    live_only: bool = False,
) -> list[tuple[Any, ...]]:
    """Return some values of all fitting records, past the policy."""
    asked = lower(filter_)
    ask = Ask(where=live(spec, asked) if live_only else asked)
    with work.storing() as session:
        return [row for batch in session.select(spec, leaves, ask) for row in batch]
