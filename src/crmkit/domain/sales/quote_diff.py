"""What differs between two versions of a quote: lines added, gone and changed, and the totals."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from crmkit.domain.money import Money
from crmkit.domain.sales.quote_line import QuoteLine
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.domain.sales.quoting import PricedLines
from crmkit.domain.sales.settling import Totals

_SHOWN: Final = (
    "name",
    "quantity",
    "unit",
    "unit_price",
    "price_source",
    "tax_percent",
    "discount",
    "net",
    "tax",
    "gross",
)


@attrs.frozen
class Move:
    """One value before and after."""

    before: Any
    after: Any


@attrs.frozen(kw_only=True)
class LineChange:
    """What changed on one line, by field."""

    key: str
    name: str
    moves: Mapping[str, Move]


@attrs.frozen(kw_only=True)
class QuoteDiff:
    """Lines added, gone and changed; terms and days that differ; what the totals move by."""

    added: tuple[QuoteLine, ...]
    removed: tuple[QuoteLine, ...]
    changed: tuple[LineChange, ...]
    head: Mapping[str, Move]
    gross: Money

    @property
    def is_empty(self) -> bool:
        """Say whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.head)


def diff_versions(one: QuoteVersion, other: QuoteVersion) -> QuoteDiff:
    """Return what differs from one version to another of the same currency."""
    names = ("terms", "valid_until", "buyer", "words", "alternative")
    head = _moves({name: (getattr(one, name), getattr(other, name)) for name in names})
    return _diff(one.lines, other.lines, (one.totals, other.totals), head)


def diff_prices(version: QuoteVersion, priced: PricedLines) -> QuoteDiff:
    """Return what differs between a version and its lines priced anew."""
    return _diff(version.lines, priced.lines, (version.totals, priced.totals), {})


def _diff(
    before: tuple[QuoteLine, ...],
    after: tuple[QuoteLine, ...],
    whole: tuple[Totals, Totals],
    head: Mapping[str, Move],
) -> QuoteDiff:
    old = {line.key: line for line in before}
    new = {line.key: line for line in after}
    changes = (_change(old[key], line) for key, line in new.items() if key in old)
    return QuoteDiff(
        added=tuple(line for key, line in new.items() if key not in old),
        removed=tuple(line for key, line in old.items() if key not in new),
        changed=tuple(change for change in changes if change.moves),
        head=head,
        gross=whole[1].gross - whole[0].gross,
    )


def _change(before: QuoteLine, after: QuoteLine) -> LineChange:
    values = {name: (_value(before, name), _value(after, name)) for name in _SHOWN}
    values["is_chosen"] = (before.draft.is_chosen, after.draft.is_chosen)
    return LineChange(key=after.key, name=after.name, moves=_moves(values))


def _value(line: QuoteLine, name: str) -> Any:
    return line.draft.quantity if name == "quantity" else getattr(line, name)


def _moves(values: Mapping[str, tuple[Any, Any]]) -> dict[str, Move]:
    return {name: Move(*pair) for name, pair in values.items() if pair[0] != pair[1]}
