"""Spans are whole days, both ends included; nothing ends before it begins."""

from datetime import UTC, date, datetime

import pytest

from crmkit.domain.span import Span, check_end
from crmkit.errors import InvalidValue

DAY, NEXT = date(2026, 2, 28), date(2026, 3, 1)
NINE, TEN = (datetime(2026, 2, 28, hour, tzinfo=UTC) for hour in (9, 10))


def test_a_span_has_its_first_and_its_last_day() -> None:
    """A month, a quarter, and the instants between which they lie in a time zone."""
    month = Span.month(2026, 2)
    assert (month.first, month.last) == (date(2026, 2, 1), DAY)
    assert (DAY in month, NEXT in month, None in month) == (True, False, False)
    assert Span.quarter(2026, 1) == Span(first=date(2026, 1, 1), last=date(2026, 3, 31))
    assert month.instants("Asia/Shanghai") == (
        datetime(2026, 1, 31, 16, tzinfo=UTC),
        datetime(2026, 2, 28, 16, tzinfo=UTC),
    )


@pytest.mark.parametrize("lasts", [False, True])
def test_nothing_ends_before_it_begins(lasts: bool) -> None:
    """The refusal names the end; what is open on a side has no such fault."""
    for begins, ends in ((DAY, NEXT), (None, DAY), (NEXT, None), (None, None)):
        check_end(begins, ends, path="x.to_on", lasts=lasts)
    with pytest.raises(InvalidValue, match="ends before it begins") as caught:
        check_end(TEN, NINE, path="x.ends_at", lasts=lasts)
    assert (caught.value.path, caught.value.fix) == ("x.ends_at", "turn them round")


def test_what_lasts_does_not_end_where_it_begins() -> None:
    """A day may be the first and the last; an instant is no length of time."""
    check_end(DAY, DAY, path="x.to_on")
    with pytest.raises(InvalidValue):
        check_end(NINE, NINE, path="x.ends_at", lasts=True)
