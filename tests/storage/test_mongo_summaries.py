"""Summaries on MongoDB are exact, whichever way the server takes to the records."""

import pytest

from crmkit.crm import CRM
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.summary import Having, Summary, by, count, total
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.errors import MixedCurrencies
from crmkit.testing.sample import ENTITIES, Colour, Gadget
from crmkit.testing.storage.harness import Place

SPEC = spec_of(Gadget)
MOST = 2**63 - 1
LARGEST = 10**18 - 1


@pytest.fixture
def crm(fresh_mongo):
    """Give an empty CRM on MongoDB."""
    with CRM.open(fresh_mongo, entities=ENTITIES) as crm:
        crm.schema.apply()
        yield crm


def figures(place, **parts):
    """Ask for a summary."""
    with place.work(read_only=True) as work:
        return work.of(Gadget).summarise(Summary(spec=SPEC, **parts))


@pytest.mark.parametrize("sign", [1, -1])
def test_sum_may_pass_64_bits_on_its_way(crm, sign):
    """What is added first does not matter: a sum that fits in the end is given, exactly."""
    ranks = [sign * rank for rank in (MOST, MOST, -MOST, 7, -MOST, MOST - 30)]
    place = Place(crm, "t")
    place.add(*(place.gadget(rank=rank) for rank in ranks))
    assert figures(place, measures={"sum": total(where(Gadget).rank)}) == [{"sum": sum(ranks)}]


def test_sum_is_exact_when_another_group_passes_64_bits(crm):
    """A group beyond 64 bits that is not asked for costs no other group its last unit."""
    place = Place(crm, "t")
    place.add(
        *(place.gadget(rank=MOST, colour=Colour.RED) for _ in range(2)),
        *(place.gadget(rank=2**61 + 1, colour=Colour.BLUE) for _ in range(3)),
    )
    found = figures(
        place,
        by={"colour": by(where(Gadget).colour)},
        measures={"sum": total(where(Gadget).rank)},
        having=[Having("sum", "lt", MOST)],
    )
    assert found == [{"colour": Colour.BLUE, "sum": 3 * 2**61 + 3}]


def test_figures_do_not_depend_on_the_neighbours(crm):
    """Alone in the collection or beside others, each tenant gets the figures of its own records."""
    fields = where(Gadget)
    asked = {
        "by": {"colour": by(fields.colour)},
        "measures": {"n": count(), "price": total(fields.price)},
    }
    first, second = Place(crm, "first"), Place(crm, "second")
    for place, amounts in ((first, (3, 4)), (second, (LARGEST // 100, 5, 6))):
        place.add(*(place.gadget(price=Money(amount, "CNY")) for amount in amounts))
        (row,) = figures(place, **asked)
        assert (row["n"], row["price"]) == (len(amounts), Money(sum(amounts), "CNY"))
        assert figures(first, **asked)[0]["price"] == Money(7, "CNY")
    first.add(first.gadget(), first.gadget(colour=Colour.RED, price=Money(1, "EUR")))
    rows = {row["colour"]: (row["n"], row["price"]) for row in figures(first, **asked)}
    assert rows == {None: (3, Money(7, "CNY")), Colour.RED: (1, Money(1, "EUR"))}
    first.add(first.gadget(price=Money(1, "EUR")))
    with pytest.raises(MixedCurrencies):
        figures(first, **asked)
