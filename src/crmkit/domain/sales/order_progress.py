"""Counting on order lines: delivered, come back, invoiced, cancelled, and what is open."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Annotated

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.money import Money
from crmkit.domain.sales.millionths import short
from crmkit.domain.sales.order_events import (
    AmendmentTooSmall,
    OverCredited,
    OverDelivered,
    OverInvoiced,
)
from crmkit.domain.sales.order_line import NOTHING, AgreedLine, LineProgress, above_zero, part_of
from crmkit.errors import InvalidValue, NotFound

Progress = tuple[LineProgress, ...]


@attrs.frozen(kw_only=True)
class Moved:
    """A quantity of one line, and what it comes to."""

    key: Annotated[str, Text(max_length=200)]
    quantity: Decimal
    net: Money
    tax: Money


def begun(lines: Sequence[AgreedLine]) -> Progress:
    """Return the progress of lines of which nothing is done."""
    return tuple(_nothing(line) for line in lines)


def deliver(
    lines: Sequence[AgreedLine],
    progress: Progress,
    quantities: Mapping[str, Decimal],
    *,
    is_return: bool,
) -> Progress:
    """Count deliveries or returns, or raise `OverDelivered`."""
    asked = _asked(lines, quantities)
    counted = list(progress)
    for at, line in enumerate(lines):
        part, wanted = progress[at], asked.get(line.key, NOTHING)
        after = part.delivered - wanted if is_return else part.delivered + wanted
        limit = _limit(line, part)
        if wanted and not 0 <= after <= max(limit, part.delivered):
            left = part.delivered if is_return else limit - part.delivered
            raise OverDelivered(
                f"line {line.key}: {short(wanted)} asked, {short(left)} left",
                path="quantities",
                fix="move less, or amend the order",
            )
        counted[at] = attrs.evolve(part, delivered=after)
    return tuple(counted)


def invoice(
    lines: Sequence[AgreedLine], progress: Progress, quantities: Mapping[str, Decimal]
) -> tuple[Progress, tuple[Moved, ...]]:
    """Count what is invoiced; parts add up exactly to the line, whatever their sizes."""
    asked = _asked(lines, quantities)
    counted, billed = list(progress), []
    for at, line in enumerate(lines):
        wanted = asked.get(line.key)
        if wanted is None:
            continue
        part = progress[at]
        after = part.invoiced + wanted
        if after > _limit(line, part):
            left = short(_limit(line, part) - part.invoiced)
            raise OverInvoiced(
                f"line {line.key}: {short(wanted)} asked, {left} left",
                path="quantities",
                fix="invoice less, or amend the order",
            )
        net, tax = line.value_of(after)
        counted[at] = attrs.evolve(part, invoiced=after, invoiced_net=net, invoiced_tax=tax)
        moved = {"net": net - part.invoiced_net, "tax": tax - part.invoiced_tax}
        billed.append(Moved(key=line.key, quantity=wanted, **moved))
    return tuple(counted), tuple(billed)


def take(
    lines: Sequence[Moved], gone: Sequence[Moved], quantities: Mapping[str, Decimal]
) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """Return all that is taken back of invoiced lines, and what of it is new; parts add up exactly.

    Raises `OverCredited` beyond what was invoiced.
    """
    known = {line.key: line for line in gone}
    asked = _wanted({line.key for line in lines}, quantities)
    kept, taken = [], []
    for line in lines:
        before = known.get(line.key) or _none_of(line)
        after = before
        if line.key in asked:
            after = _part_of(line, before.quantity, asked[line.key])
            taken.append(_between(before, after))
        if after.quantity:
            kept.append(after)
    return tuple(kept), tuple(taken)


def cancel(lines: Sequence[AgreedLine], progress: Progress) -> tuple[Progress, bool]:
    """Cancel the open rest of each line, and say whether anything was delivered or invoiced."""
    counted = tuple(
        attrs.evolve(
            part, cancelled=max(line.quantity - max(part.delivered, part.invoiced), NOTHING)
        )
        for line, part in zip(lines, progress, strict=True)
    )
    return counted, any(part.delivered or part.invoiced for part in progress)


def open_value(lines: Sequence[AgreedLine], progress: Progress) -> Money:
    """Return the gross value of what is agreed, not cancelled and not invoiced."""
    currency = lines[0].net.currency
    return Money.total(
        (_open(line, part) for line, part in zip(lines, progress, strict=True)), currency
    )


def check_amended(
    before: Sequence[AgreedLine], after: Sequence[AgreedLine], progress: Progress
) -> Progress:
    """Return the progress of amended lines, or raise `AmendmentTooSmall`."""
    known = {part.key: part for part in progress}
    old = {line.key: line for line in before}
    if not after:
        raise InvalidValue("leaves no line", path="changes", fix="cancel the order instead")
    for line in after:
        if line.key in old:
            _check_fits(old[line.key], line, known[line.key])
    kept = {line.key for line in after}
    for part in progress:
        if part.key not in kept and (part.delivered or part.invoiced):
            raise _too_small(part.key)
    return tuple(known.get(line.key) or _nothing(line) for line in after)


def _check_fits(old: AgreedLine, new: AgreedLine, part: LineProgress) -> None:
    done = max(part.delivered, part.invoiced)
    if done > new.most - part.cancelled:
        raise _too_small(new.key)
    repriced = new != old and new != old.resized(new.quantity)
    if repriced and part.invoiced:
        raise AmendmentTooSmall(
            f"line {new.key} was invoiced at another price",
            path="changes",
            fix="reverse the invoice first, or add a line",
        )


def _too_small(key: str) -> AmendmentTooSmall:
    return AmendmentTooSmall(
        f"line {key} was delivered or invoiced beyond that", path="changes", fix="agree to more"
    )


def _nothing(line: AgreedLine) -> LineProgress:
    zero = Money(0, line.net.currency)
    return LineProgress(key=line.key, invoiced_net=zero, invoiced_tax=zero)


def _limit(line: AgreedLine, part: LineProgress) -> Decimal:
    """Return the most of a line; of a cancelled rest nothing is left, tolerance or not."""
    return line.quantity - part.cancelled if part.cancelled else line.most


def _open(line: AgreedLine, part: LineProgress) -> Money:
    net, tax = line.value_of(line.quantity - part.cancelled)
    rest = net + tax - part.invoiced_net - part.invoiced_tax
    return max(rest, Money(0, rest.currency))


def _part_of(line: Moved, before: Decimal, wanted: Decimal) -> Moved:
    if before + wanted > line.quantity:
        raise OverCredited(
            f"line {line.key}: {short(wanted)} taken back, {short(line.quantity - before)} left",
            path="quantities",
            fix="take back less",
        )
    after = before + wanted
    parts = {name: part_of(getattr(line, name), after, line.quantity) for name in ("net", "tax")}
    return Moved(key=line.key, quantity=after, **parts)


def _none_of(line: Moved) -> Moved:
    zero = Money(0, line.net.currency)
    return Moved(key=line.key, quantity=NOTHING, net=zero, tax=zero)


def _between(before: Moved, after: Moved) -> Moved:
    return Moved(
        key=after.key,
        quantity=after.quantity - before.quantity,
        net=after.net - before.net,
        tax=after.tax - before.tax,
    )


def _asked(lines: Sequence[AgreedLine], quantities: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return _wanted({line.key for line in lines}, quantities)


def _wanted(known: AbstractSet[str], quantities: Mapping[str, Decimal]) -> dict[str, Decimal]:
    if not quantities:
        raise InvalidValue("names no line", path="quantities", fix="name lines and quantities")
    for key in quantities:
        if key not in known:
            raise NotFound(f"there is no line {key}", path="quantities")
    return {key: above_zero(value, "quantities") for key, value in quantities.items()}
