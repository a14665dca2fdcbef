"""Pages of what some people own, in any order, are those of a list, however they are found."""

import random
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID, uuid4

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, entity, spec_of
from crmkit.domain.filters.lowered import (
    All,
    Any_,
    Check,
    Linked,
    Lowered,
    Opposite,
    SortKey,
)
from crmkit.domain.filters.lowered import Test as Question
from crmkit.domain.filters.order import Order
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import Filter, Op, Sieve
from crmkit.domain.filters.where import where
from crmkit.ports import BATCH, Ask
from crmkit.storage.sql.merging import MOST, merge_of
from crmkit.storage.walks import Walks, looked_up, wide_in
from crmkit.work import UnitOfWork

FEW: Final = 5
MANY: Final = 70


@entity(
    "paged_thing",
    indexes=[
        Index("owner_id"),
        Index(("owner_id", "rank")),
        Index(("owner_id", "code")),
        Index(("code", "id", "owner_id")),
    ],
)
@attrs.frozen(kw_only=True)
class Thing(Aggregate):
    """Something that people own."""

    rank: int | None = None
    code: str
    note: str = ""


SPEC: Final = spec_of(Thing)
THING: Final = where(Thing)
OWNER: Final = path_to(SPEC, "owner_id", {})


@attrs.frozen
class Shelf:
    """A store with things of many people, and some of nobody."""

    crm: CRM
    tenant: str
    owners: Sequence[UserId]

    def work(self) -> UnitOfWork:
        """Open a work."""
        return self.crm.work(by="tests", tenant=self.tenant, read_only=True)

    def pages(self, filter_: Filter, order: Sequence[Order]) -> list[Thing]:
        """Return all that fits, page by page."""
        found: list[Thing] = []
        with self.work() as work:
            after: str | None = None
            while True:
                page = work.of(Thing).page(filter_, order=order, size=20, after=after)
                found += page.items
                after = page.next
                if after is None:
                    return found

    def plain(self, filter_: Filter, order: Sequence[Order]) -> list[Thing]:
        """Return all that fits, without a limit."""
        with self.work() as work:
            return work.of(Thing).find(filter_, order=order)


@pytest.fixture(scope="module")
def shelf(lasting_url: str) -> Iterator[Shelf]:
    """Give a store with things."""
    chance = random.Random(11)
    with CRM.open(lasting_url, entities=[Thing], plugin_names=()) as crm:
        crm.schema.apply()
        tenant = f"t{uuid4().hex}"
        with crm.work(by="tests", tenant=tenant) as work:
            users = [User(id=UserId(work.new_id()), name=f"user {at}") for at in range(100)]
            owners = [user.id for user in work.users.insert_many(users)]
            things = work.of(Thing).insert_many(
                Thing(
                    id=work.new_id(),
                    owner_id=chance.choice([*owners, None]),
                    rank=chance.choice([None, 1, 2, 3]),
                    code=chance.choice("abc"),
                    note=chance.choice(["", "seen"]),
                )
                for _ in range(240)
            )
            work.of(Thing).remove_many(things[::9])
        yield Shelf(crm, tenant, owners)


ORDERS: Final[tuple[tuple[Order, ...], ...]] = (
    (),
    (THING.id.desc(),),
    (THING.rank.asc(),),
    (THING.rank.desc(),),
    (THING.code.asc(),),
    (THING.code.desc(),),
    (THING.code.desc(), THING.id.asc()),
    (THING.note.asc(),),
)


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("count", [FEW, MANY])
def test_pages_are_parts_of_the_whole_list(
    shelf: Shelf, order: tuple[Order, ...], count: int
) -> None:
    """Of few owners or many: the same records in the same order, none twice and none missing."""
    listed = tuple(shelf.owners[:count])
    for filter_ in (THING.owner_id.in_(listed), Sieve(OWNER, Op.IN, listed)):
        assert shelf.pages(filter_, order) == shelf.plain(filter_, order)
        narrowed = filter_ & THING.note.eq("seen")
        assert shelf.pages(narrowed, order) == shelf.plain(narrowed, order)


@pytest.mark.parametrize("order", ORDERS[:4], ids=str)
def test_records_listed_by_id_come_once(shelf: Shelf, order: tuple[Order, ...]) -> None:
    """What somebody owns and is shared with them too is not shown twice."""
    mine = THING.owner_id.in_(shelf.owners[:FEW])
    every = shelf.plain(THING.id.is_none() | ~THING.id.is_none(), ())
    shared = THING.id.in_([thing.id for thing in every[::5]])
    for either in (mine | shared, shared | mine):
        found = shelf.pages(either, order)
        assert found == shelf.plain(either, order)
        assert len(found) == len({thing.id for thing in found}) > len(every[::5])


