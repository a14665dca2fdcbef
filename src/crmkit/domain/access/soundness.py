"""Soundness: what is wrong or without effect in the rules of a policy, each finding in words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.deciding import parent_of
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.rules import ALL, EVERYBODY, FieldRule, Grant, ParentRule
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.paths import CUSTOM, path_to
from crmkit.errors import CrmkitError

WRITING: Final = frozenset({Right.EDIT, Right.DELETE, Right.ASSIGN, Right.SHARE, Right.RESTORE})


@attrs.frozen(kw_only=True)
class Finding:
    """Something wrong (`is_fault`) or in vain in rules: where, what, and how to mend it."""

    path: str
    message: str
    fix: str = ""
    is_fault: bool = True

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path}: {self.message}" + (f" ({self.fix})" if self.fix else "")


class Soundness:
    """Looks a policy through, against the entities and the tenant's own fields."""

    def __init__(
        self, registry: Registry, conditions: Conditions, custom: Any = lambda _spec: {}
    ) -> None:
        """Take the entities, what reads conditions, and the source of the tenant's own fields."""
        self._registry = registry
        self._conditions = conditions
        self._custom = custom

    def findings(self, rules: Rules) -> tuple[Finding, ...]:
        """Return everything that is wrong or in vain, faults first."""
        found = [
            *self._of_roles(rules),
            *self._of_conditions(rules),
            *self._of_fields(rules),
            *self._of_parents(rules),
            *self._in_vain(rules),
        ]
        return tuple(sorted(found, key=lambda finding: not finding.is_fault))

    def _of_roles(self, rules: Rules) -> Iterator[Finding]:
        names = [role.name for role in rules.roles]
        known = {*names, EVERYBODY}
        for name, times in Counter(names).items():
            if times > 1:
                yield Finding(path=f"roles.{name}", message="is declared more than once")
        for role in rules.roles:
            for included in role.includes:
                if included not in known:
                    yield Finding(path=f"roles.{role.name}", message=f"includes no role {included}")
        for name in _circles(rules):
            yield Finding(path=f"roles.{name}", message="includes itself")
        for place, rule in _placed(rules):
            role_name = getattr(rule, "role", EVERYBODY)
            if role_name not in known or (role_name == EVERYBODY and isinstance(rule, Grant)):
                yield Finding(path=place, message=f"there is no role {role_name!r}")

    def _of_conditions(self, rules: Rules) -> Iterator[Finding]:
        for place, rule in _placed(rules):
            if rule.entity != ALL and rule.entity not in self._registry:
                yield Finding(path=place, message=f"there is no entity {rule.entity!r}")
                continue
            condition = getattr(rule, "condition", None)
            if condition is None:
                continue
            if rule.entity == ALL:
                yield Finding(path=place, message="a condition needs one entity")
                continue
            try:
                self._conditions.check(self._registry[rule.entity], condition)
            except CrmkitError as wrong:
                yield Finding(path=f"{place}.condition", message=wrong.message, fix=wrong.fix)

    def _of_fields(self, rules: Rules) -> Iterator[Finding]:
        for at, rule in enumerate(rules.field_rules):
            if rule.entity in self._registry:
                yield from self._of_field_rule(f"field_rules[{at}]", rule)

    def _of_field_rule(self, place: str, rule: FieldRule) -> Iterator[Finding]:
        spec = self._registry[rule.entity]
        for field in rule.fields:
            try:
                path_to(spec, field, self._custom(spec))
            except CrmkitError as wrong:
                yield Finding(path=place, message=wrong.message, fix=wrong.fix)
            if "." in field and not field.startswith(f"{CUSTOM}."):
                yield Finding(
                    path=place,
                    message=f"{field} is a part of a field",
                    fix=f"rule over {field.partition('.')[0]}",
                )

    def _of_parents(self, rules: Rules) -> Iterator[Finding]:
        for at, rule in enumerate(rules.parent_rules):
            if rule.entity in self._registry:
                yield from self._of_parent_rule(f"parent_rules[{at}]", rule)

    def _of_parent_rule(self, place: str, rule: ParentRule) -> Iterator[Finding]:
        try:
            tie: EntitySpec = self._registry[rule.through or rule.entity]
            parent = parent_of(path_to(tie, rule.path))
            if parent not in self._registry:
                yield Finding(path=place, message=f"{rule.path} refers to no entity")
            if rule.through is not None:
                back = parent_of(path_to(tie, rule.back or ""))
                if back != rule.entity:
                    yield Finding(path=place, message=f"{rule.back} does not refer to it")
        except CrmkitError as wrong:
            yield Finding(path=place, message=wrong.message, fix=wrong.fix)

    def _in_vain(self, rules: Rules) -> Iterator[Finding]:
        book = Rulebook(rules)
        for at, grant in enumerate(rules.grants):
            place = f"grants[{at}]"
            roles = book.roles_of([grant.role])
            if WRITING & set(grant.actions) and not any(
                True for _ in book.grants(roles, grant.entity, (Right.READ,))
            ):
                yield Finding(
                    path=place,
                    message=f"{grant.role} changes {grant.entity} without reading it",
                    fix="grant read as well",
                    is_fault=False,
                )
            if _is_barred(rules, grant, roles):
                yield Finding(
                    path=place, message="everything it grants is restricted", is_fault=False
                )


def _placed(rules: Rules) -> Iterator[tuple[str, Any]]:
    kinds: tuple[tuple[str, Iterable[Any]], ...] = (
        ("grants", rules.grants),
        ("restrictions", rules.restrictions),
        ("field_rules", rules.field_rules),
        ("parent_rules", rules.parent_rules),
    )
    for kind, several in kinds:
        for at, rule in enumerate(several):
            yield f"{kind}[{at}]", rule


def _circles(rules: Rules) -> list[str]:
    book = Rulebook(rules)
    return [role.name for role in rules.roles if role.name in book.roles_of(role.includes)]


def _is_barred(rules: Rules, grant: Grant, roles: frozenset[str]) -> bool:
    """Say whether restrictions without a condition leave nothing of a grant."""
    barred: set[str] = set()
    for restriction in rules.restrictions:
        concerns = restriction.role == EVERYBODY or restriction.role in roles
        if concerns and restriction.condition is None and restriction.entity in (ALL, grant.entity):
            barred |= set(restriction.actions)
    return ALL in barred or set(grant.actions) <= barred
