"""The movement between two snapshots adds up to the last cent, and names the reason."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.forecasts.movement import (
    OPEN_ONES,
    MoveKind,
    Movement,
    View,
    movement_between,
)
from crmkit.domain.forecasts.snapshot import (
    Snapshot,
    SnapshotId,
    SnapshotIsFrozen,
    SnapshotLine,
    SnapshotLineId,
)
from crmkit.domain.ids import UuidSequence
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealId, DealOutcome
from crmkit.domain.sales.exchange_rate import Conversion
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue, MixedCurrencies

IDS = UuidSequence()
LATER = datetime(2026, 4, 9, tzinfo=UTC)
EARLIER = datetime(2026, 2, 9, tzinfo=UTC)
SPAN = Span.quarter(2026, 2)
IN, OUT = date(2026, 5, 20), date(2026, 8, 3)
DEALS = [DealId(IDS.next_id(EARLIER)) for _ in range(5)]
COMMIT, PIPELINE = ForecastCategory.COMMIT, ForecastCategory.PIPELINE


def snapshot(month: int, *, usd: str = "7.1", into: str = "CNY") -> Snapshot:
    """Take a snapshot on the first of a month, with a rate of the dollar."""
    day = date(2026, month, 1)
    rate = Conversion(currency="USD", into="CNY", day=day, rate=Decimal(usd))
    return Snapshot(
        id=SnapshotId(IDS.next_id(EARLIER)),
        name=f"{month}",
        taken_at=datetime(2026, month, 1, tzinfo=UTC),
        closed_since=date(2025, 1, 1),
        into=into,
        rates=(rate,),
    )


def line(deal: int = 0, value: str | Money | None = "100", **fields: Any) -> SnapshotLine:
    """Make a line of an open deal in commit that is expected in the span."""
    given = {"category": COMMIT, "outcome": DealOutcome.OPEN, "expected_on": IN, **fields}
    return SnapshotLine(
        id=SnapshotLineId(IDS.next_id(EARLIER)),
        snapshot_id=SnapshotId(IDS.next_id(EARLIER)),
        deal_id=DEALS[deal],
        stage="negotiation",
        probability=50,
        value=Money(value, "CNY") if isinstance(value, str) else value,
        **given,
    )


def moved(old: SnapshotLine | None, new: SnapshotLine | None, **asked: Any) -> dict[MoveKind, str]:
    """Return the moves of one deal, by kind."""
    before = View(snapshot=snapshot(4), lines=() if old is None else (old,))
    after = View(snapshot=snapshot(5, usd="7.2"), lines=() if new is None else (new,))
    found = movement_between(before, after, SPAN, **asked)
    return {move.kind: f"{move.amount.amount:f}" for move in found.moves}


WON = {"outcome": DealOutcome.WON, "category": ForecastCategory.CLOSED, "closed_on": IN}
LOST = {"outcome": DealOutcome.LOST, "category": ForecastCategory.OMITTED, "closed_on": IN}


@pytest.mark.parametrize(
    ("old", "new", "moves"),
    [
        (None, line(known_since=LATER), {MoveKind.NEW: "100.00"}),
        (None, line(known_since=EARLIER), {MoveKind.RETURNED: "100.00"}),
        (line(), None, {MoveKind.DELETED: "-100.00"}),
        (line(), line(value="130"), {MoveKind.UP: "30.00"}),
        (line(), line(value="70"), {MoveKind.DOWN: "-30.00"}),
        (line(), line(value="130", **WON), {MoveKind.WON: "-100.00"}),
        (line(), line(**LOST), {MoveKind.LOST: "-100.00"}),
        (line(**LOST), line(), {MoveKind.REOPENED: "100.00"}),
        (line(), line(expected_on=OUT), {MoveKind.PUSHED_OUT: "-100.00"}),
        (line(), line(expected_on=None), {MoveKind.PUSHED_OUT: "-100.00"}),
        (line(expected_on=OUT), line(), {MoveKind.PULLED_IN: "100.00"}),
        (line(), line(category=ForecastCategory.OMITTED), {MoveKind.RECATEGORISED: "-100.00"}),
        (line(category=ForecastCategory.OMITTED), line(), {MoveKind.RECATEGORISED: "100.00"}),
        (line(), line(category=PIPELINE), {}),
        (
            line(value=Money("100", "USD")),
            line(value=Money("150", "USD")),
            {MoveKind.RATE: "10.00", MoveKind.UP: "360.00"},
        ),
        (line(value=None), line(value="5"), {MoveKind.UP: "5.00"}),
    ],
)
def test_each_deal_moves_the_sum_for_a_reason(
    old: SnapshotLine | None, new: SnapshotLine | None, moves: dict[MoveKind, str]
) -> None:
    """What comes, goes, grows, shrinks, slips or is converted anew is told by its own name."""
    assert moved(old, new) == moves


def test_a_category_alone_is_explained_as_well() -> None:
    """Of commit alone, a deal that fell back to pipeline was taken away as recategorised."""
    only = frozenset({COMMIT})
    assert moved(line(), line(category=PIPELINE), categories=only) == {
        MoveKind.RECATEGORISED: "-100.00"
    }


def test_what_is_won_earlier_than_expected_comes_to_the_closed_ones() -> None:
    """Where closed deals count, one that was expected later and is won now is won."""
    everything = OPEN_ONES | {ForecastCategory.CLOSED}
    assert moved(line(expected_on=OUT), line(**WON), categories=everything) == {
        MoveKind.WON: "100.00"
    }


VALUES = st.one_of(
    st.none(),
    st.integers(-9, 10**9).map(lambda minor: Money.from_minor(minor, "CNY")),
    st.integers(0, 10**9).map(lambda minor: Money.from_minor(minor, "USD")),
)
LINES = st.builds(
    line,
    deal=st.integers(0, 4),
    value=VALUES,
    category=st.sampled_from(ForecastCategory),
    outcome=st.sampled_from(DealOutcome),
    expected_on=st.sampled_from([None, IN, OUT]),
    closed_on=st.sampled_from([None, IN, OUT]),
    known_since=st.sampled_from([None, EARLIER, LATER]),
)
DRAWN = st.lists(LINES, unique_by=lambda one: one.deal_id, max_size=5).map(tuple)


@given(old=DRAWN, new=DRAWN, counted=st.sets(st.sampled_from(ForecastCategory)))
def test_opening_and_moves_are_closing(
    old: tuple[SnapshotLine, ...], new: tuple[SnapshotLine, ...], counted: set[ForecastCategory]
) -> None:
    """Whatever happened, the opening sum and the steps together are the closing sum."""
    before = View(snapshot=snapshot(4, usd="7.123456"), lines=old)
    after = View(snapshot=snapshot(5, usd="6.987654"), lines=new)
    found: Movement = movement_between(before, after, SPAN, frozenset(counted))
    assert Money.total([found.opening, *found.steps.values()]) == found.closing
    counted_now = [one for one in new if one.is_in(SPAN, frozenset(counted))]
    assert found.closing == Money.total(map(after.worth, counted_now), "CNY")


def test_snapshots_that_do_not_fit_are_refused() -> None:
    """Two currencies, and a later snapshot in the place of the earlier one, are told apart."""
    early, late = View(snapshot=snapshot(4), lines=()), View(snapshot=snapshot(5), lines=())
    with pytest.raises(InvalidValue, match="taken first"):
        movement_between(late, early, SPAN)
    dollars = View(snapshot=snapshot(6, into="USD"), lines=())
    with pytest.raises(MixedCurrencies):
        movement_between(early, dollars, SPAN)


def test_a_snapshot_never_changes() -> None:
    """Neither the snapshot nor a line of it is followed by another state."""
    taken, kept = snapshot(4), line()
    with pytest.raises(SnapshotIsFrozen):
        taken.evolve(into="USD").check_step(taken)
    with pytest.raises(SnapshotIsFrozen):
        kept.evolve(value=None).check_step(kept)
    kept.evolve(tags=("seen",)).check_step(kept)
