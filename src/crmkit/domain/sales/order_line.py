"""Order lines: what was agreed, how far each line has come, and how agreements change."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

import attrs

from crmkit.domain.kinds import Number, Text
from crmkit.domain.money import Money
from crmkit.domain.sales.millionths import half_up, millionths
from crmkit.domain.sales.product import ProductId
from crmkit.domain.sales.quote_line import QuoteLine
from crmkit.errors import InvalidValue, MixedCurrencies, NotFound, OutOfRange

Key = Annotated[str, Text(max_length=200)]
NOTHING = Decimal(0)


@attrs.frozen(kw_only=True)
class AgreedLine:
    """A quantity of something for a sum, net and tax; `tolerance` is per cent that may be more."""

    key: Key
    name: Annotated[str, Text(max_length=500)]
    quantity: Decimal
    net: Money
    tax: Money
    product_id: ProductId | None = None
    unit: Annotated[str, Text(max_length=40)] | None = None
    tax_percent: Decimal | None = None
    tolerance: Decimal = NOTHING

    def __attrs_post_init__(self) -> None:
        """Refuse quantities of nothing, sums below zero, two currencies, odd tolerances."""
        object.__setattr__(self, "quantity", above_zero(self.quantity, "lines.quantity"))
        Number().check(self.tolerance, "lines.tolerance")
        if not 0 <= self.tolerance <= 100:
            raise OutOfRange("is 0 to 100 per cent", path="lines.tolerance", fix="5 for 5 %")
        if self.net.currency != self.tax.currency:
            raise MixedCurrencies("net and tax differ", path="lines.tax", fix="use one currency")
        if self.net.minor < 0 or self.tax.minor < 0:
            raise InvalidValue("is below zero", path="lines.net", fix="0 or more")

    @classmethod
    def of(cls, line: QuoteLine) -> Self:
        """Agree to a line as it was quoted."""
        assert line.net is not None and line.tax is not None  # noqa: PT018, S101 - items have both
        return cls(
            key=line.key,
            name=line.name,
            quantity=line.draft.quantity,
            net=line.net,
            tax=line.tax,
            product_id=line.draft.product_id,
            unit=line.unit,
            tax_percent=line.tax_percent,
        )

    @property
    def gross(self) -> Money:
        """Return what is paid for all of it."""
        return self.net + self.tax

    @property
    def most(self) -> Decimal:
        """Return the most that may be delivered or invoiced."""
        return self.quantity + self.quantity * self.tolerance / 100

    def value_of(self, quantity: Decimal) -> tuple[Money, Money]:
        """Return net and tax of a part, rounded half up; all of it is exactly what was agreed."""
        return part_of(self.net, quantity, self.quantity), part_of(
            self.tax, quantity, self.quantity
        )

    def resized(self, quantity: Decimal) -> Self:
        """Return the line for another quantity at the same unit price."""
        wanted = above_zero(quantity, "changes.quantity")
        net, tax = self.value_of(wanted)
        return attrs.evolve(self, quantity=wanted, net=net, tax=tax)


@attrs.frozen(kw_only=True)
class LineProgress:
    """How far a line has come: quantities, and what was invoiced for them."""

    key: Key
    invoiced_net: Money
    invoiced_tax: Money
    delivered: Decimal = NOTHING
    invoiced: Decimal = NOTHING
    cancelled: Decimal = NOTHING


class ChangeKind(StrEnum):
    """What an amendment does to one line."""

    ADD = "add"
    RESIZE = "resize"
    REPLACE = "replace"
    DROP = "drop"


@attrs.frozen(kw_only=True)
class LineChange:
    """One change of what is agreed; `add_line`, `resize_line` and the like make it."""

    kind: ChangeKind
    key: Key
    line: AgreedLine | None = None
    quantity: Decimal | None = None

    def applied(self, lines: Sequence[AgreedLine]) -> tuple[AgreedLine, ...]:
        """Return the lines after the change, or raise when it fits none of them."""
        known = {line.key for line in lines}
        if self.kind is ChangeKind.ADD:
            if self.key in known or self.line is None:
                raise InvalidValue(
                    f"line {self.key} is there", path="changes.key", fix="give it another key"
                )
            return (*lines, self.line)
        if self.key not in known:
            raise NotFound(f"there is no line {self.key}", path="changes.key")
        changed = (self._changed(line) if line.key == self.key else line for line in lines)
        return tuple(line for line in changed if line is not None)

    def _changed(self, line: AgreedLine) -> AgreedLine | None:
        match self.kind:
            case ChangeKind.DROP:
                return None
            case ChangeKind.RESIZE if self.quantity is not None:
                return line.resized(self.quantity)
            case _:
                return self.line


def add_line(line: AgreedLine) -> LineChange:
    """Agree to one line more."""
    return LineChange(kind=ChangeKind.ADD, key=line.key, line=line)


def resize_line(key: str, quantity: Decimal | int) -> LineChange:
    """Agree to another quantity at the same unit price."""
    wanted = above_zero(quantity, "changes.quantity")
    return LineChange(kind=ChangeKind.RESIZE, key=key, quantity=wanted)


def replace_line(line: AgreedLine) -> LineChange:
    """Agree to something else in the place of the line with the same key."""
    return LineChange(kind=ChangeKind.REPLACE, key=line.key, line=line)


def drop_line(key: str) -> LineChange:
    """Agree that a line goes."""
    return LineChange(kind=ChangeKind.DROP, key=key)


def replay(lines: Sequence[AgreedLine], changes: Iterable[LineChange]) -> tuple[AgreedLine, ...]:
    """Return the lines after all changes, one after the other."""
    found = tuple(lines)
    for change in changes:
        found = change.applied(found)
    return found


def above_zero(quantity: Decimal | int, path: str) -> Decimal:
    """Return a quantity, or raise when it is no number above zero."""
    number = Number().check(quantity, path)
    if number <= 0:
        raise InvalidValue("is not above zero", path=path, fix="give a quantity above zero")
    return number


def part_of(whole: Money, quantity: Decimal, of: Decimal) -> Money:
    """Return what of a sum a part of a quantity is worth, rounded half up."""
    minor = half_up(whole.minor * millionths(quantity), millionths(of))
    return Money.from_minor(minor, whole.currency)
