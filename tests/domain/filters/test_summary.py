"""Summaries are data, checked when they are built, and finished exactly."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.entity import spec_of
from crmkit.domain.filters.buckets import bucket_of
from crmkit.domain.filters.summary import (
    Bucket,
    By,
    Function,
    Having,
    Measure,
    Summary,
    average,
    by,
    by_time,
    count,
    distinct,
    greatest,
    is_instant,
    least,
    names,
    total,
)
from crmkit.domain.filters.tally import (
    Gather,
    Keep,
    Rank,
    compare_figures,
    read_rows,
    tally_of,
)
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.errors import (
    InvalidFilter,
    InvalidInput,
    MixedCurrencies,
    OutOfRange,
    UnknownField,
    WrongType,
)
from crmkit.storage.memory.evaluate import holds, tally_rows
from crmkit.testing.sample import Gadget, GadgetId, Maker
from crmkit.testing.strategies import fields
from tests.domain.filters.reference import dig, gadgets

SPEC = spec_of(Gadget)
F = fields()
GADGETS = gadgets()
N = {"n": count()}


def answer(found: list[Gadget] = GADGETS, **summary: Any) -> list[dict[str, Any]]:
    """Return the rows of a summary over records."""
    made = Summary(spec=SPEC, **summary)
    tally = tally_of(made)
    fits = holds(SPEC, tally.where, lambda _spec: ())
    return list(read_rows(made, tally_rows(SPEC, tally, filter(fits, found))))


def gadget(at: int, **more: Any) -> Gadget:
    """Return a gadget."""
    return Gadget(id=GadgetId(GADGETS[at].id), name="lamp", **more)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: Summary(spec=SPEC), "needs a group or a measure"),
        (lambda: Summary(spec=SPEC, by={str(at): by(F.rank) for at in range(9)}), "at most 8"),
        (lambda: Summary(spec=SPEC, measures={str(at): count() for at in range(33)}), "32"),
        (lambda: Summary(spec=SPEC, by={"n": by(F.rank)}, measures=N), "share a name"),
        (lambda: Summary(spec=SPEC, measures=N, limit=0), "at least 1"),
        (lambda: Summary(spec=SPEC, measures=N, limit="5"), "whole number"),  # type: ignore[arg-type]
        (lambda: Summary(spec=SPEC, measures=N, limit=True), "whole number"),
        (lambda: Summary(spec=SPEC, measures=N, where=where(Maker).name.eq("a")), "for maker"),
        (lambda: Summary(spec=SPEC, by={"k": by(where(Maker).name)}), "belongs to maker"),
        (lambda: Summary(spec=SPEC, measures={"s": count(where(Maker).name)}), "belongs to maker"),
        (lambda: Summary(spec=SPEC, by={"k": by(F.price)}), "cannot be grouped"),
        (lambda: Summary(spec=SPEC, by={"k": by(F.parts)}), "cannot be grouped"),
        (lambda: Summary(spec=SPEC, by={"k": by(F.box)}), "cannot be grouped"),
        (lambda: Summary(spec=SPEC, by={"k": by_time(F.rank, "day")}), "only dates"),
        (lambda: Summary(spec=SPEC, by={"k": by_time(F["custom.due"], "day")}), "declared field"),
        (lambda: Summary(spec=SPEC, measures={"s": Measure(Function.SUM)}), "needs a field"),
        (lambda: Summary(spec=SPEC, measures={"s": total(F.name)}), "add up"),
        (lambda: Summary(spec=SPEC, measures={"s": average(F.ready)}), "add up"),
        (lambda: Summary(spec=SPEC, measures={"s": total(F.made_on)}), "add up"),
        (lambda: Summary(spec=SPEC, measures={"s": distinct(F.price)}), "distinct minor units"),
        (lambda: Summary(spec=SPEC, measures={"s": distinct(F.parts)}), "has no order"),
        (lambda: Summary(spec=SPEC, measures={"s": least(F.box)}), "has no order"),
        (lambda: Summary(spec=SPEC, measures={"s": greatest(F.ready)}), "no least and greatest"),
        (lambda: Summary(spec=SPEC, measures=N, order=(By("m"),)), "no figure 'm'"),
        (lambda: Summary(spec=SPEC, measures=N, having=(Having("m", "gt", 1),)), "no figure 'm'"),
        (
            lambda: Summary(spec=SPEC, by={"k": by(F.rank)}, having=(Having("k", "gt", 1),)),
            "use where",
        ),
        (lambda: Summary(spec=SPEC, measures=N, having=(Having("n", "like", 1),)), "one of eq"),
        (lambda: by_time(F.made_at, "day", zone="Mars/Olympus"), "write Asia/Shanghai"),
        (lambda: by_time(F.made_at, "day", zone="../etc"), "write Asia/Shanghai"),
        (lambda: by_time(F.made_at, "day", zone=None), "write Asia/Shanghai"),  # type: ignore[arg-type]
        (lambda: by_time(F.made_at, "fortnight"), "one of day, week"),
    ],
)
def test_summary_that_cannot_be_meant_is_refused(build: Callable[[], Any], told: str) -> None:
    """When it is built, with one error that says why."""
    with pytest.raises(InvalidInput) as caught:
        build()
    assert isinstance(caught.value, InvalidFilter | UnknownField)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (count(), "1"),
        (count(), 1.5),
        (distinct(F.name), "a"),
        (total(F.rank), "1"),
        (least(F.name), 5),
        (total(F.price), 5),
        (average(F.rank), 1.5),
        (average(F.share), Decimal("1E-13")),
        (greatest(F.made_on), "2026-01-01"),
    ],
)
def test_figure_is_compared_with_its_like(measure: Measure, value: Any) -> None:
    """A condition on a figure of another type is refused before any store is asked."""
    with pytest.raises(InvalidInput):
        Summary(spec=SPEC, measures={"m": measure}, having=(Having("m", "gt", value),))


MEASURES: dict[str, tuple[Measure, Callable[[list[Any]], Any]]] = {
    "sum": (total(F.rank), sum),
    "sum of decimals": (total(F.share), sum),
    "custom sum": (total(F["custom.score"]), sum),
    "average": (average(F.rank), lambda ranks: Decimal(sum(ranks)) / len(ranks)),
    "average of decimals": (average(F.share), lambda shares: sum(shares) / len(shares)),
    "least": (least(F.name), min),
    "greatest": (greatest(F.made_at), max),
    "distinct": (distinct(F.colour), lambda colours: len(set(colours))),
    "count": (count(F.made_on), len),
}
EMPTY = {"distinct": 0, "count": 0}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("key", ["colour", "series", "ready", "box.city", "custom.level"])
def test_figures_agree_with_plain_python(name: str, key: str) -> None:
    """Each figure of each group; missing values are left out."""
    measure, expected = MEASURES[name]
    groups: dict[Any, list[Any]] = defaultdict(list)
    for one in GADGETS:
        groups[dig(one, key)].append(dig(one, measure.path.name if measure.path else "id"))
    rows = answer(by={"key": by(F[key])}, measures={"figure": measure})
    assert {row["key"]: row["figure"] for row in rows} == {
        group: expected(present)
        if (present := [value for value in values if value is not None])
        else EMPTY.get(name)
        for group, values in groups.items()
    }


@given(
    amounts=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=9),
    precision=st.sampled_from([3, 28]),
)
def test_averages_are_rounded_once_half_to_even(amounts: list[int], precision: int) -> None:
    """To the minor unit, and to 28 digits, whatever the caller's decimal context says."""
    found = [
        gadget(at, price=Money.from_minor(one, "CNY"), rank=one) for at, one in enumerate(amounts)
    ]
    exact = Fraction(sum(amounts), len(amounts))
    with localcontext(prec=precision):
        [row] = answer(found, measures={"money": average(F.price), "number": average(F.rank)})
    assert row["money"] == Money.from_minor(round(exact), "CNY")
    assert abs(Fraction(row["number"]) - exact) <= abs(exact) / 10**27


