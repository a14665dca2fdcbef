"""Duplicates: which customers, contacts or leads of a tenant may be one, and why.

Records are compared when they share a match key (`domain.parties.match_keys`), by the rules of
`domain.parties.duplicate_rules`. Nothing is changed here; `merging` makes two records one.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.duplicate_rules import Rules
from crmkit.domain.parties.duplicates import (
    MAX_BLOCK,
    WINDOW,
    Folded,
    Match,
    compare_folded,
    fold,
    score,
)
from crmkit.domain.parties.lead import Lead
from crmkit.errors import OutOfRange
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.duplicate_blocks import Block, Blocks, blocks_of
from crmkit.work import UnitOfWork

FIND_DUPLICATES = Action(
    "party:find_duplicates",
    "Look for records that may be one party",
    zh="查找重复记录",
    right=Right.READ,
)
MAX_TOGETHER: Final = 500
"""Above this many candidates of one record, each of its keys is looked at by itself."""

P = TypeVar("P", Customer, Contact, Lead)


@attrs.frozen(kw_only=True)
class Twin(Generic[P]):
    """A record that may be the same party as the one asked for, and what speaks for it."""

    record: P
    match: Match


@attrs.frozen(kw_only=True)
class TwinPair(Generic[P]):
    """Two records that may be one party, the older id on the left, and what speaks for it."""

    left: P
    right: P
    match: Match


@attrs.frozen(kw_only=True)
class _Known(Generic[P]):
    """A record as it is compared."""

    record: P
    folded: Folded
    rules: Rules = attrs.field(init=False)
    keys: frozenset[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "rules", self.record.likeness)
        object.__setattr__(self, "keys", frozenset(self.record.match_keys))


def find_duplicates_of(
    work: UnitOfWork, record: P, *, threshold: float | None = None, limit: int = 20
) -> list[Twin[P]]:
    """Return the live records that may be the same party as `record`, the likest first.

    `record` may be one that was not saved yet. `threshold` is in bits; without it the rules of the
    party say what is likely enough. Of a key that more than 200 records share, when there are too
    many candidates, only the ten next by name on each side are compared.
    """
    work.permit(FIND_DUPLICATES, on=type(record))
    if limit < 1:
        raise OutOfRange("the limit is at least 1", path="limit")
    rules, ours = record.likeness, fold(record.features())
    least = rules.threshold if threshold is None else threshold
    found: list[Twin[P]] = []
    for other in _candidates(work, record):
        theirs = fold(other.features())
        if other.likeness is rules and score(ours, theirs, rules) >= least:
            found.append(Twin(record=other, match=compare_folded(ours, theirs, rules)))
    return sorted(found, key=lambda twin: (-twin.match.score, twin.record.id))[:limit]


def would_duplicate(work: UnitOfWork, party: type[P], name: str, **fields: Any) -> list[Twin[P]]:
    """Return the likely twins of a record that is about to be registered with these fields."""
    return find_duplicates_of(work, draft(party, work.new_id(), name=name, **fields))


def find_duplicates(
    work: UnitOfWork,
    party: type[P],
    *,
    among: Filter = EVERYTHING,
    threshold: float | None = None,
) -> Iterator[TwinPair[P]]:
    """Bring each pair of live records that may be one party, once, while `work` is open.

    All records are read once and their keys sorted on disk where they are many, then block after
    block is compared, so memory stays flat. The pairs come in no order that means anything. In a
    block of more than 200 records each is compared with its ten next neighbours by name.
    """
    work.permit(FIND_DUPLICATES, on=party)
    return _pairs(work, party, among, threshold)


def _pairs(
    work: UnitOfWork, party: type[P], among: Filter, threshold: float | None
) -> Iterator[TwinPair[P]]:
    met: set[tuple[UUID, UUID]] = set()
    with blocks_of(work, party, among) as blocks:
        for batch in blocks.batches():
            known = _known(work, party, batch)
            for block in batch:
                for pair in _compared(blocks, block, known, threshold):
                    ids = (pair.left.id, pair.right.id)
                    if ids not in met:
                        yield pair
                    if block.key in blocks.large:
                        met.add(ids)


def _known(work: UnitOfWork, party: type[P], batch: Iterable[Block]) -> dict[UUID, _Known[P]]:
    ids = {record_id for block in batch for record_id in block.ids}
    found = work.of(party).stream(where(party).id.in_(ids))
    return {one.id: _Known(record=one, folded=fold(one.features())) for one in found}


def _compared(
    blocks: Blocks,
    block: Block,
    known: Mapping[UUID, _Known[P]],
    threshold: float | None,
) -> Iterator[TwinPair[P]]:
    """Bring the likely pairs of a block that are not compared in another."""
    for first, second in block.pairs():
        left, right = known.get(first), known.get(second)
        if left is None or right is None or left.rules is not right.rules:
            continue
        if not blocks.is_first(block, left.keys & right.keys):
            continue
        least = left.rules.threshold if threshold is None else threshold
        if score(left.folded, right.folded, left.rules) >= least:
            match = compare_folded(left.folded, right.folded, left.rules)
            yield TwinPair(left=left.record, right=right.record, match=match)


def _candidates(work: UnitOfWork, record: P) -> Iterable[P]:
    """Bring the others that share a key; of a key that too many share, only near names."""
    if not record.match_keys:
        return []
    records = work.of(type(record))
    together = list(islice(records.stream(_sharing(record, *record.match_keys)), MAX_TOGETHER + 1))
    if len(together) <= MAX_TOGETHER:
        return together
    found: dict[UUID, P] = {}
    for key in record.match_keys:
        block = list(islice(records.stream(_sharing(record, key)), MAX_BLOCK + 1))
        near = block if len(block) <= MAX_BLOCK else _next_by_name(work, record, key)
        found.update((other.id, other) for other in near)
    return found.values()


def _sharing(record: Customer | Contact | Lead, *keys: str) -> Filter:
    fields = where(type(record))
    return fields.match_keys.has_any(keys) & ~fields.id.eq(record.id)


def _next_by_name(work: UnitOfWork, record: P, key: str) -> list[P]:
    name, shared = where(type(record)).name, _sharing(record, key)
    records = work.of(type(record))
    above: Iterator[P] = records.stream(
        shared & name.ge(record.name), order=[name.asc()], limit=WINDOW
    )
    below: Iterator[P] = records.stream(
        shared & name.lt(record.name), order=[name.desc()], limit=WINDOW
    )
    return list(chain(above, below))
