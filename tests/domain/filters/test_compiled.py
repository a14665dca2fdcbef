"""Compiled filters say what the filters mean."""

from typing import Any

from hypothesis import given

from crmkit.domain.filters.compiled import compiled
from crmkit.domain.filters.matching import matches
from crmkit.domain.filters.tree import EVERYTHING, NOTHING, Exists, Filter
from crmkit.testing.sample import Gadget
from crmkit.testing.strategies import fields, filters
from tests.domain.filters.reference import MAKERS, fits, gadgets

F = fields()
GADGETS: list[Gadget] = gadgets()


def finder(node: Exists, value: Any) -> bool:
    """Say whether a maker of that id fits."""
    return any(maker.id == value and matches(node.where, maker) for maker in MAKERS)


@given(filter_=filters())
def test_a_compiled_filter_agrees_with_another_reading(filter_: Filter) -> None:
    """One record at a time, and many at once."""
    decide, choose = compiled(filter_, finder)
    expected = [gadget for gadget in GADGETS if fits(filter_, gadget)]
    assert [gadget for gadget in GADGETS if decide(gadget)] == expected
    assert choose(GADGETS) == expected


@given(filter_=filters(), other=filters())
def test_logic_is_compiled_too(filter_: Filter, other: Filter) -> None:
    """And, or and not, over what is compiled and what is not."""
    for joined in (filter_ & ~other, ~(filter_ | other)):
        decide, _choose = compiled(joined, finder)
        for gadget in GADGETS:
            assert decide(gadget) == fits(joined, gadget), gadget.name


def test_everything_and_nothing() -> None:
    """The empty conjunction holds, the empty disjunction does not."""
    assert compiled(EVERYTHING)[1](GADGETS) == GADGETS
    assert compiled(NOTHING)[1](GADGETS) == []


def test_text_never_becomes_code() -> None:
    """A value that looks like Python is a value."""
    hostile = 'x" or True or "'
    decide, _choose = compiled(F.name.eq(hostile))
    assert not any(map(decide, GADGETS))
