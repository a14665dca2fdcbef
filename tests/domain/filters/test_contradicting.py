"""Contradictions: no record fits what is said to be impossible, and much that is, is said."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.filters.contradicting import may_fit
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING, NOTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId, DealOutcome

DEAL = where(Deal)
SMALL, BIG = Money("100", "CNY"), Money("200", "CNY")


@pytest.mark.parametrize(
    "filters",
    [
        [NOTHING],
        [DEAL.outcome.eq(DealOutcome.WON), DEAL.outcome.eq(DealOutcome.LOST)],
        [DEAL.value.gt(BIG), DEAL.value.lt(SMALL)],
        [DEAL.value.gt(BIG) & DEAL.value.le(BIG)],
        [DEAL.value.eq(BIG), DEAL.value.lt(Money("300", "USD"))],
        [DEAL.value.is_none(), DEAL.value.gt(SMALL)],
        [DEAL.name.in_(["a", "b"]), ~DEAL.name.in_(["a", "b", "c"])],
        [DEAL.name.is_none()],
        [~(DEAL.value.gt(SMALL) | DEAL.value.le(SMALL) | DEAL.value.is_none()), DEAL.value.gt(BIG)],
    ],
)
def test_what_contradicts_itself_is_told(filters: list[Filter]) -> None:
    """Two values of one field, ranges that do not meet, currencies, missing values."""
    assert not may_fit(*filters)


@pytest.mark.parametrize(
    "filters",
    [
        [],
        [EVERYTHING],
        [DEAL.value.ge(SMALL), DEAL.value.le(SMALL)],
        [DEAL.value.gt(SMALL), DEAL.value.lt(BIG)],
        [~DEAL.value.gt(SMALL), ~DEAL.value.le(SMALL)],
        [DEAL.name.contains("x"), ~DEAL.name.contains("x")],
        [DEAL.customer_id.is_none(), ~DEAL.lead_id.is_none()],
    ],
)
def test_what_may_be_is_not_denied(filters: list[Filter]) -> None:
    """Bounds that meet, other currencies, no value at all, and what cannot be judged."""
    assert may_fit(*filters)


def test_fields_that_do_not_count_are_no_contradiction() -> None:
    """A field that moves on between two looks may be both."""
    both = (DEAL.stage.eq("a"), DEAL.stage.eq("b"))
    assert not may_fit(*both)
    assert may_fit(*both, counts=lambda path: path.name != "stage")


def test_too_many_ways_are_not_judged() -> None:
    """Where the ways to fit multiply beyond bounds, nothing is denied."""
    wide = [DEAL.name.eq(f"{at}") | DEAL.name.eq(f"{at}'") for at in range(9)]
    assert may_fit(*wide)


VALUES: list[Any] = [None, Money("99", "CNY"), SMALL, Money("150", "CNY"), BIG, Money("1", "USD")]
leaves = st.one_of(
    st.builds(
        lambda op, value: getattr(DEAL.value, op)(value),
        st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
        st.sampled_from(VALUES[1:]),
    ),
    st.just(DEAL.value.is_none()),
    st.builds(DEAL.outcome.in_, st.lists(st.sampled_from(list(DealOutcome)))),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=8,
)


@given(drawn=st.lists(filters, max_size=3))
def test_no_record_fits_what_is_denied(drawn: list[Filter]) -> None:
    """Of filters drawn by chance, where one record fits all of them it is never denied."""
    records = [
        Deal(id=DealId(UUID(int=1)), name="x", stage="s", value=value, outcome=outcome)
        for value in VALUES
        for outcome in DealOutcome
    ]
    if any(all(matches(one, record) for one in drawn) for record in records):
        assert may_fit(*drawn)
