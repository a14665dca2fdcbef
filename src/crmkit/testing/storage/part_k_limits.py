"""Part K: hostile text is text, limits are honoured before a driver would complain."""

from typing import Any

import pytest

from crmkit.domain import instants
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.buckets import bucket_of
from crmkit.domain.filters.summary import Bucket, Summary, by_time, count
from crmkit.domain.filters.tree import And
from crmkit.domain.filters.where import where
from crmkit.errors import CrmkitError, InvalidFilter, InvalidInput, OutOfRange
from crmkit.ports import Capability
from crmkit.testing.sample import Gadget
from crmkit.testing.storage.harness import Place

HOSTILE = (
    *(
        "' OR 1=1 --",
        '"; DROP TABLE crm_gadget; --',
        "{'$gt': ''}",
        "$where: sleep(9)",
        "%00",
        "\\",
    ),
    *("%s %d {0} {name}", ":name ?1 @x", "*", ".*", "(?i)x", "a" * 199, "\u2028", "\u200b", "İ"),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_found_as_text(place: Place, text: str) -> None:
    """What looks like code is found as what it is, and finds nothing else."""
    place.add(place.gadget(name=text, code=text, parts=(text,)), place.gadget(name="innocent"))
    f = where(Gadget)
    with place.work(read_only=True) as work:
        for filter_ in (
            f.name.eq(text),
            f.code.in_([text]),
            f.parts.has_any([text]),
            f.name.contains(text),
            f.name.starts_with(text),
            f.name.ends_with(text),
        ):
            assert [gadget.name for gadget in work.of(Gadget).find(filter_)] == [text]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_marks_are_kept_as_text(place: Place, text: str) -> None:
    """Actor, reason and key may be any text."""
    with place.work(by=f"by {text[:100]}", reason=text, idempotency_key=text[:150]) as work:
        gadget = work.of(Gadget).add(place.gadget())
    assert place.read(gadget).created_by == f"by {text[:100]}"


@pytest.mark.parametrize(
    "written",
    [
        None,
        5,
        "name",
        [],
        {},
        {"field": "name"},
        {"field": "name", "op": "eq"},
        {"field": "name", "op": "sleep", "value": 1},
        {"field": "name; DROP TABLE x", "op": "eq", "value": "x"},
        {"field": "__class__", "op": "eq", "value": "x"},
        {"field": "name.__class__", "op": "eq", "value": "x"},
        {"field": "name", "op": "eq", "value": {"$ne": None}},
        {"field": "name", "op": "in", "value": "abc"},
        {"field": "rank", "op": "eq", "value": "5"},
        {"field": "rank", "op": "eq", "value": 1.5},
        {"all": [], "any": []},
        {"all": {"field": "name"}},
        {"not": []},
        {"exists": "nobody", "field": "id", "remote": "id", "where": {"all": []}},
        {"$where": "1"},
    ],
)
def test_strange_filter_json_is_refused(place: Place, written: Any) -> None:
    """JSON that is no filter gets one clear error."""
    with place.work(read_only=True) as work, pytest.raises(CrmkitError):
        FilterReader(work.registry, work.custom_parts).read(work.of(Gadget).spec, written)


def test_deep_filter_json_is_refused(place: Place) -> None:
    """Nesting is bounded."""
    written: Any = {"all": []}
    for _level in range(500):
        written = {"not": written}
    with place.work(read_only=True) as work, pytest.raises(InvalidInput):
        FilterReader(work.registry).read(work.of(Gadget).spec, written)


def test_wide_filter_is_refused() -> None:
    """The number of conditions is bounded."""
    f = where(Gadget)
    with pytest.raises(InvalidFilter):
        And(tuple(f.rank.eq(at) for at in range(101)))


def test_long_list_is_refused() -> None:
    """The length of a list is bounded."""
    with pytest.raises(OutOfRange):
        where(Gadget).rank.in_(range(10_001))


def test_longest_list_is_answered(place: Place) -> None:
    """A list of ten thousand values is within what every store takes."""
    place.add(place.gadget(rank=5))
    with place.work(read_only=True) as work:
        assert work.of(Gadget).count(where(Gadget).rank.in_(range(10_000))) == 1


def test_filter_has_no_truth() -> None:
    """`and` between filters would drop one of them, so it is refused."""
    f = where(Gadget)
    with pytest.raises(InvalidFilter):
        bool(f.rank.eq(1))


@pytest.mark.parametrize("length", [1, 255, 256, 1999, 2000])
def test_long_text_is_kept_whole(place: Place, length: int) -> None:
    """Text is kept to its declared length, in characters, not bytes."""
    [gadget] = place.add(place.gadget(name="聊" * length))
    assert place.read(gadget).name == "聊" * length


def test_large_document_is_kept(place: Place) -> None:
    """A list of a thousand entries is kept in order."""
    parts = tuple(f"part {at}" for at in range(1000))
    [gadget] = place.add(place.gadget(parts=parts))
    assert place.read(gadget).parts == parts


def test_thousands_of_records_are_written_and_streamed(place: Place) -> None:
    """Batches have no seams."""
    with place.work() as work:
        work.of(Gadget).insert_many(place.gadget(name=f"n{at}", rank=at) for at in range(2501))
    with place.work(read_only=True) as work:
        ranks = [gadget.rank for gadget in work.of(Gadget).stream(order=[where(Gadget).rank.asc()])]
    assert ranks == list(range(2501))


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("bucket", [Bucket.DAY, Bucket.WEEK, Bucket.YEAR])
def test_first_and_last_instants_have_calendar_spans(
    place: Place, bucket: Bucket, zone: str
) -> None:
    """The ends of the calendar are within it in every time zone."""
    ends = (instants.FIRST_INSTANT, instants.LAST_INSTANT)
    place.add(*(place.gadget(made_at=made_at) for made_at in ends))
    span = by_time(where(Gadget).made_at, bucket, zone=zone)
    if Capability.TIME_ZONES in place.crm.storage.capabilities:
        summary = Summary(spec=spec_of(Gadget), by={"span": span}, measures={"n": count()})
        with place.work(read_only=True) as work:
            rows = work.of(Gadget).summarise(summary)
        assert [row["span"] for row in rows] == [bucket_of(end, bucket, zone) for end in ends]
