"""Numbers of quotes: without gaps in the work of the document, or reserved ahead; never twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from crmkit.domain.sales.quote import Quote
from crmkit.errors import OutOfRange
from crmkit.services import sales
from crmkit.services.numbers import reserve_numbers
from crmkit.work import UnitOfWork
from tests.services.pricing.desk import Desk


def test_quotes_written_at_once_are_numbered_without_gaps(desk: Desk) -> None:
    """Four threads open twelve quotes: numbers one to twelve, also when some works fail."""

    def open_one(work: UnitOfWork, at: int) -> Quote:
        return sales.open_quote(work, f"报价 {at}")

    def call(at: int) -> str | None:
        if at % 3 == 0:
            with desk.work() as work:
                work.rollback()
        return desk.run(open_one, at).number

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(filter(None, pool.map(call, range(12))))
    assert [number[-6:] for number in numbers] == [f"{at:06}" for at in range(1, 13)]


def test_reserved_numbers_are_given_once(desk: Desk) -> None:
    """Blocks taken by four threads do not overlap; what is not used is a gap, not a double."""
    with ThreadPoolExecutor(4) as pool:
        blocks = list(pool.map(lambda _at: desk.run(reserve_numbers, "quote", 5), range(4)))
    taken = [number for block in blocks for number in block]
    assert len(set(taken)) == 20
    with desk.work() as work:
        ahead = sales.open_quote(work, "一", number=blocks[0][4])
        next_one = sales.open_quote(work, "二")
    assert ahead.number == blocks[0][4]
    assert next_one.number not in taken
    with pytest.raises(OutOfRange), desk.work() as work:
        reserve_numbers(work, "quote", 0)
