"""Deciding: which records somebody may do something with, as one filter.

    allowed = not restricted and (granted or shared or allowed with the parent)

Everything asks this filter: lists have it in their condition, a single record is matched with it.
So what is listed, counted, summed up, exported and permitted is always the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.rules import ALL, Grant, ParentRule, Restriction, Scope
from crmkit.domain.access.standing import Standing
from crmkit.domain.access.user import User
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.tree import (
    EVERYTHING,
    MAX_LISTED,
    NOTHING,
    And,
    Comparison,
    Exists,
    Filter,
    Not,
    Op,
    Or,
    Sieve,
)

FEW = 32
"""Of so many owners the records are looked up; of more they are many, and tested one by one."""
MAX_PARENTS = 4
"""How many steps up parent rules lead: an activity, its deal, the customer, the group above it."""


@attrs.frozen
class AnyOf(Or):
    """At least one of any number of parts holds; rules are not bounded as what people ask is."""

    parts: tuple[Filter, ...]

    @property
    def nodes(self) -> int:
        """Count as one."""
        return 1


@attrs.frozen
class AllOf(And):
    """All of any number of parts hold."""

    parts: tuple[Filter, ...]

    @property
    def nodes(self) -> int:
        """Count as one."""
        return 1


@attrs.frozen
class Deciding:
    """The rules of a tenant applied to one standing."""

    registry: Registry
    rulebook: Rulebook
    conditions: Conditions
    standing: Standing

    def allowed(self, spec: EntitySpec, names: Iterable[str], depth: int = 0) -> Filter:
        """Return the records of an entity with which they may do what has these names."""
        wanted = tuple(names)
        if not self.standing.is_active:
            return NOTHING
        ways = [*self._granted(spec, wanted), *self._shared(spec, wanted)]
        ways += self._inherited(spec, wanted, depth)
        return _but(any_of(ways), any_of(self._restricted(spec, wanted)))

    def ever(self, names: Iterable[str]) -> bool:
        """Say whether an action that concerns no entity in particular is granted, and not barred.

        It is barred by a restriction for every entity, without a condition.
        """
        wanted, roles = tuple(names), self.standing.roles
        barred = self.rulebook.restrictions(roles, ALL, wanted)
        granted = self.rulebook.any_grant(roles, wanted)
        return self.standing.is_active and granted and not any(True for _ in barred)

    def reasons(
        self, spec: EntitySpec, names: Iterable[str]
    ) -> list[tuple[Grant | Restriction | ParentRule | str, Filter]]:
        """Return each rule that has a say, with the records it is about, for explanations."""
        wanted, roles, book = tuple(names), self.standing.roles, self.rulebook
        barred = book.restrictions(roles, spec.name, wanted)
        granted = book.grants(roles, spec.name, wanted)
        inherited = [r for r in book.parents(spec.name) if not set(wanted).isdisjoint(r.actions)]
        return [
            *((restriction, self._restriction(spec, restriction)) for restriction in barred),
            *((grant, self._grant(spec, grant)) for grant in granted),
            *(("share", shared) for shared in self._shared(spec, wanted)),
            *((rule, self._parent(spec, rule, wanted, 0)) for rule in inherited),
        ]

    def _granted(self, spec: EntitySpec, names: Sequence[str]) -> Iterable[Filter]:
        for grant in self.rulebook.grants(self.standing.roles, spec.name, names):
            yield self._grant(spec, grant)

    def _grant(self, spec: EntitySpec, grant: Grant) -> Filter:
        condition = self.conditions.filter(spec, grant.condition, self.standing.user)
        return NOTHING if condition is None else all_of([self._scope(spec, grant.scope), condition])

    def _restricted(self, spec: EntitySpec, names: Sequence[str]) -> Iterable[Filter]:
        for restriction in self.rulebook.restrictions(self.standing.roles, spec.name, names):
            yield self._restriction(spec, restriction)

    def _restriction(self, spec: EntitySpec, restriction: Restriction) -> Filter:
        condition = self.conditions.filter(spec, restriction.condition, self.standing.user)
        return EVERYTHING if condition is None else condition

    def _shared(self, spec: EntitySpec, names: Sequence[str]) -> Iterable[Filter]:
        for right in dict.fromkeys(names):
            records = self.standing.around.shared(spec.name, right)
            if records:
                yield among(path_to(spec, "id"), records)

    def _inherited(self, spec: EntitySpec, names: Sequence[str], depth: int) -> Iterable[Filter]:
        if depth >= MAX_PARENTS:
            return
        for rule in self.rulebook.parents(spec.name):
            if not set(names).isdisjoint(rule.actions):
                yield self._parent(spec, rule, names, depth)

    def _parent(
        self, spec: EntitySpec, rule: ParentRule, names: Sequence[str], depth: int
    ) -> Filter:
        """Return the records whose parent lives and is allowed."""
        tie = spec if rule.through is None else self.registry[rule.through]
        reference = path_to(tie, rule.path)
        parent = self.registry[parent_of(reference)]
        rights = tuple(name for name in names if name in rule.actions)
        allowed = self.allowed(parent, rights, depth + 1)
        if allowed == NOTHING:
            return NOTHING
        up = Exists(reference, parent, path_to(parent, "id"), allowed)
        if rule.through is None:
            return up
        return Exists(path_to(spec, "id"), tie, path_to(tie, rule.back or ""), up)

    def _scope(self, spec: EntitySpec, scope: Scope) -> Filter:
        if scope is Scope.ALL:
            return EVERYTHING
        owners = self.standing.around.owners(scope)
        if spec.cls is User:
            return among(path_to(spec, "id"), owners)
        if "owner_id" not in spec.parts:
            return NOTHING
        owner = path_to(spec, "owner_id")
        if FEW < len(owners) <= MAX_LISTED:
            return Sieve(owner, Op.IN, tuple(owners))
        return among(owner, owners)


def parent_of(reference: Path) -> str:
    """Name the entity to which a field refers; empty when it refers to none in particular."""
    return str(getattr(reference.kind, "target", ""))


def among(path: Path, ids: Sequence[UUID]) -> Filter:
    """Return the filter for any number of ids."""
    cuts = range(0, len(ids), MAX_LISTED)
    return any_of(Comparison(path, Op.IN, tuple(ids[at : at + MAX_LISTED])) for at in cuts)


def any_of(parts: Iterable[Filter]) -> Filter:
    """Join alternatives: equal ones once, values of one field together, `EVERYTHING` alone."""
    listed: dict[Path, dict[Any, None]] = {}
    others: dict[Filter, None] = {}
    for part in _flat(parts, Or):
        if part == EVERYTHING:
            return EVERYTHING
        if type(part) is Comparison and part.op in (Op.EQ, Op.IN) and _is_single(part.path):
            values = part.value if part.op is Op.IN else (part.value,)
            listed.setdefault(part.path, {}).update(dict.fromkeys(values))
        else:
            others[part] = None
    for path, found in listed.items():
        values = tuple(found)
        cuts = range(0, len(values), MAX_LISTED)
        several = [Comparison(path, Op.IN, values[at : at + MAX_LISTED]) for at in cuts]
        others.update(dict.fromkeys(several))
    kept = tuple(others)
    return kept[0] if len(kept) == 1 else AnyOf(kept) if kept else NOTHING


def all_of(parts: Iterable[Filter]) -> Filter:
    """Join conditions that must all hold; `NOTHING` swallows them."""
    kept = [part for part in _flat(parts, And) if part != EVERYTHING]
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else AllOf(tuple(kept)) if kept else EVERYTHING


def _but(allowed: Filter, restricted: Filter) -> Filter:
    if restricted == NOTHING:
        return allowed
    return NOTHING if restricted == EVERYTHING else all_of([allowed, Not(restricted)])


def _flat(parts: Iterable[Filter], kind: type[And] | type[Or]) -> Iterable[Filter]:
    for part in parts:
        if isinstance(part, kind):
            yield from _flat(part.parts, kind)
        else:
            yield part


def _is_single(path: Path) -> bool:
    """Say whether values of a field can be listed; money compares by its currency."""
    return path.kind.ordered and not isinstance(path.kind, Amount)
