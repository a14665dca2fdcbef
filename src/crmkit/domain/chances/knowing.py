"""Knowing: what was known of a deal at a moment, as features of an example, from its changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import log10
from typing import Any, Final
from uuid import UUID

from crmkit.domain.chances.example import Example, Known, Value
from crmkit.domain.changes import Change
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealOutcome
from crmkit.domain.sales.stage_stay import StageStay, began_at
from crmkit.errors import InvalidValue

FIELDS: Final = ("owner_id", "product_id", "value", "expected_on")
_CUSTOM: Final = "custom."


def asking_time(deal: Deal, after: timedelta) -> datetime | None:
    """Return when one asks about a deal, so long after it was opened; None when one could not.

    By then it was written down, and still open.
    """
    if deal.opened_at is None or deal.closed_at is None or deal.created_at is None:
        return None
    asked_at = deal.opened_at + after
    return asked_at if deal.created_at <= asked_at < deal.closed_at else None


def example_of(
    deal: Deal,
    asked_at: datetime,
    stays: Sequence[StageStay],
    changes: Sequence[Change],
    fields: Sequence[str],
) -> Example:
    """Return a closed deal as it was known when one asked."""
    here = _stay_at(stays, asked_at)
    chance = None if here is None or here.probability is None else here.probability / 100
    return Example(
        features=known_of(deal, stays, changes, fields, asked_at),
        asked_at=asked_at,
        closed_at=deal.closed_at or asked_at,
        won=deal.outcome is DealOutcome.WON,
        stage_chance=chance,
    )


def known_of(
    deal: Deal,
    stays: Sequence[StageStay],
    changes: Sequence[Change],
    fields: Sequence[str],
    asked_at: datetime,
) -> dict[str, Known]:
    """Return stage, moves and some fields of a deal as they were at a moment."""
    since = began_at(deal) or asked_at
    steps = known_steps(stays, deal.stage, since, asked_at)
    return steps | known_fields(changes, fields, asked_at)


def known_fields(
    changes: Iterable[Change], fields: Sequence[str], asked_at: datetime
) -> dict[str, Known]:
    """Return fields of a deal as they were at a moment, each with the time it was written.

    `fields` are names such as `value`, or `custom.size`. Amounts count by their logarithm, days by
    how far ahead they lie, everything else as a kind.
    """
    spec, found = spec_of(Deal), dict[str, Known]()
    check_fields(fields)
    for change in changes:
        if change.at <= asked_at:
            for name, value in _written(spec, change.after, fields):
                found.pop(name, None)
                if value is not None:
                    found[name] = Known(value=_feature(value, asked_at), at=change.at)
    return found


def known_steps(
    stays: Sequence[StageStay], stage: str, since: datetime, asked_at: datetime
) -> dict[str, Known]:
    """Return the stage at a moment, and how often the deal had moved by then.

    `stage` is where it stands `since` its last move.
    """
    past = [stay for stay in stays if stay.left_at <= asked_at]
    here = _stay_at(stays, asked_at)
    at = since if here is None else here.entered_at
    moved = max((stay.left_at for stay in past), default=at)
    return {
        "stage": Known(value=stage if here is None else here.stage, at=at),
        "moves": Known(value=float(len(past)), at=moved),
    }


def check_fields(fields: Iterable[str]) -> None:
    """Raise `UnknownField` for what deals do not have, and `InvalidValue` for lists of things."""
    spec = spec_of(Deal)
    for name in fields:
        if not name.startswith(_CUSTOM) and not spec.part(name).kind.ordered:
            raise InvalidValue("is no single value", path=f"deal.{name}", fix="leave it out")


def _stay_at(stays: Sequence[StageStay], at: datetime) -> StageStay | None:
    return next((stay for stay in stays if stay.entered_at <= at < stay.left_at), None)


def _written(
    spec: EntitySpec, after: Mapping[str, Any], fields: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    for name in fields:
        if name.startswith(_CUSTOM) and "custom" in after:
            yield name, (after["custom"] or {}).get(name.removeprefix(_CUSTOM))
        elif name in after:
            yield name, spec.parts[name].parse(after[name])


def _feature(value: Any, asked_at: datetime) -> Value:
    match value:
        case Money():
            return log10(max(float(value.amount), 0.0) + 1)
        case bool() | Enum() | UUID() | str():
            return str(value)
        case int() | float() | Decimal():
            return float(value)
        case datetime():
            return (value - asked_at).total_seconds() / 86_400
        case date():
            return float((value - asked_at.date()).days)
        case _:
            return str(value)