def test_people_who_own_nothing_have_empty_pages(shelf: Shelf) -> None:
    """However many they are."""
    for count in (FEW, MANY):
        nobody = Sieve(OWNER, Op.IN, tuple(UserId(uuid4()) for _ in range(count)))
        assert shelf.pages(nobody, ()) == []


def listing(count: int, *, wide: bool = False) -> Check:
    """Return a test for one of so many owners."""
    return Check(OWNER.leaf, Question.IN, tuple(uuid4() for _ in range(count)), wide)


def ask_for(condition: Lowered, *names: str, down: Sequence[bool] = (False,), **further) -> Ask:
    """Return the question for a page, ordered by some fields."""
    keys = [path_to(SPEC, name, {}).leaf for name in names or ("id",)]
    order = tuple(SortKey(leaf, down[at % len(down)]) for at, leaf in enumerate(keys))
    return Ask(**({"where": condition, "order": order, "limit": 51} | further))


@pytest.mark.parametrize("kind", MOST)
def test_few_owners_are_merged_where_an_index_has_their_order(kind: str) -> None:
    """Each value is asked for by itself; the rest of the condition stays with each of them."""
    few, rest = listing(MOST[kind]), Check(path_to(SPEC, "note", {}).leaf, Question.EQ, "seen")
    merge = merge_of(kind, SPEC, ask_for(All((rest, All((few,)))), "rank", "id"))
    assert merge is not None
    assert merge.values == few.value
    assert merge.each.where == All((rest, Check(OWNER.leaf, Question.EQ, few.value[0])))
    assert (merge.each.limit, merge.besides) == (None, None)


ID: Final = path_to(SPEC, "id", {}).leaf
BY_ID: Final = Check(ID, Question.IN, (UUID(int=1), UUID(int=2)))
LINKED: Final = Linked(ID, SPEC, ID, Check(ID, Question.NONE))
NOT_MERGED: Final[dict[str, Ask]] = {
    "no list": ask_for(Check(OWNER.leaf, Question.NONE)),
    "one value": ask_for(listing(1)),
    "too many values": ask_for(listing(65)),
    "a list of ids": ask_for(BY_ID),
    "two lists of owners": ask_for(Any_((listing(2), listing(2)))),
    "three alternatives": ask_for(Any_((listing(2), BY_ID, BY_ID))),
    "no limit": ask_for(listing(2), limit=None),
    "a limit of many": ask_for(listing(2), limit=BATCH + 1),
    "no order": ask_for(listing(2), order=()),
    "an order both ways": ask_for(listing(2), "rank", "id", down=(True, False)),
    "an order without an index": ask_for(listing(2), "note", "id"),
    "locked rows passed over": ask_for(listing(2), skip_locked=True),
    "linked records": ask_for(All((listing(2), Opposite(All((LINKED,)))))),
}


@pytest.mark.parametrize("case", NOT_MERGED)
def test_what_is_not_merged(case: str) -> None:
    """What an index cannot bring in order, or what would be asked many times over."""
    for kind in MOST:
        assert merge_of(kind, SPEC, NOT_MERGED[case]) is None


def test_other_databases_do_not_merge() -> None:
    """MySQL sorts what it unites."""
    assert merge_of("mysql", SPEC, ask_for(listing(2))) is None


def test_a_walk_is_looked_at_once_for_the_same_people() -> None:
    """In any order of the list; another place or other people are looked at by themselves."""
    walks, looks = Walks(), list[str]()

    def pays(place: str, check: Check, *, answer: bool) -> bool:
        return walks.pays(place, check, lambda: looks.append(place) is None and answer)

    check = listing(MANY, wide=True)
    again = Check(OWNER.leaf, Question.IN, check.value[::-1], wide=True)
    assert pays("here", check, answer=True)
    assert pays("here", again, answer=False)
    assert not pays("there", check, answer=False)
    assert not pays("here", listing(MANY), answer=False)
    assert looks == ["here", "there", "here"]


def test_only_pages_of_wide_lists_are_walked() -> None:
    """A list is found inside of other conditions, and can be taken back."""
    wide = listing(MANY, wide=True)
    ask = ask_for(All((BY_ID, Any_((wide, BY_ID)))))
    assert wide_in(ask) is wide
    assert wide_in(looked_up(ask)) is None
    assert wide_in(ask_for(listing(MANY))) is None
    assert wide_in(ask_for(Opposite(wide))) is None
    assert wide_in(ask_for(wide, limit=None)) is None
    assert wide_in(ask_for(wide, limit=BATCH + 1)) is None
    assert wide_in(ask_for(wide, "rank", "id", down=(True, False))) is None