def test_mixed_currencies_are_told() -> None:
    """In sums, averages and extremes, with the way out."""
    for measure in (total(F.price), average(F.price), least(F.price)):
        with pytest.raises(MixedCurrencies, match="CNY and JPY") as caught:
            answer(measures={"m": measure})
        assert (caught.value.path, caught.value.fix) == ("m", "group by the currency")


def test_money_figures_are_money() -> None:
    """Grouped by their currency."""
    rows = answer(
        by={"c": by(F.price.currency)},
        measures={"sum": total(F.price), "most": greatest(F.price), "n": count(F.price)},
    )
    for row in rows:
        prices = [one.price for one in GADGETS if one.price and one.price.currency == row["c"]]
        assert row["n"] == len(prices)
        assert row["sum"] == (Money.total(prices) if prices else None)
        assert row["most"] == max(prices, default=None)


def test_sum_beyond_64_bits_is_refused() -> None:
    """By the reader, the same for every store."""
    found = [gadget(at, rank=2**63 - 1) for at in range(2)]
    for measure in (total(F.rank), average(F.rank)):
        with pytest.raises(OutOfRange, match="64 bits") as caught:
            answer(found, measures={"m": measure})
        assert (caught.value.path, caught.value.fix) == ("m", "narrow the filter")
    assert answer(found[:1], measures={"m": total(F.rank)}) == [{"m": 2**63 - 1}]


