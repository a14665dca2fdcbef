"""Policies that go wrong in one place each are caught, by the question that bears their name."""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.deciding import Deciding
from crmkit.domain.access.rules import Grant, ParentRule, Restriction, Scope
from crmkit.domain.access.sight import Sight
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.summary import Summary, count
from crmkit.domain.filters.tree import EVERYTHING, NOTHING, Comparison, Exists, Filter, Op
from crmkit.domain.parties.customer import Customer
from crmkit.ports import Ask, Clearance
from crmkit.storage.memory.evaluate import holds
from crmkit.storage.memory.session import MemorySession
from crmkit.testing.saboteurs.making import saboteur
from crmkit.testing.saboteurs.of_questions import CountsAll, SumsOverAll, ThreeValued
from crmkit.work import UnitOfWork
from crmkit.work.clearance import PolicyClearance
from crmkit.work.policies import Policies
from crmkit.work.principals import Principals
from tests.access.reference import may
from tests.access.worlds import RIGHTS, Drawing, World, furnish


@attrs.frozen
class Caught(Exception):
    """A question was answered otherwise than by the model."""

    question: str


def judge(free: CRM, guarded: CRM, world: World, tenant: str) -> None:
    """Ask everything of every user of a world; raises `Caught` with the first wrong question."""
    for user in world.users:
        with guarded.work(by=str(user.id), tenant=tenant, read_only=True) as work:
            for records in (work.customers, work.deals):
                every = [one for one in world.records if type(one) is records.spec.cls]
                live = [one for one in every if not world.is_removed(one)]
                seen = {one.id for one in live if may(world, user, "read", one)}
                if any(one.tenant != tenant for one in records.find()):
                    raise Caught("tenant")
                if {one.id for one in records.find()} != seen:
                    raise Caught("list")
                if records.count() != len(seen):
                    raise Caught("count")
                total = Summary(spec=records.spec, measures={"n": count()})
                if records.summarise(total) != [{"n": len(seen)}]:
                    raise Caught("group")
                if set(records.look_up([one.id for one in every])) != seen:
                    raise Caught("get")
                sight = work.sight(records.spec.cls)
                assert sight is not None
                for right in RIGHTS:
                    expected = {one.id for one in live if may(world, user, right, one)}
                    if {one.id for one in live if sight.may((right,), one)} != expected:
                        raise Caught("write")


class Strange(Deciding):
    """Decides with a defect."""

    @classmethod
    def like(cls, honest: Deciding) -> Deciding:
        """Take over what an honest one goes by."""
        parts = {field.name: getattr(honest, field.name) for field in attrs.fields(Deciding)}
        return cls(**parts)


class RestrictionsForgotten(Strange):
    """Leaves out what is barred."""

    def _restricted(self, spec: EntitySpec, names: Sequence[str]) -> Iterable[Filter]:
        return ()


class SharesForgotten(Strange):
    """Leaves out what is shared."""

    def _shared(self, spec: EntitySpec, names: Sequence[str]) -> Iterable[Filter]:
        return ()


class ConditionsForgotten(Strange):
    """Grants whatever lies in the scope."""

    def _grant(self, spec: EntitySpec, grant: Grant) -> Filter:
        return self._scope(spec, grant.scope)


class OwnersForgotten(Strange):
    """Takes each scope for all records."""

    def _scope(self, spec: EntitySpec, scope: Scope) -> Filter:
        return EVERYTHING


class UnknownGrants(Strange):
    """Grants where a condition cannot be evaluated, as if None were equal to None."""

    def _grant(self, spec: EntitySpec, grant: Grant) -> Filter:
        granted = super()._grant(spec, grant)
        is_vain = grant.condition is not None and granted == NOTHING
        return self._scope(spec, grant.scope) if is_vain else granted


class UnknownBarsNothing(Strange):
    """Bars nothing where the condition of a restriction cannot be evaluated."""

    def _restriction(self, spec: EntitySpec, restriction: Restriction) -> Filter:
        barred = super()._restriction(spec, restriction)
        return NOTHING if restriction.condition is not None and barred == EVERYTHING else barred


class ParentsAlwaysOpen(Strange):
    """Follows every parent, whoever may see it."""

    def _parent(
        self, spec: EntitySpec, rule: ParentRule, names: Sequence[str], depth: int
    ) -> Filter:
        return EVERYTHING


