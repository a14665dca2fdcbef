"""The working time of one year, added up once, so that a question is one look-up."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

Span = tuple[int, int]
"""From one millisecond since 1970 up to another that is no part of it."""


class WorkingYear:
    """Disjoint spans of work in a year, in milliseconds since 1970, with their running total.

    `workdays` are the ordinals of the dates on which people work, in order.
    """

    __slots__ = (
        "_after",
        "_before",
        "_starts",
        "_stops",
        "begins",
        "ends",
        "number",
        "total",
        "workdays",
    )

    def __init__(
        self, number: int, bounds: Span, *, spans: Iterable[Span], workdays: Sequence[int]
    ) -> None:
        """Join the spans that touch, cut them to the year and add them up."""
        joined = _joined(spans, bounds)
        self.number = number
        self.begins, self.ends = bounds
        self._starts = [start for start, _ in joined]
        self._stops = [stop for _, stop in joined]
        self._after = list(accumulate(stop - start for start, stop in joined))
        self._before = [0, *self._after][: len(joined)]
        self.total = self._after[-1] if joined else 0
        self.workdays = workdays

    def worked_until(self, moment: int) -> int:
        """Return the work from the beginning of the year to a moment in it."""
        at = bisect_right(self._starts, moment) - 1
        if at < 0:
            return 0
        return self._before[at] + min(moment, self._stops[at]) - self._starts[at]

    def earliest(self, worked: int) -> int:
        """Return the first moment by which so much is worked; more than nothing, at most all."""
        at = bisect_left(self._after, worked)
        return self._stops[at] - (self._after[at] - worked)

    def latest(self, worked: int) -> int:
        """Return the last moment by which no more is worked; less than all there is."""
        at = bisect_right(self._before, worked) - 1
        return self._starts[at] + worked - self._before[at]

    def is_working(self, moment: int) -> bool:
        """Say whether a moment in the year is worked."""
        at = bisect_right(self._starts, moment) - 1
        return at >= 0 and moment < self._stops[at]

    def spans(self, first: int, last: int) -> list[Span]:
        """Return the work between two moments."""
        cut = zip(self._starts, self._stops, strict=True)
        return _joined(cut, (first, last))


def _joined(spans: Iterable[Span], bounds: Span) -> list[Span]:
    begins, ends = bounds
    joined: list[Span] = []
    for start, stop in sorted((max(start, begins), min(stop, ends)) for start, stop in spans):
        if start >= stop:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
