"""Policies that go wrong in one place when something is written are caught by that deed's name."""

# pyright: reportPrivateUsage=false
# A saboteur reaches inside.

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.sight import Sight
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.entity import EntitySpec
from crmkit.errors import Conflict
from crmkit.ports import Clearance
from crmkit.services import parties
from crmkit.services.access import apply_policy
from crmkit.testing.saboteurs.of_writes import IgnoresConfirm
from crmkit.work import UnitOfWork
from crmkit.work.clearance import PolicyClearance
from crmkit.work.policies import Policies
from crmkit.work.principals import Principals
from tests.access.house import OF_THEIR_OWN
from tests.access.test_writing import Deeds, outcome
from tests.access.worlds import WRITING, Drawing, furnish


class Strange(PolicyClearance):
    """Decides with a defect."""


class OnlyAfter(Strange):
    """Judges a change by the record as it will be, whoever had it before."""

    def _may_write(self, sight: Sight, right: Right, before: Any, after: Any) -> bool:
        return super()._may_write(sight, right, after, after)


class OnlyBefore(Strange):
    """Judges a change by the record as it was, wherever it goes."""

    def _may_write(self, sight: Sight, right: Right, before: Any, after: Any) -> bool:
        return super()._may_write(sight, right, before, before)


class AssigningIsEditing(Strange):
    """Lets whoever edits a record give it away."""

    def _may_write(self, sight: Sight, right: Right, before: Any, after: Any) -> bool:
        meant = Right.EDIT if right is Right.ASSIGN else right
        return super()._may_write(sight, meant, before, after)


class RestoresFreely(Strange):
    """Lets everybody who sees what was removed bring it back."""

    def _may_write(self, sight: Sight, right: Right, before: Any, after: Any) -> bool:
        return right is Right.RESTORE or super()._may_write(sight, right, before, after)


class CreatesUnchecked(Strange):
    """Takes every new record for one's own."""

    def _checked_new(self, sight: Sight, record: Any) -> Any:
        return record


class ReliesOnNothing(Strange):
    """Does not let the commit confirm what a permission rests on."""

    def relied_on(self) -> Iterator[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Rely on nothing."""
        yield from ()


class StrangePolicies(Policies):
    """Lets a defect into every work."""

    def __init__(self, strange: type[Strange]) -> None:
        """Take the defect."""
        super().__init__()
        self._strange = strange

    def enter(self, work: UnitOfWork) -> Clearance:
        """Return a clearance with the defect."""
        return self._strange(work, Principals(work, self._books))


def first_wrong_deed(free: CRM, guarded: CRM, worlds: int) -> str:
    """Return the first deed that the model decides otherwise, empty when there is none."""
    for seed in range(worlds):
        world = Drawing(seed, WRITING).world()
        furnish(free, f"t{seed}", world)
        for at, user in enumerate(world.users):
            for deed in Deeds(world, user, random.Random(seed * 10 + at)).draw():
                refused = outcome(guarded, f"t{seed}", user, deed)
                if (refused is None) != deed.is_allowed:
                    return deed.name
    return ""


def write_while_revoked(free: CRM, guarded: CRM) -> str:
    """Let somebody write whose policy changes before the commit; say how the work ends."""
    with free.work(by="setup", tenant="acme") as work:
        apply_policy(work, OF_THEIR_OWN)
        user = work.users.add(User(id=UserId(work.new_id()), name="li", roles=("seller",)))
    try:
        with guarded.work(by=str(user.id), tenant="acme") as work:
            parties.register_customer(work, "late")
            with free.work(by="setup", tenant="acme") as other:
                apply_policy(other, Rules(roles=OF_THEIR_OWN.roles))
    except Conflict:
        return "conflict"
    return "committed"


@pytest.mark.parametrize(
    ("strange", "deeds"),
    [
        (OnlyAfter, {"change", "bulk", "assign"}),
        (OnlyBefore, {"change", "bulk", "assign"}),
        (AssigningIsEditing, {"change", "bulk", "assign"}),
        (RestoresFreely, {"restore"}),
        (CreatesUnchecked, {"create", "convert"}),
    ],
)
def test_a_policy_that_writes_wrongly_is_caught(strange: type[Strange], deeds: set[str]) -> None:
    """Owner checked only after, or only before, rights taken for each other: some deed shows it."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, plugins=free.plugins, access=StrangePolicies(strange))
        assert first_wrong_deed(free, guarded, 60) in deeds


def test_a_confirm_that_is_skipped_is_caught() -> None:
    """By the work or by the store: a policy that was revoked meanwhile is not noticed."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, access=StrangePolicies(ReliesOnNothing))
        assert write_while_revoked(free, guarded) == "committed"
    with CRM(IgnoresConfirm()) as free:
        guarded = CRM(free.storage, access=Policies())
        assert write_while_revoked(free, guarded) == "committed"


def test_honest_policies_are_not_caught() -> None:
    """The same deeds end as the model says, and a revocation in a conflict."""
    with CRM.open("memory:", plugin_names=()) as free:
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        assert first_wrong_deed(free, guarded, 4) == ""
        assert write_while_revoked(free, guarded) == "conflict"
