"""The rulebook: the rules of a policy, so that those of a role and an entity are found at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import (
    ALL,
    EVERYBODY,
    FieldRule,
    Grant,
    ParentRule,
    Restriction,
)
from crmkit.domain.access.veils import Level


class Rulebook:
    """Finds the rules that concern somebody; how many others there are makes no difference."""

    def __init__(self, rules: Rules, version: int = 0) -> None:
        """Sort the rules of a version of the policy."""
        self.rules = rules
        self.version = version
        self.watched = frozenset(role.name for role in rules.roles if role.watched)
        self._includes = {role.name: role.includes for role in rules.roles}
        self._grants: defaultdict[tuple[str, str], list[Grant]] = defaultdict(list)
        self._restrictions: defaultdict[tuple[str, str], list[Restriction]] = defaultdict(list)
        self._fields: defaultdict[str, list[FieldRule]] = defaultdict(list)
        self._parents: defaultdict[str, list[ParentRule]] = defaultdict(list)
        self._actions: defaultdict[str, set[str]] = defaultdict(set)
        for grant in rules.grants:
            self._grants[grant.role, grant.entity].append(grant)
            self._actions[grant.role].update(grant.actions)
        for restriction in rules.restrictions:
            self._restrictions[restriction.role, restriction.entity].append(restriction)
        for field_rule in rules.field_rules:
            self._fields[field_rule.entity].append(field_rule)
        for parent_rule in rules.parent_rules:
            self._parents[parent_rule.entity].append(parent_rule)

    def roles_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return known roles and all that they include; a circle, should there be one, ends."""
        found: set[str] = set()
        waiting = [name for name in names if name in self._includes]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [one for one in self._includes.get(name, ()) if one in self._includes]
        return frozenset(found)

    def grants(self, roles: Iterable[str], entity: str, names: Iterable[str]) -> Iterator[Grant]:
        """Bring what roles may do with an entity, under one of these names of actions."""
        wanted = {*names, ALL}
        for role in sorted(roles):
            for place in (entity, ALL):
                for grant in self._grants.get((role, place), ()):
                    if not wanted.isdisjoint(grant.actions):
                        yield grant

    def any_grant(self, roles: Iterable[str], names: Iterable[str]) -> bool:
        """Say whether roles may do something with any entity at all."""
        return not self._actions_of(roles).isdisjoint({*names, ALL})

    def restrictions(
        self, roles: Iterable[str], entity: str, names: Iterable[str]
    ) -> Iterator[Restriction]:
        """Bring what roles, or everybody, may not do with an entity."""
        wanted = {*names, ALL}
        for role in sorted({*roles, EVERYBODY}):
            for place in (entity, ALL):
                for restriction in self._restrictions.get((role, place), ()):
                    if not wanted.isdisjoint(restriction.actions):
                        yield restriction

    def _actions_of(self, roles: Iterable[str]) -> set[str]:
        return {action for role in roles for action in self._actions.get(role, ())}

    def parents(self, entity: str) -> Sequence[ParentRule]:
        """Return the parent rules of an entity."""
        return self._parents.get(entity, ())

    def has_grant(self, role: str, entity: str) -> bool:
        """Say whether a role may do anything at all with an entity."""
        return (role, entity) in self._grants or (role, ALL) in self._grants

    def levels(self, roles: Iterable[str], entity: str) -> dict[str, Level]:
        """Return how far roles get with the fields of an entity; those not named are edited."""
        rules = self._fields.get(entity, ())
        fields = {field for rule in rules for field in rule.fields}
        playing = [role for role in roles if self.has_grant(role, entity)]
        return {field: _level(field, rules, playing, set(roles)) for field in fields}


def _level(
    field: str, rules: Sequence[FieldRule], playing: Sequence[str], roles: set[str]
) -> Level:
    """Return the highest level of the roles, then what rules of `at_most` leave of it."""
    given: dict[str, Level] = {}
    cut = Level.EDIT
    for rule in rules:
        if field not in rule.fields:
            continue
        if not rule.at_most:
            given[rule.role] = max(given.get(rule.role, Level.HIDDEN), rule.level.level)
        elif rule.role == EVERYBODY or rule.role in roles:
            cut = min(cut, rule.level.level)
    usual = given.get(EVERYBODY, Level.EDIT)
    return min(cut, max((given.get(role, usual) for role in playing), default=usual))