@pytest.mark.parametrize("measure", [total(F.rank), average(F.rank), total(F.share)])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("limit", [None, 2])
def test_order_and_limit_agree_however_they_are_reached(
    measure: Measure, down: bool, limit: int | None
) -> None:
    """Pushed down to the store or finished here: by the figure, None lowest, then by key."""
    key = F["box.city"]
    everything = answer(by={"k": by(key)}, measures={"m": measure})
    expected = sorted(
        everything,
        key=lambda row: (row["m"] is not None, row["m"] if row["m"] is not None else 0),
        reverse=down,
    )
    found = answer(
        by={"k": by(key)}, measures={"m": measure}, order=(By("m", descending=down),), limit=limit
    )
    assert found == expected[:limit]


@pytest.mark.parametrize("op", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (total(F.rank), 30_000),
        (average(F.rank), Decimal(5000)),
        (total(F.price), Money("100", "CNY")),
        (count(), 3),
    ],
)
def test_groups_are_kept_by_their_figures(op: str, measure: Measure, value: Any) -> None:
    """Pushed down or finished here; a missing figure is only different."""
    chosen = F.price.currency.ne("JPY")
    rows = answer(where=chosen, by={"k": by(F.series)}, measures={"m": measure})
    kept = answer(
        where=chosen,
        by={"k": by(F.series)},
        measures={"m": measure},
        having=(Having("m", op, value),),
    )
    assert kept == [row for row in rows if compare_figures(op, row["m"], value)]


def test_missing_figures_only_differ() -> None:
    """None is neither equal to nor before or after anything; None is no different from None."""
    assert [compare_figures(op, None, 1) for op in ("eq", "ne", "lt", "le", "gt", "ge")] == [
        False,
        True,
        False,
        False,
        False,
        False,
    ]
    assert not compare_figures("ne", None, None)
    assert compare_figures("ne", 1, None)
    with pytest.raises(InvalidFilter, match="not a comparison"):
        compare_figures("like", 1, 1)


def test_what_a_store_is_asked() -> None:
    """Averages as sums and counts; money with its least and greatest currency."""
    made = Summary(
        spec=SPEC,
        by={"k": by(F.colour), "week": by_time(F.made_at, "week", zone="Asia/Shanghai")},
        measures={
            "n": count(),
            "mean": average(F.rank),
            "worth": total(F.price),
            "s": total(F.share),
        },
        having=(Having("s", "gt", Decimal("1.5")),),
        order=(By("s", descending=True), By("week")),
        limit=5,
    )
    tally = tally_of(made)
    currency, amount = F.price.path.money_leaves
    rank = F.rank.path.leaf
    assert tally.gathers == (
        Gather(Function.COUNT),
        Gather(Function.SUM, rank),
        Gather(Function.COUNT, rank),
        Gather(Function.SUM, amount),
        Gather(Function.MIN, currency),
        Gather(Function.MAX, currency),
        Gather(Function.SUM, F.share.path.leaf),
    )
    assert tally.keeps == (Keep(6, "gt", 15_000),)
    assert tally.ranks == (Rank(8, descending=True), Rank(1), Rank(0))
    assert tally.limit == 5
    assert [(key.bucket, key.zone, key.is_instant) for key in tally.keys] == [
        (None, "UTC", False),
        (Bucket.WEEK, "Asia/Shanghai", True),
    ]
    assert list(names(made)) == ["k", "week", "n", "mean", "worth", "s"]
    assert [is_instant(group) for group in made.by.values()] == [False, True]


