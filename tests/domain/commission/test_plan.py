"""Commission plans: tiers part what is won to the cent, caps cut it, quotas are asked for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.commission.plan import Credit, Plan, PlanId, QuotaMissing, Tier, earn
from crmkit.domain.ids import UuidSequence
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealId
from crmkit.errors import InvalidValue

IDS = UuidSequence()
AT = datetime(2026, 1, 1, tzinfo=UTC)
QUOTA = Money("1000", "CNY")


def tier(attained: int, rate: str) -> Tier:
    """Return a tier."""
    return Tier(attained=Decimal(attained), rate=Decimal(rate))


def plan(*tiers: Tier, cap: Money | None = None, **fields: Any) -> Plan:
    """Return a plan that pays five percent, and eight of what lies above the quota."""
    given_ = tiers or (tier(0, "5"), tier(100, "8"))
    return Plan(
        **{
            "id": PlanId(IDS.next_id(AT)),
            "name": "2026",
            "role": "salesperson",
            "currency": "CNY",
            "tiers": given_,
            "cap": cap,
            **fields,
        }
    )


def credit(amount: str | int) -> Credit:
    """Return a credit."""
    return Credit(deal_id=DealId(IDS.next_id(AT)), amount=Money(str(amount), "CNY"))


def test_what_lies_above_the_quota_is_paid_at_the_higher_rate() -> None:
    """A deal that crosses the quota is parted there, and each part has its rate."""
    first, second = earn(plan(), [credit(700), credit(500)], QUOTA)
    assert str(first.amount) == "35.00 CNY"
    assert [(str(part.credit), part.rate, str(part.amount)) for part in second.parts] == [
        ("300.00 CNY", 5, "15.00 CNY"),
        ("200.00 CNY", 8, "16.00 CNY"),
    ]


def test_a_cap_cuts_what_comes_last() -> None:
    """Nobody is paid more than the cap, and the rows say what there was without it."""
    found = earn(plan(cap=Money("40", "CNY")), [credit(700), credit(500), credit(9)], QUOTA)
    assert [str(one.amount) for one in found] == ["35.00 CNY", "5.00 CNY", "0.00 CNY"]
    assert str(found[1].uncapped) == "31.00 CNY"


def test_tiers_ask_for_a_quota() -> None:
    """One rate needs no quota; rates by attainment do."""
    assert str(earn(plan(tier(0, "5")), [credit(100)], None)[0].amount) == "5.00 CNY"
    with pytest.raises(QuotaMissing):
        earn(plan(), [credit(100)], None)


@pytest.mark.parametrize(
    "fields",
    [
        {"tiers": ()},
        {"tiers": (tier(10, "5"),)},
        {"tiers": (tier(0, "5"), tier(0, "6"))},
        {"tiers": (tier(0, "-1"),)},
        {"cap": Money("1", "USD")},
    ],
)
def test_a_plan_that_cannot_be_paid_is_refused(fields: dict[str, Any]) -> None:
    """Tiers rise from nothing, rates are not negative, the cap is in the plan's currency."""
    with pytest.raises(InvalidValue):
        plan(**fields)


@given(
    amounts=st.lists(st.integers(0, 10**8), max_size=8),
    starts=st.sets(st.integers(1, 300), max_size=4),
    cap=st.none() | st.integers(0, 10**7),
)
def test_the_parts_are_the_whole(amounts: list[int], starts: set[int], cap: int | None) -> None:
    """However tiers lie, the parts of a credit add up to it, and the cap holds."""
    tiers = tuple(tier(start, "3.5") for start in sorted({0, *starts}))
    limit = None if cap is None else Money.from_minor(cap, "CNY")
    credits_ = [
        Credit(deal_id=credit(0).deal_id, amount=Money.from_minor(n, "CNY")) for n in amounts
    ]
    found = earn(plan(*tiers, cap=limit), credits_, QUOTA)
    for one, given_ in zip(found, credits_, strict=True):
        assert Money.total((part.credit for part in one.parts), "CNY") == given_.amount
    paid = Money.total((one.amount for one in found), "CNY")
    assert limit is None or paid <= limit
    assert all(one.amount.minor >= 0 for one in found)
