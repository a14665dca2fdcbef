"""The movement between two snapshots: why the sum of a span is another one now, deal by deal."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import attrs

from crmkit.domain.forecasts.forecast import OPEN_CATEGORIES
from crmkit.domain.forecasts.snapshot import Snapshot, SnapshotLine
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import DealId, DealOutcome
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue, MixedCurrencies

OPEN_ONES: Final = frozenset(OPEN_CATEGORIES)


class MoveKind(StrEnum):
    """Why the sum moved."""

    NEW = "new"
    RETURNED = "returned"
    REOPENED = "reopened"
    PULLED_IN = "pulled_in"
    UP = "up"
    DOWN = "down"
    RECATEGORISED = "recategorised"
    PUSHED_OUT = "pushed_out"
    WON = "won"
    LOST = "lost"
    DELETED = "deleted"
    RATE = "rate"


@attrs.frozen(kw_only=True)
class Move:
    """What one deal added to the sum, or took from it, and why."""

    deal_id: DealId
    kind: MoveKind
    amount: Money


@attrs.frozen(kw_only=True)
class Movement:
    """A waterfall: `opening` and the moves together are `closing`, to the last cent."""

    span: Span
    opening: Money
    closing: Money
    moves: tuple[Move, ...]

    @property
    def steps(self) -> dict[MoveKind, Money]:
        """Return the sum of the moves of each kind, zero where there are none."""
        currency = self.opening.currency
        return {
            kind: Money.total((one.amount for one in self.moves if one.kind is kind), currency)
            for kind in MoveKind
        }


@attrs.frozen(kw_only=True)
class View:
    """One snapshot, with its lines."""

    snapshot: Snapshot
    lines: tuple[SnapshotLine, ...]

    def worth(self, line: SnapshotLine) -> Money:
        """Return what a line was worth; without a value, nothing."""
        return (
            Money(0, self.snapshot.into)
            if line.value is None
            else self.snapshot.convert(line.value)
        )


def movement_between(
    before: View,
    after: View,
    span: Span,
    categories: frozenset[ForecastCategory] = OPEN_ONES,
) -> Movement:
    """Explain the sum of a span and some categories in `after` by that in `before`.

    A deal that comes or goes moves the sum once, by all it is worth; one that stays moves it by the
    rate (the old value at the new rate) and by its value, up or down. Raises `MixedCurrencies`.
    """
    if before.snapshot.into != after.snapshot.into:
        raise MixedCurrencies(
            f"{before.snapshot.into} and {after.snapshot.into} do not mix",
            path="forecast_snapshot.into",
            fix="compare snapshots in one currency",
        )
    if after.snapshot.taken_at < before.snapshot.taken_at:
        raise InvalidValue(
            "the later snapshot was taken first", path="forecast_snapshot", fix="turn them round"
        )
    change = _Change(before=before, after=after, span=span, categories=categories)
    return Movement(
        span=span,
        opening=_sum(before, span, categories),
        closing=_sum(after, span, categories),
        moves=tuple(move for move in change.moves() if move.amount),
    )


@attrs.frozen(kw_only=True)
class _Change:
    before: View
    after: View
    span: Span
    categories: frozenset[ForecastCategory]

    def moves(self) -> Iterator[Move]:
        old = {line.deal_id: line for line in self.before.lines}
        new = {line.deal_id: line for line in self.after.lines}
        for deal_id in old.keys() | new.keys():
            yield from self._of_one(old.get(deal_id), new.get(deal_id))

    def _of_one(self, old: SnapshotLine | None, new: SnapshotLine | None) -> Iterator[Move]:
        was = old if old is not None and self._counts(old) else None
        now = new if new is not None and self._counts(new) else None
        if was is not None and now is not None:
            yield from self._stays(was, now)
        elif was is not None:
            yield _move(was, self._why_gone(was, new), -self.before.worth(was))
        elif now is not None:
            yield _move(now, self._why_come(old, now), self.after.worth(now))

    def _stays(self, was: SnapshotLine, now: SnapshotLine) -> Iterator[Move]:
        old = self.before.worth(was)
        same = was.value is None or was.value.currency in {
            *self.after.snapshot.by_currency,
            self.after.snapshot.into,
        }
        at_new_rate = self.after.worth(was) if same else old
        change = self.after.worth(now) - at_new_rate
        yield _move(was, MoveKind.RATE, at_new_rate - old)
        yield _move(was, MoveKind.UP if change.minor > 0 else MoveKind.DOWN, change)

    def _why_gone(self, was: SnapshotLine, new: SnapshotLine | None) -> MoveKind:
        if new is None:
            return MoveKind.DELETED
        if new.outcome is not was.outcome:
            return {
                DealOutcome.WON: MoveKind.WON,
                DealOutcome.LOST: MoveKind.LOST,
                DealOutcome.OPEN: MoveKind.REOPENED,
            }[new.outcome]
        return MoveKind.RECATEGORISED if self._is_dated(new) else MoveKind.PUSHED_OUT

    def _why_come(self, old: SnapshotLine | None, now: SnapshotLine) -> MoveKind:
        if old is None:
            since, taken = now.known_since, self.before.snapshot.taken_at
            return MoveKind.NEW if since is None or since > taken else MoveKind.RETURNED
        if old.outcome is not now.outcome:
            return MoveKind.WON if now.outcome is DealOutcome.WON else MoveKind.REOPENED
        return MoveKind.RECATEGORISED if self._is_dated(old) else MoveKind.PULLED_IN

    def _counts(self, line: SnapshotLine) -> bool:
        return line.is_in(self.span, self.categories)

    def _is_dated(self, line: SnapshotLine) -> bool:
        return line.counts_on in self.span


def _sum(view: View, span: Span, categories: frozenset[ForecastCategory]) -> Money:
    counted = (view.worth(line) for line in view.lines if line.is_in(span, categories))
    return Money.total(counted, view.snapshot.into)


def _move(line: SnapshotLine, kind: MoveKind, amount: Money) -> Move:
    return Move(deal_id=line.deal_id, kind=kind, amount=amount)


def deals_in(moves: Iterable[Move], kind: MoveKind) -> tuple[DealId, ...]:
    """Name the deals that moved the sum in one way."""
    return tuple(move.deal_id for move in moves if move.kind is kind)