class StrangeClearance(PolicyClearance):
    """Asks those who decide with a defect."""

    strange: type[Strange] = Strange

    def deciding(self) -> Sequence[Deciding]:
        """Return them in place of the honest ones."""
        return tuple(self.strange.like(each) for each in super().deciding())


class LinksToTheRemoved(PolicyClearance):
    """Follows a parent that was removed."""

    def sight(self, spec: EntitySpec) -> Sight | None:
        """Let links be followed that lead to what was removed."""
        honest = super().sight(spec)
        assert honest is not None
        honest._exists = self._leads
        return honest

    def _leads(self, node: Exists, value: Any) -> bool:
        linked = Comparison(node.remote, Op.EQ, value)
        found = self._work.behind(node.target.cls).find(linked, removed=True)
        return any(matches(node.where, one, self._leads) for one in found)


class LinkingPolicies(Policies):
    """Lets removed parents count in every work."""

    def enter(self, work: UnitOfWork) -> Clearance:
        """Return a clearance with the defect."""
        return LinksToTheRemoved(work, Principals(work, self._books))


class StrangePolicies(Policies):
    """Lets a defect into every work."""

    def __init__(self, strange: type[Strange]) -> None:
        """Take the defect."""
        super().__init__()
        self._strange = strange

    def enter(self, work: UnitOfWork) -> Clearance:
        """Return a clearance with the defect."""
        clearance = StrangeClearance(work, Principals(work, self._books))
        clearance.strange = self._strange
        return clearance


@saboteur("list")
class ClockStandsStill(MemorySession):
    """Takes it to be long ago, so that no share is ever over."""

    def now(self) -> datetime:
        """Return the time of long ago."""
        return datetime(2000, 1, 1, tzinfo=UTC)


@saboteur("tenant")
class TenantForgottenInLists(MemorySession):
    """Lists the customers of every tenant that fit."""

    customers: ClassVar[dict[UUID, Customer]] = {}

    def commit(self) -> None:
        """Remember the customers that were written."""
        self.customers.update(self._changes.get("customer", {}))
        super().commit()

    def find(self, spec: EntitySpec, ask: Ask) -> Iterator[list[Any]]:
        """Bring those that fit, whosesoever they are."""
        yield from super().find(spec, ask)
        if spec.cls is Customer:
            fits = holds(spec, ask.where, self._all)
            others = (one for one in self.customers.values() if one.tenant != self.tenant)
            yield [one for one in others if fits(one)]


def first_wrong(free: CRM, guarded: CRM, worlds: int) -> str:
    """Return the question that is the first to be answered wrongly, empty when none is."""
    for seed in range(worlds):
        world = Drawing(seed).world()
        furnish(free, f"t{seed}", world)
        try:
            judge(free, guarded, world, f"t{seed}")
        except Caught as wrong:
            return wrong.question
    return ""


@pytest.mark.parametrize(
    "strange",
    [
        RestrictionsForgotten,
        SharesForgotten,
        ConditionsForgotten,
        OwnersForgotten,
        UnknownGrants,
        UnknownBarsNothing,
        ParentsAlwaysOpen,
    ],
)
def test_a_policy_with_a_defect_is_caught(strange: type[Strange]) -> None:
    """Some world drawn by chance has a list, or a right to write, that the model does not give."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, access=StrangePolicies(strange))
        assert first_wrong(free, guarded, 60) in ("list", "write")


@pytest.mark.parametrize(
    ("store", "question"),
    [
        (CountsAll, "count"),
        (SumsOverAll, "group"),
        (ThreeValued, "list"),
        (ClockStandsStill, "list"),
        (TenantForgottenInLists, "tenant"),
    ],
)
def test_a_store_that_drops_the_policy_is_caught(store: Any, question: str) -> None:
    """In the count, in the group, where a value is missing, at the end of a share: by its name."""
    storage = store()
    with CRM(storage) as free:
        assert first_wrong(free, CRM(storage, access=Policies()), 60) == question


def test_parents_that_were_removed_are_caught() -> None:
    """A record whose parent is gone is got, or may be written, though the model says no."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, access=LinkingPolicies())
        assert first_wrong(free, guarded, 60) in ("get", "write")


def test_an_honest_policy_is_not_caught() -> None:
    """The same questions are answered as the model answers them."""
    with CRM.open("memory:", plugin_names=()) as free:
        assert first_wrong(free, CRM(free.storage, access=Policies()), 10) == ""
