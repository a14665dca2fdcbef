"""Hypothesis strategies: random filters and orders over the sample gadgets."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from crmkit.domain.custom_fields import CustomField, CustomFieldId
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.tree import And, Filter, Not, Or
from crmkit.domain.filters.where import Field, Fields, where
from crmkit.domain.money import Money
from crmkit.testing.population import CUSTOM, NAMES
from crmkit.testing.sample import Colour, Gadget, Maker

PARTS = {
    key: CustomField(
        id=CustomFieldId(UUID(int=1)), entity="gadget", key=key, kind=kind, **more
    ).part
    for key, kind, more in CUSTOM
}
"""The custom fields of the sample gadgets, as filters see them."""
_DAY, _MOMENT = date(2026, 1, 1), datetime(2026, 1, 31, tzinfo=UTC)
_TEXTS = st.sampled_from([*NAMES, "code 1", "code 7", "s", "a", "large", "Berlin"])
_NUMBERS = st.integers(-20, 13_000) | st.sampled_from([-(2**63), 2**63 - 1])
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": _TEXTS,
    "code": _TEXTS,
    "series": _TEXTS,
    "rank": _NUMBERS,
    "share": st.integers(-400, 1000).map(lambda n: Decimal(n) / 100),
    "price": st.builds(Money, st.integers(-20, 250), st.sampled_from(["CNY", "JPY"])),
    "made_on": st.integers(0, 500).map(lambda n: _DAY + timedelta(days=n)),
    "sold_on": st.integers(0, 500).map(lambda n: _DAY + timedelta(days=n)),
    "made_at": st.integers(0, 1500).map(lambda n: _MOMENT + timedelta(hours=n)),
    "box.city": _TEXTS,
    "box.floor": st.integers(-10, 30),
    "box.weight": st.integers(0, 40).map(lambda n: Decimal(n) / 8),
    "custom.size": _TEXTS,
    "custom.score": st.integers(-12, 30),
    "custom.ratio": st.integers(-10, 30).map(lambda n: Decimal(n) / 4),
    "custom.due": st.integers(0, 10).map(lambda n: date(2026, 6, 1) + timedelta(days=n)),
}
_SORTABLE = (
    *("name", "code", "rank", "share", "price", "colour", "made_on", "made_at", "ready", "id"),
    *("box.city", "box.floor", "box.weight", "custom.size", "custom.score", "custom.ratio"),
    *("custom.due", "custom.seen", "custom.vip", "custom.deposit", "created_at"),
)


def fields() -> Fields:
    """Return the fields of a gadget, custom ones included."""
    return where(Gadget, PARTS)


def filters() -> st.SearchStrategy[Filter]:
    """Draw nests of conditions on gadgets."""
    return st.recursive(
        st.one_of(_comparisons(), _listed(), _searches(), _others()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
            st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=8,
    )


def orders() -> st.SearchStrategy[tuple[Order, ...]]:
    """Draw orders of up to three keys."""
    one = st.tuples(st.sampled_from(_SORTABLE), st.booleans())
    return st.lists(one, max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: tuple(Order(fields()[name].path, down) for name, down in pairs)
    )


def sortable() -> tuple[str, ...]:
    """Name the fields of a gadget that can be sorted by."""
    return _SORTABLE


def _comparisons() -> st.SearchStrategy[Filter]:
    operators = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
    return st.sampled_from(sorted(_VALUES)).flatmap(
        lambda name: st.builds(_compared, st.just(name), operators, _VALUES[name])
    )


def _compared(name: str, operator: str, value: Any) -> Filter:
    made: Filter = getattr(fields()[name], operator)(value)
    return made


def _listed() -> st.SearchStrategy[Filter]:
    names = sorted(set(_VALUES) - {"price"})
    return st.sampled_from(names).flatmap(
        lambda name: st.lists(st.none() | _VALUES[name], max_size=5).map(fields()[name].in_)
    )


def _searches() -> st.SearchStrategy[Filter]:
    names = st.sampled_from(["name", "box.city", "custom.size"])
    calls: st.SearchStrategy[Callable[[Field, str], Filter]] = st.sampled_from(
        [Field.contains, Field.starts_with, Field.ends_with]
    )
    needles = st.builds(lambda text, end: text[:end], _TEXTS, st.integers(0, 5))
    return st.builds(lambda name, call, text: call(fields()[name], text), names, calls, needles)


def _others() -> st.SearchStrategy[Filter]:
    f = fields()
    return st.sampled_from(
        [
            f.parts.has_any(["a"]),
            f.parts.has_all(["b", "ä"]),
            f["custom.areas"].has_any(["east"]),
            f.colour.eq(Colour.RED),
            f.ready.eq(True),  # noqa: FBT003 - the value compared with
            f["custom.vip"].ne(True),  # noqa: FBT003 - the value compared with
            f.made_on.eq(f.sold_on),
            f.made_on.lt(f.sold_on),
            f.maker_id.exists(Maker),
            f.maker_id.exists(Maker, where(Maker).country.is_none()),
            *(f[name].is_none() for name in sorted(_VALUES)),
        ]
    )
