"""Blocks: which records of a party share a match key, with flat memory however many there are."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import combinations, groupby, islice
from operator import itemgetter
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.duplicates import MAX_BLOCK, WINDOW
from crmkit.domain.parties.lead import Lead
from crmkit.services.sorting import SortedRows
from crmkit.work import UnitOfWork

TOGETHER: Final = 500
"""How many records, about, are read at once."""


@contextmanager
def blocks_of(
    work: UnitOfWork, party: type[Customer | Contact | Lead], among: Filter = EVERYTHING
) -> Generator["Blocks"]:
    """Give the blocks of a party's live records; keys are sorted on disk where they are many."""
    fields = where(party)
    columns = (fields.id, fields.name, fields.match_keys)
    with SortedRows() as rows:
        for record_id, name, keys in work.of(party).columns(columns, among):
            for key in keys:
                rows.add((key, name, record_id.hex))
        yield Blocks(rows)


@attrs.frozen
class Block:
    """Records that share a key; in a slice of a large block, each meets only its next ones."""

    key: str
    ids: tuple[UUID, ...]
    reach: int | None = None

    def pairs(self) -> Iterator[tuple[UUID, UUID]]:
        """Bring the pairs worth comparing, the older id first."""
        if self.reach is None:
            yield from combinations(sorted(self.ids), 2)
            return
        for at, record_id in enumerate(self.ids[:MAX_BLOCK]):
            for other in self.ids[at + 1 : at + 1 + self.reach]:
                yield min(record_id, other), max(record_id, other)


class Blocks:
    """All blocks of some records, one after the other."""

    def __init__(self, rows: SortedRows) -> None:
        """Take rows of key, name and id."""
        self._rows = rows
        self.large = frozenset(
            key for key, ids in self._groups() if len(list(islice(ids, MAX_BLOCK + 1))) > MAX_BLOCK
        )

    def batches(self) -> Iterator[list[Block]]:
        """Bring the blocks, a few at a time, as many as have some hundred records together."""
        batch: list[Block] = []
        size = 0
        for block in self._blocks():
            batch.append(block)
            size += len(block.ids)
            if size >= TOGETHER:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def is_first(self, block: Block, shared: frozenset[str]) -> bool:
        """Say whether a pair that shares these keys is to be compared in this block.

        That is the least small one, so that it is compared once; one of the large ones only when
        there is no small one.
        """
        small = shared - self.large
        return block.key == min(small) if small else block.key in shared

    def _blocks(self) -> Iterator[Block]:
        for key, ids in self._groups():
            if key in self.large:
                yield from _slices(key, ids)
                continue
            together = tuple(ids)
            if len(together) > 1:
                yield Block(key, together)

    def _groups(self) -> Iterator[tuple[str, Iterator[UUID]]]:
        for key, rows in groupby(self._rows, key=itemgetter(0)):
            yield key, (UUID(row[2]) for row in rows)


def _slices(key: str, ids: Iterator[UUID]) -> Iterator[Block]:
    """Cut a large block into slices that overlap by the reach of a comparison."""
    held = tuple(islice(ids, MAX_BLOCK + WINDOW))
    while len(held) > 1:
        yield Block(key, held, reach=WINDOW)
        held = (*held[MAX_BLOCK:], *islice(ids, MAX_BLOCK))
