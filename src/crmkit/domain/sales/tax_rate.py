"""Tax rates: which percentage is due for a kind of sale, from one day to another, as data."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Final, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.span import check_end
from crmkit.errors import InvalidValue, RuleBroken

TaxRateId = NewType("TaxRateId", UUID)
LAST_DAY: Final = date.max


class TaxRateUnknown(RuleBroken):
    """No tax rate is known for this kind of sale on this day."""


class TaxRatesOverlap(RuleBroken):
    """Two rates of one kind would hold on the same day."""


@attrs.frozen(kw_only=True)
class TaxRule:
    """A percentage of one kind, from `valid_from` to `valid_to`, both included; `basis` is why."""

    kind: Annotated[str, Text(max_length=60)]
    percent: Decimal
    valid_from: date
    valid_to: date | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    basis: Annotated[str, Text(max_length=500)] = ""

    def __attrs_post_init__(self) -> None:
        """Refuse a percentage below zero or above a hundred, and an end before the beginning."""
        if not 0 <= self.percent <= 100:
            raise InvalidValue("lies between 0 and 100", path="percent", fix="13 for 13 %")
        check_end(self.valid_from, self.valid_to, path="valid_to")

    def holds_on(self, day: date) -> bool:
        """Say whether the rule holds on a day."""
        return self.valid_from <= day <= (self.valid_to or LAST_DAY)


@keeps()
@entity(
    "tax_rate",
    unique=[Unique(("kind", "valid_from"))],
    labels={"en": "Tax rate", "zh": "税率"},
)
@attrs.frozen(kw_only=True)
class TaxRate(Aggregate):
    """A tax rule of this tenant, kept as a record."""

    id: TaxRateId
    kind: Annotated[str, Text(max_length=60)]
    percent: Decimal
    valid_from: date
    valid_to: date | None = None
    labels: Mapping[str, str] = attrs.field(factory=dict)
    basis: Annotated[str, Text(max_length=500)] = ""

    @property
    def rule(self) -> TaxRule:
        """Return what the record says."""
        names = [field.name for field in attrs.fields(TaxRule)]
        return TaxRule(**{name: getattr(self, name) for name in names})


@attrs.frozen
class TaxTable:
    """All tax rules of a tenant; answers which percentage is due."""

    rules: tuple[TaxRule, ...]

    def rule_for(self, kind: str, day: date) -> TaxRule:
        """Return the rule of a kind on a day, or raise `TaxRateUnknown`."""
        for rule in self.rules:
            if rule.kind == kind and rule.holds_on(day):
                return rule
        known = sorted({rule.kind for rule in self.rules if rule.holds_on(day)})
        raise TaxRateUnknown(
            f"no tax rate of kind {kind!r} on {day}",
            path="tax_kind",
            fix=f"one of {', '.join(known)}" if known else "load tax rates first",
        )


def check_tax_rules(rules: Iterable[TaxRule]) -> None:
    """Refuse rules of which two hold for one kind on the same day."""
    ordered = sorted(rules, key=lambda rule: (rule.kind, rule.valid_from))
    for earlier, later in pairwise(ordered):
        if earlier.kind == later.kind and earlier.holds_on(later.valid_from):
            raise TaxRatesOverlap(
                f"{later.kind} has two rates on {later.valid_from}",
                path="tax_rate.valid_to",
                fix="end the earlier one the day before",
            )