@pytest.mark.parametrize("name", ["mean", "worth"])
def test_what_is_finished_here_is_not_cut_there(name: str) -> None:
    """A limit on groups ordered by an average or by money is not the store's to apply."""
    made = Summary(
        spec=SPEC,
        by={"k": by(F.price.currency)},
        measures={"mean": average(F.rank), "worth": total(F.price)},
        order=(By(name),),
        limit=1,
    )
    tally = tally_of(made)
    assert (tally.limit, tally.keeps, tally.ranks) == (None, (), (Rank(0),))
    assert len(list(read_rows(made, tally_rows(SPEC, tally, GADGETS)))) == 1


def test_removed_records_do_not_count() -> None:
    """Unless the question is replaced by one that takes them."""
    made = Summary(spec=SPEC, measures=N)
    assert "deleted_at" in repr(tally_of(made).where)
    lowered = tally_of(made).where
    assert tally_of(made, lowered).where is lowered


@pytest.mark.parametrize(
    ("bucket", "first"),
    [
        (Bucket.DAY, date(2024, 2, 29)),
        (Bucket.WEEK, date(2024, 2, 26)),
        (Bucket.MONTH, date(2024, 2, 1)),
        (Bucket.QUARTER, date(2024, 1, 1)),
        (Bucket.YEAR, date(2024, 1, 1)),
    ],
)
def test_spans_of_a_leap_day(bucket: Bucket, first: date) -> None:
    """Each named by its first day; the week begins on Monday."""
    assert bucket_of(date(2024, 2, 29), bucket, "UTC") == first


@given(day=st.dates(), bucket=st.sampled_from(Bucket))
def test_spans_hold_their_days(day: date, bucket: Bucket) -> None:
    """A span begins on or before its day, on a day that is its own span."""
    first = bucket_of(day, bucket, "UTC")
    assert first <= day
    assert bucket_of(first, bucket, "UTC") == first
    longest = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[bucket]
    assert (day - first).days < longest
    starts = {"month": range(1, 13), "quarter": (1, 4, 7, 10), "year": (1,)}.get(bucket)
    assert starts is None or (first.day == 1 and first.month in starts)
    assert bucket is not Bucket.WEEK or first.weekday() == 0


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "Asia/Shanghai", date(2026, 12, 31)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "Asia/Shanghai", date(2027, 1, 1)),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 30)),
        (datetime(2026, 3, 28, 22, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 3, 28)),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
        (datetime(2026, 10, 25, 23, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 26)),
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), "America/New_York", date(2026, 11, 1)),
        (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), "America/New_York", date(2026, 11, 1)),
        (datetime(1990, 7, 1, 15, 30, tzinfo=UTC), "Asia/Shanghai", date(1990, 7, 2)),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "Pacific/Kiritimati", date(2026, 1, 1)),
        (datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "Pacific/Apia", date(2011, 12, 29)),
        (datetime(2011, 12, 30, 10, 0, tzinfo=UTC), "Pacific/Apia", date(2011, 12, 31)),
    ],
)
def test_instants_belong_to_the_day_of_their_zone(moment: datetime, zone: str, day: date) -> None:
    """With summer time as it was, in China too, and a day that never was."""
    assert bucket_of(moment, Bucket.DAY, zone) == day


def test_buckets_may_be_written_as_text() -> None:
    """By their names."""
    assert by_time(F.made_at, "week") == by_time(F.made_at, Bucket.WEEK)
    assert by_time(F.made_on, "year").zone == "UTC"


def test_wrong_types_are_wrong_types() -> None:
    """A measure compared with text says which type it wants."""
    with pytest.raises(WrongType, match="whole number"):
        Summary(spec=SPEC, measures=N, having=(Having("n", "gt", "many"),))
