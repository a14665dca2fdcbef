"""Document numbers taken ahead, where gaps do no harm and waiting for each other does."""

from crmkit.errors import OutOfRange
from crmkit.ports import Action
from crmkit.work import UnitOfWork

RESERVE_NUMBERS = Action("number:reserve", "Reserve document numbers", zh="预留单据编号")
MOST_RESERVED = 1000


def reserve_numbers(work: UnitOfWork, entity: str, count: int = 100) -> tuple[str, ...]:
    """Take the next numbers of an entity, for documents of other works; each is given only once.

    `work.next_number` leaves no gap, so works that number at the same time wait for each other or
    repeat. Those who reserve numbers in a work of its own do not; what they never use is a gap.
    """
    work.permit(RESERVE_NUMBERS)
    if not 1 <= count <= MOST_RESERVED:
        raise OutOfRange(f"1 to {MOST_RESERVED} numbers at a time", path="count")
    return tuple(work.next_number(entity) for _number in range(count))
