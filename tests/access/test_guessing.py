"""A veiled field cannot be guessed by writing: the stored value is refused like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import FieldLevel, FieldRule
from crmkit.domain.access.sight import STAMPS
from crmkit.errors import CrmkitError, NotPermitted
from crmkit.services.access import apply_policy
from tests.access.house import OF_THEIR_OWN, House, veils


def saved(house: House, entity: str, values: dict[str, Any]) -> CrmkitError | None:
    """Save one's own record with values in place of veils; return what refuses it."""
    cls: Any = house.free.registry[entity].cls
    try:
        with house.rehearse(house.guarded) as work:
            seen = work.of(cls).get(house.own[entity][0].id, removed=True)
            work.of(cls).save(seen.replaced(**values))
    except CrmkitError as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("near_url", "level"), [("memory", "hidden"), ("memory", "masked")], indirect=["near_url"]
)
def test_a_guess_is_refused_whatever_is_stored(
    houses: Callable[..., House], level: str, figure: Callable[[str], None]
) -> None:
    """Saving what is stored in a field that one does not see is no way to learn that it is."""
    house = houses("hidden")
    rules = [rule for rule in veils(house, level) if rule.entity != "merge"]
    with house.as_program() as work:
        apply_policy(work, OF_THEIR_OWN + Rules(field_rules=tuple(rules)))
    guessed = 0
    for rule in rules:
        spec = house.free.registry[rule.entity]
        own, theirs = house.stocked[rule.entity]
        derived = getattr(spec.cls, "derived_names", ())
        for name in set(rule.fields) - STAMPS - {*derived, "custom"}:
            answers = [
                saved(house, rule.entity, {name: getattr(one, name)}) for one in (own, theirs)
            ]
            assert {type(one) for one in answers} == {NotPermitted}, (rule.entity, name, answers)
            assert len({str(one) for one in answers}) == 1, (rule.entity, name)
            guessed += 1
    figure(f"guessing {level} fields by saving: {guessed} fields, one answer each")
    assert guessed > 100


@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_a_custom_value_is_not_guessed_either(houses: Callable[..., House], level: str) -> None:
    """A tenant's own field that one does not see is refused with the stored value as well."""
    house = houses("hidden")
    rule = FieldRule(entity="customer", fields=("custom.size",), level=FieldLevel(level))
    with house.as_program() as work:
        apply_policy(work, OF_THEIR_OWN + Rules(field_rules=(rule,)))
    stored = house.own["customer"][0].custom["size"]
    answers = [saved(house, "customer", {"custom": {"size": one}}) for one in (stored, "other")]
    assert [type(one) for one in answers] == [NotPermitted, NotPermitted]
    assert str(answers[0]) == str(answers[1])
