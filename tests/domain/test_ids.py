"""Ids are UUIDs of version 7 that only go up, whatever the clock does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.ids import UuidSequence, id_text, uuid_from_int
from crmkit.domain.instants import to_milliseconds

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@given(steps=st.lists(st.integers(-5, 5), min_size=2, max_size=60), seed=st.integers(0, 2**32))
def test_ids_only_go_up(steps: list[int], seed: int) -> None:
    """Each id is above the one before, though the clock stands still or goes back."""
    ids = UuidSequence(Random(seed).getrandbits)
    now, made = NOW, []
    for step in steps:
        now += timedelta(milliseconds=step)
        made.append(ids.next_id(now))
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


@given(now=st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)))
def test_id_tells_its_millisecond_and_version(now: datetime) -> None:
    """The first 48 bits are the time; version and variant are those of RFC 9562."""
    made = UuidSequence().next_id(now)
    assert made.int >> 80 == to_milliseconds(now)
    assert made.version == 7
    assert made.variant == UUID(int=0x8 << 60).variant == "specified in RFC 4122"


def test_full_counter_goes_on_in_the_next_millisecond() -> None:
    """After the last count of a millisecond the next one is borrowed, still upwards."""

    def most(bits: int) -> int:
        return 2**bits - 1

    ids = UuidSequence(most)
    first = ids.next_id(NOW)
    ids._counter = 2**42 - 1
    second = ids.next_id(NOW)
    third = ids.next_id(NOW + timedelta(milliseconds=1))
    assert first < second < third
    assert second.int >> 80 == to_milliseconds(NOW) + 1
    assert third.int >> 80 == to_milliseconds(NOW) + 1


@given(counts=st.lists(st.integers(0, 40), max_size=8), left=st.integers(0, 50))
def test_many_ids_at_once_are_as_ordered_as_one_by_one(counts: list[int], left: int) -> None:
    """Whatever the counter has left, however many are asked for, each is above the one before."""
    ids = UuidSequence(Random(left).getrandbits)
    made = [ids.next_id(NOW)]
    ids._counter = 2**42 - 1 - left
    for count in counts:
        several = ids.next_ids(NOW, count)
        assert len(several) == count
        made += [*several, ids.next_id(NOW)]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}


@given(number=st.integers(0, 2**128 - 1))
def test_id_is_written_as_usual(number: int) -> None:
    """The quick text of an id is that of `str`."""
    assert id_text(UUID(int=number)) == str(UUID(int=number))


def test_counter_begins_in_the_lower_half() -> None:
    """So that at least two million million ids fit a millisecond."""
    asked: list[int] = []

    def note(bits: int) -> int:
        asked.append(bits)
        return 0

    UuidSequence(note).next_id(NOW)
    assert asked == [41, 32]


def test_threads_share_a_sequence() -> None:
    """Eight threads get eight thousand different ids."""
    ids = UuidSequence()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _call: ids.next_id(NOW), range(8000)))
    assert len(set(made)) == 8000


@given(number=st.integers(0, 2**128 - 1))
def test_uuid_from_its_number_is_a_whole_uuid(number: int) -> None:
    """Made without checks, it equals, hashes, prints and compares as usual."""
    made, usual = uuid_from_int(number), UUID(int=number)
    assert (made, hash(made), str(made), made.is_safe) == (
        usual,
        hash(usual),
        str(usual),
        usual.is_safe,
    )
