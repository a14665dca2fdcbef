"""Summaries as data: group by fields and time buckets, measure, keep, order and cut."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from crmkit.domain.composite_kinds import Amount
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import Field, check_entity
from crmkit.domain.kinds import Form, Instant, Integer, Number
from crmkit.errors import InvalidFilter, UnknownField

MAX_GROUPS_BY: Final = 8
MAX_MEASURES: Final = 32
_HAVING: Final = ("eq", "ne", "lt", "le", "gt", "ge")
_AVERAGE: Final = Number(scale=12)


class Bucket(StrEnum):
    """A span of the calendar, named by its first day; weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Function(StrEnum):
    """How a measure is taken; missing values are left out."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    DISTINCT = "distinct"


@attrs.frozen
class Group:
    """One thing to group by: a field, or the bucket of a date or instant in a time zone."""

    path: Path
    bucket: Bucket | None = None
    zone: str = "UTC"


@attrs.frozen
class Measure:
    """One figure per group; `path` is None only for the count of records."""

    function: Function
    path: Path | None = None


@attrs.frozen
class Having:
    """Keep the groups whose figure compares so: `op` is one of eq ne lt le gt ge.

    The value is like the figure: a whole number for counts, a Decimal of at most twelve places for
    averages of numbers, else a value of the measured field.
    """

    name: str
    op: str
    value: Any


@attrs.frozen
class By:
    """Order the groups by a key or a figure."""

    name: str
    descending: bool = False


@attrs.frozen(kw_only=True)
class Summary:
    """A report over one entity: what to group by, what to measure, which groups to keep.

    Rows come ordered by `order`, then by the keys, None first. A sum or average of money refuses
    mixed currencies; group by its `currency` to keep them apart.
    """

    spec: EntitySpec
    where: Filter = EVERYTHING
    by: Mapping[str, Group] = attrs.field(factory=dict)
    measures: Mapping[str, Measure] = attrs.field(factory=dict)
    having: tuple[Having, ...] = ()
    order: tuple[By, ...] = ()
    limit: int | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a summary that contradicts itself."""
        check_entity(self.where, self.spec)
        _check_size(self)
        for name, group in self.by.items():
            _check_group(name, group, self.spec)
        for name, measure in self.measures.items():
            _check_measure(name, measure, self.spec)
        named: tuple[Having | By, ...] = (*self.having, *self.order)
        for item in named:
            if item.name not in self.measures and item.name not in self.by:
                raise UnknownField(f"the summary has no figure {item.name!r}", path=item.name)
        for item in self.having:
            if item.name not in self.measures:
                raise InvalidFilter("having asks for a measure", path=item.name, fix="use where")
            _check_having(item, self.measures[item.name])

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return what is grouped by and measured."""
        measured = [one.path for one in self.measures.values() if one.path is not None]
        return (*(group.path for group in self.by.values()), *measured)


def by(field: Field) -> Group:
    """Group by the values of a field."""
    return Group(field.path)


def by_time(field: Field, bucket: Bucket | str, *, zone: str = "UTC") -> Group:
    """Group by calendar spans of a date or instant; instants are read in the time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        raise InvalidFilter(
            f"{zone!r} is not a time zone", path="zone", fix="write Asia/Shanghai"
        ) from None
    if bucket not in {*Bucket}:
        raise InvalidFilter(
            f"{bucket!r} is not a calendar span", path="bucket", fix=f"one of {', '.join(Bucket)}"
        )
    return Group(field.path, Bucket(bucket), zone)


def count(field: Field | None = None) -> Measure:
    """Count the records, or those that have a value in a field."""
    return Measure(Function.COUNT, field.path if field else None)


def total(field: Field) -> Measure:
    """Add up a number or money field; None where there is no value."""
    return Measure(Function.SUM, field.path)


def average(field: Field) -> Measure:
    """Average a number (to 28 digits) or money field, rounded half to even; None without values."""
    return Measure(Function.AVG, field.path)


def least(field: Field) -> Measure:
    """Take the least value of a field."""
    return Measure(Function.MIN, field.path)


def greatest(field: Field) -> Measure:
    """Take the greatest value of a field."""
    return Measure(Function.MAX, field.path)


def distinct(field: Field) -> Measure:
    """Count the different values of a field."""
    return Measure(Function.DISTINCT, field.path)


def _check_size(summary: Summary) -> None:
    if not summary.by and not summary.measures:
        raise InvalidFilter("a summary needs a group or a measure", path="summary")
    if len(summary.by) > MAX_GROUPS_BY or len(summary.measures) > MAX_MEASURES:
        raise InvalidFilter(
            f"at most {MAX_GROUPS_BY} groups and {MAX_MEASURES} measures", path="summary"
        )
    if set(summary.by) & set(summary.measures):
        raise InvalidFilter("a group and a measure share a name", path="summary")
    if summary.limit is not None and (type(summary.limit) is not int or summary.limit < 1):
        raise InvalidFilter("the limit is a whole number, at least 1", path="limit")


def _check_group(name: str, group: Group, spec: EntitySpec) -> None:
    _same_entity(group.path, spec)
    if group.bucket and group.path.kind.form not in (Form.DATE, Form.INSTANT):
        raise InvalidFilter("only dates and instants have calendar spans", path=name)
    if group.bucket and group.path.keys:
        raise InvalidFilter("calendar spans need a declared field", path=name)
    if not group.path.kind.ordered or isinstance(group.path.kind, Amount):
        raise InvalidFilter("cannot be grouped by", path=name)


def _check_measure(name: str, measure: Measure, spec: EntitySpec) -> None:
    if measure.path is None:
        if measure.function is not Function.COUNT:
            raise InvalidFilter("needs a field", path=name)
        return
    _same_entity(measure.path, spec)
    kind = measure.path.kind
    if measure.function in (Function.SUM, Function.AVG):
        if not isinstance(kind, Integer | Number | Amount):
            raise InvalidFilter("only numbers and money add up", path=name)
    elif isinstance(kind, Amount) and measure.function is Function.DISTINCT:
        raise InvalidFilter("count the distinct minor units instead", path=name)
    elif not kind.ordered and measure.function is not Function.COUNT:
        raise InvalidFilter("has no order", path=name)
    elif kind.form is Form.BOOLEAN and measure.function in (Function.MIN, Function.MAX):
        raise InvalidFilter("true and false have no least and greatest", path=name)


def _check_having(having: Having, measure: Measure) -> None:
    if having.op not in _HAVING:
        raise InvalidFilter(
            f"{having.op!r} is not a comparison",
            path=having.name,
            fix=f"one of {', '.join(_HAVING)}",
        )
    if measure.path is None or measure.function in (Function.COUNT, Function.DISTINCT):
        Integer().check(having.value, having.name)
    elif measure.function is Function.AVG and not isinstance(measure.path.kind, Amount):
        _AVERAGE.check(having.value, having.name)
    else:
        measure.path.kind.check(having.value, having.name)


def _same_entity(path: Path, spec: EntitySpec) -> None:
    if path.spec is not spec:
        raise InvalidFilter(f"belongs to {path.spec.name}, not to {spec.name}", path=path.name)


def is_instant(group: Group) -> bool:
    """Say whether the group's bucket needs the time zone."""
    return isinstance(group.path.kind, Instant)


def names(summary: Summary) -> Sequence[str]:
    """Return the names of a row's values, keys first."""
    return (*summary.by, *summary.measures)
