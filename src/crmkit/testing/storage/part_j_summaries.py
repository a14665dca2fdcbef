"""Part J: counts, sums and calendar spans are exact, the same on every store."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.domain.entity import spec_of
from crmkit.domain.filters.buckets import bucket_of
from crmkit.domain.filters.summary import (
    Bucket,
    By,
    Having,
    Measure,
    Summary,
    average,
    by,
    by_time,
    count,
    distinct,
    greatest,
    least,
    total,
)
from crmkit.domain.filters.where import Fields, where
from crmkit.domain.money import Money
from crmkit.errors import (
    CapabilityMissing,
    InvalidFilter,
    InvalidValue,
    MixedCurrencies,
    OutOfRange,
    UnknownField,
)
from crmkit.ports import Capability
from crmkit.testing.sample import Colour, Gadget
from crmkit.testing.storage.harness import Place

SPEC = spec_of(Gadget)
MEASURES: dict[str, tuple[Callable[[Fields], Measure], Callable[[list[Any]], Any]]] = {
    "count": (lambda f: count(), len),
    "count of a field": (lambda f: count(f.rank), lambda gs: len(_present(gs, "rank"))),
    "sum": (
        lambda f: total(f.rank),
        lambda gs: sum(_present(gs, "rank")) if _present(gs, "rank") else None,
    ),
    "sum of decimals": (
        lambda f: total(f.share),
        lambda gs: sum(_present(gs, "share")) if _present(gs, "share") else None,
    ),
    "least": (lambda f: least(f.rank), lambda gs: min(_present(gs, "rank"), default=None)),
    "greatest": (lambda f: greatest(f.rank), lambda gs: max(_present(gs, "rank"), default=None)),
    "least text": (lambda f: least(f.name), lambda gs: min(_present(gs, "name"), default=None)),
    "greatest text": (
        lambda f: greatest(f.name),
        lambda gs: max(_present(gs, "name"), default=None),
    ),
    "least date": (
        lambda f: least(f.made_on),
        lambda gs: min(_present(gs, "made_on"), default=None),
    ),
    "greatest instant": (
        lambda f: greatest(f.made_at),
        lambda gs: max(_present(gs, "made_at"), default=None),
    ),
    "distinct": (lambda f: distinct(f.maker_id), lambda gs: len(set(_present(gs, "maker_id")))),
    "average": (
        lambda f: average(f.rank),
        lambda gs: (
            Decimal(sum(_present(gs, "rank"))) / len(_present(gs, "rank"))
            if _present(gs, "rank")
            else None
        ),
    ),
}
KEYS = ("colour", "series", "ready", "maker_id", "made_on", "name")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("measure", MEASURES)
def test_figures_agree_with_plain_python(town: Place, key: str, measure: str) -> None:
    """Each figure of each group is what Python counts."""
    make, expected = MEASURES[measure]
    f = where(Gadget)
    rows = _rows(town, Summary(spec=SPEC, by={"key": by(f[key])}, measures={"figure": make(f)}))
    groups: dict[Any, list[Any]] = defaultdict(list)
    for gadget in town.all():
        groups[getattr(gadget, key)].append(gadget)
    assert {row["key"]: row["figure"] for row in rows} == {
        value: expected(members) for value, members in groups.items()
    }


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("bucket", list(Bucket))
def test_calendar_spans_follow_the_time_zone(town: Place, bucket: Bucket, zone: str) -> None:
    """An instant belongs to the day, week, month, quarter or year of its zone."""
    f = where(Gadget)
    summary = Summary(
        spec=SPEC, by={"span": by_time(f.made_at, bucket, zone=zone)}, measures={"n": count()}
    )
    if Capability.TIME_ZONES not in town.crm.storage.capabilities and zone != "UTC":
        with pytest.raises(CapabilityMissing):
            _rows(town, summary)
        return
    expected: dict[Any, int] = defaultdict(int)
    for gadget in town.all():
        made = gadget.made_at
        expected[None if made is None else bucket_of(made, bucket, zone)] += 1
    assert {row["span"]: row["n"] for row in _rows(town, summary)} == expected


@pytest.mark.parametrize("bucket", list(Bucket))
def test_dates_have_calendar_spans_too(town: Place, bucket: Bucket) -> None:
    """A date belongs to its span whatever the zone."""
    f = where(Gadget)
    summary = Summary(spec=SPEC, by={"span": by_time(f.made_on, bucket)}, measures={"n": count()})
    expected: dict[Any, int] = defaultdict(int)
    for gadget in town.all():
        expected[None if gadget.made_on is None else bucket_of(gadget.made_on, bucket, "UTC")] += 1
    assert {row["span"]: row["n"] for row in _rows(town, summary)} == expected


def test_money_adds_up_by_currency(town: Place) -> None:
    """Money is summed, averaged and compared within a currency."""
    f = where(Gadget)
    rows = _rows(
        town,
        Summary(
            spec=SPEC,
            where=~f.price.is_none(),
            by={"currency": by(f.price.currency)},
            measures={"sum": total(f.price), "least": least(f.price), "mean": average(f.price)},
        ),
    )
    for row in rows:
        priced = [gadget.price for gadget in town.all() if gadget.price is not None]
        prices = [price for price in priced if price.currency == row["currency"]]
        whole = Money.total(prices, row["currency"])
        assert row["sum"] == whole
        assert row["least"] == min(prices)
        assert row["mean"] == Money.rounded(whole.amount / len(prices), row["currency"])


def test_mixed_currencies_do_not_add_up(town: Place) -> None:
    """A sum over two currencies is refused with the way out."""
    with pytest.raises(MixedCurrencies) as caught:
        _rows(town, Summary(spec=SPEC, measures={"sum": total(where(Gadget).price)}))
    assert "currency" in caught.value.fix


def test_nothing_sums_to_none_and_counts_to_zero(place: Place) -> None:
    """Without records there is one row, without groups: zero and None."""
    f = where(Gadget)
    measures = {"n": count(), "sum": total(f.rank), "mean": average(f.rank), "least": least(f.name)}
    assert _rows(place, Summary(spec=SPEC, measures=measures)) == [
        {"n": 0, "sum": None, "mean": None, "least": None}
    ]
    assert _rows(place, Summary(spec=SPEC, by={"c": by(f.colour)}, measures=measures)) == []


def test_groups_come_in_the_order_of_their_keys(town: Place) -> None:
    """Without an order the keys decide, None first."""
    rows = _rows(
        town, Summary(spec=SPEC, by={"c": by(where(Gadget).colour)}, measures={"n": count()})
    )
    assert [row["c"] for row in rows] == [None, Colour.BLUE, Colour.RED]


@pytest.mark.parametrize("down", [False, True])
def test_groups_are_ordered_by_a_figure_and_cut(town: Place, down: bool) -> None:
    """Order and limit take the greatest or least groups."""
    f = where(Gadget)
    whole = Summary(spec=SPEC, by={"s": by(f.name)}, measures={"r": total(f.rank)})
    cut = Summary(
        spec=SPEC,
        by={"s": by(f.name)},
        measures={"r": total(f.rank)},
        order=(By("r", descending=down),),
        limit=4,
    )
    ranked = sorted(
        _rows(town, whole), key=lambda row: (row["r"] is not None, row["r"] or 0), reverse=down
    )
    assert [row["r"] for row in _rows(town, cut)] == [row["r"] for row in ranked[:4]]


@pytest.mark.parametrize("op", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_having_keeps_fitting_groups(town: Place, op: str) -> None:
    """Groups are kept by comparing a figure; a missing figure only differs."""
    import operator

    f = where(Gadget)
    measures = {"n": count(f.rank), "r": least(f.rank)}
    whole = _rows(town, Summary(spec=SPEC, by={"k": by(f.made_on)}, measures=measures))
    limit = sorted(row["r"] for row in whole if row["r"] is not None)[3]
    kept = _rows(
        town,
        Summary(
            spec=SPEC, by={"k": by(f.made_on)}, measures=measures, having=(Having("r", op, limit),)
        ),
    )
    compare = getattr(operator, op)
    assert kept == [
        row for row in whole if (op == "ne" if row["r"] is None else compare(row["r"], limit))
    ]


def test_average_of_money_can_order_groups(town: Place) -> None:
    """What only crmkit can compute exactly still orders and cuts."""
    f = where(Gadget)
    summary = Summary(
        spec=SPEC,
        where=f.price.currency.eq("CNY"),
        by={"c": by(f.colour)},
        measures={"mean": average(f.price)},
        order=(By("mean", descending=True),),
        limit=2,
    )
    rows = _rows(town, summary)
    assert len(rows) == 2
    assert rows[0]["mean"] >= rows[1]["mean"]


def test_nested_and_custom_values_are_summed(town: Place) -> None:
    """Figures reach into documents."""
    with town.work(read_only=True) as work:
        f = work.where(Gadget)
        rows = work.of(Gadget).summarise(
            Summary(
                spec=SPEC,
                by={"level": by(f["custom.level"])},
                measures={"score": total(f["custom.score"]), "floors": count(f.box.floor)},
            )
        )
        everyone = work.of(Gadget).find()
    for row in rows:
        members = [g for g in everyone if g.custom.get("level") == row["level"]]
        scores = [g.custom["score"] for g in members if "score" in g.custom]
        assert row["score"] == (sum(scores) if scores else None)
        assert row["floors"] == sum(g.box is not None and g.box.floor is not None for g in members)


def test_sum_beyond_64_bits_is_refused(place: Place) -> None:
    """A sum that some store could not give exactly is refused on all."""
    place.add(place.gadget(rank=2**63 - 1), place.gadget(rank=2**63 - 1))
    with pytest.raises(OutOfRange):
        _rows(place, Summary(spec=SPEC, measures={"sum": total(where(Gadget).rank)}))


@pytest.mark.parametrize("rank", [2**53 + 1, 2**61 + 1])
def test_sum_is_exact_beyond_floats(place: Place, rank: int) -> None:
    """A sum of large whole numbers loses no unit."""
    place.add(place.gadget(rank=rank), place.gadget(rank=rank - 2), place.gadget(rank=-7))
    (row,) = _rows(place, Summary(spec=SPEC, measures={"sum": total(where(Gadget).rank)}))
    assert row["sum"] == 2 * rank - 9


@pytest.mark.parametrize(
    "make",
    [
        lambda f: Summary(spec=SPEC),
        lambda f: Summary(spec=SPEC, measures={"x": total(f.name)}),
        lambda f: Summary(spec=SPEC, measures={"x": least(f.parts)}),
        lambda f: Summary(spec=SPEC, by={"x": by(f.price)}, measures={"n": count()}),
        lambda f: Summary(spec=SPEC, by={"x": by(f.parts)}, measures={"n": count()}),
        lambda f: Summary(spec=SPEC, by={"x": by_time(f.name, "day")}, measures={"n": count()}),
        lambda f: Summary(spec=SPEC, by={"x": by_time(f.made_at, "day", zone="No/Where")}),
        lambda f: Summary(spec=SPEC, measures={"n": count()}, having=(Having("m", "gt", 1),)),
        lambda f: Summary(spec=SPEC, measures={"n": count()}, order=(By("m"),)),
        lambda f: Summary(spec=SPEC, measures={"n": count()}, limit=0),
        lambda f: Summary(spec=SPEC, by={"n": by(f.name)}, measures={"n": count()}),
    ],
)
def test_contradictory_summary_is_refused_when_built(make: Callable[[Fields], Summary]) -> None:
    """A summary that cannot be meant is an error where it is built."""
    with pytest.raises((InvalidFilter, InvalidValue, UnknownField)):
        make(where(Gadget))


def test_week_begins_on_monday(place: Place) -> None:
    """Weeks are those of ISO 8601."""
    place.add(place.gadget(made_at=datetime(2026, 11, 22, 23, 0, tzinfo=UTC)))
    f = where(Gadget)
    summary = Summary(spec=SPEC, by={"w": by_time(f.made_at, "week")}, measures={"n": count()})
    assert _rows(place, summary)[0]["w"] == date(2026, 11, 16)


def _rows(place: Place, summary: Summary) -> list[dict[str, Any]]:
    with place.work(read_only=True) as work:
        return work.of(Gadget).summarise(summary)


def _present(gadgets: list[Any], name: str) -> list[Any]:
    return [value for gadget in gadgets if (value := getattr(gadget, name)) is not None]
