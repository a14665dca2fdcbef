"""Judging: what the policy, or another one, lets any user do; for explanations and previews."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.domain.access.conditions import Conditions
from crmkit.domain.access.deciding import Deciding, all_of
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rulebook import Rulebook
from crmkit.domain.access.user import User
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import Filter, Not
from crmkit.work.clearance import finder
from crmkit.work.principals import Principals, rows_of

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork


class Judging:
    """Applies the rules in force, or other ones, to users other than the one who acts."""

    def __init__(self, work: "UnitOfWork", rules: Rules | None = None) -> None:
        """Belong to a work; without `rules` those in force count."""
        self._work = work
        self._principals = Principals(work, {})
        self._exists = finder(work)
        self.rulebook = self._principals.rulebook() if rules is None else Rulebook(rules)

    def deciding(self, user: User) -> Sequence[Deciding]:
        """Return the rules as they apply to a user and to whoever delegates to them."""
        conditions = Conditions(self._work.registry, self._work.custom_parts)
        return tuple(
            Deciding(self._work.registry, self.rulebook, conditions, standing)
            for standing in self._principals.standings(user, self.rulebook)
        )

    def allowed(self, user: User, spec: EntitySpec, names: Sequence[str]) -> Filter:
        """Return the records with which a user may do what has these names."""
        return all_of([each.allowed(spec, names) for each in self.deciding(user)])

    def fits(self, filter_: Filter, record: Any) -> bool:
        """Say whether a whole record fits a filter, whoever sees what it is linked with."""
        return matches(filter_, record, self._exists)

    def ids(self, spec: EntitySpec, filter_: Filter, but: Filter) -> tuple[UUID, ...]:
        """Return the live records that fit one filter and not another."""
        leaves = [path_to(spec, "id", {}).leaf]
        found = rows_of(self._work, spec, leaves, all_of([filter_, Not(but)]), live_only=True)
        return tuple(sorted(row[0] for row in found))
