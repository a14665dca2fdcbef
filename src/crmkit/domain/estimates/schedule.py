"""When the work is done and paid: milestones by the phases of the standard, a plan that sums up."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.domain.estimates.figures import EXACT
from crmkit.domain.estimates.lines import LineGroup
from crmkit.domain.estimates.words import Label
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

DAYS_A_MONTH: Final = Decimal("30.4375")
HOURS_A_DAY: Final = Decimal(8)
_NOT_EFFORT: Final = frozenset({"months", "rate", "locality", "margin", "vat"})


@attrs.frozen(kw_only=True)
class Milestone:
    """The end of one phase: how much of the work it is, and the day, where the start is known."""

    name: str
    label: Label
    share: Decimal
    amount: Money
    on: date | None


@attrs.frozen(kw_only=True)
class Payment:
    """One part of the price and when it is due."""

    label: Label
    share: Decimal
    amount: Money
    on: date | None


PAYMENTS: Final = (
    (Label("on signing", "合同签订"), Decimal(30), None),
    (Label("when testing is done", "测试完成"), Decimal(50), "testing"),
    (Label("on acceptance", "验收合格"), Decimal(20), "rollout"),
)
"""Label, percent, and the phase whose end makes it due; None is the start."""


def hours_of(estimate: "Estimate") -> Decimal:
    """Return the hours of work until acceptance."""
    hours = Decimal(0)
    for line in estimate.lines:
        if line.group is LineGroup.SOFTWARE:
            effort = line.quantity
            for factor in line.draft.price_from:
                if factor.name not in _NOT_EFFORT:
                    effort = EXACT.multiply(effort, factor.value)
            hours += effort
        elif line.group is LineGroup.SERVICES:
            hours += EXACT.multiply(line.quantity, HOURS_A_DAY)
    return hours


def months_of(estimate: "Estimate") -> Decimal:
    """Return the months that the profile's team takes for those hours."""
    profile = estimate.profile
    return EXACT.divide(hours_of(estimate), profile.standard.hours_per_month * profile.team_size)


def milestones(estimate: "Estimate", start: date | None) -> tuple[Milestone, ...]:
    """Split the price of building by the effort of the phases, and date their ends."""
    phases = list(estimate.profile.standard.phases.values())
    build = estimate.total - estimate.subtotal(LineGroup.UPKEEP)
    amounts = build.allocate([phase.value for phase in phases])
    days = EXACT.multiply(months_of(estimate), DAYS_A_MONTH)
    done, found = Decimal(0), []
    for phase, amount in zip(phases, amounts, strict=True):
        done += phase.value
        end = start and start + timedelta(days=_whole(EXACT.multiply(days, done)))
        found.append(
            Milestone(name=phase.name, label=phase.label, share=phase.value, amount=amount, on=end)
        )
    return tuple(found)


def payments(
    estimate: "Estimate", shares: Sequence[tuple[str, Decimal | int]] | None, start: date | None
) -> tuple[Payment, ...]:
    """Split the total by percent; without shares, 30 on signing, 50 when tested, 20 accepted."""
    ends = {each.name: each.on for each in milestones(estimate, start)}
    planned = PAYMENTS if shares is None else [(Label(n, n), Decimal(s), "") for n, s in shares]
    percents = [share for _, share, _ in planned]
    if sum(percents) != 100 or min(percents) <= 0:
        raise InvalidValue(
            f"the shares add up to {sum(percents)} percent",
            path="payments",
            fix="give shares above zero that add up to 100",
        )
    return tuple(
        Payment(
            label=label,
            share=share,
            amount=amount,
            on=start if phase is None else ends.get(phase),
        )
        for (label, share, phase), amount in zip(
            planned, estimate.total.allocate(percents), strict=True
        )
    )


def _whole(days: Decimal) -> int:
    return int(days.to_integral_value(ROUND_CEILING))
