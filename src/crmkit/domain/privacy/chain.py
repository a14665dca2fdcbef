"""Walking the chain of an audit log: what was changed, removed, added or cut off."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.privacy.audit import AuditEntry, AuditSeal, Head

MOST_FAULTS: Final = 100


@attrs.frozen
class Fault:
    """One place at which the chain does not hold: a seal, an entry in it, and what is wrong."""

    seal_number: int
    entry_id: UUID | None
    problem: str


@attrs.frozen(kw_only=True)
class ChainReport:
    """What a walk along the chain found; `head` is to be kept elsewhere for the next one.

    `unsealed` entries are not in the chain yet. `erased` ones have lost their payload to an erasure
    and count as sound.
    """

    head: Head
    entries: int
    erased: int
    unsealed: int
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


class Walk:
    """Takes the seals of a chain one by one, in the order of their numbers."""

    def __init__(self) -> None:
        """Stand before the first seal."""
        self.head = Head()
        self.entries = 0
        self.present = 0
        self.erased = 0
        self.faults: list[Fault] = []
        self._passed: dict[int, str] = {0: self.head.hash}

    def take(self, seal: AuditSeal, entries: Mapping[UUID, AuditEntry]) -> None:
        """Check a seal against the one before it, and its entries against what it says of them."""
        if seal.number != self.head.number + 1:
            self._fault(self.head.number + 1, None, "the seal is missing")
        elif seal.previous != self.head.hash:
            self._fault(seal.number, None, "the seal does not follow the one before it")
        if not seal.is_sound:
            self._fault(seal.number, None, "the seal was changed")
        for written, digest in seal.entries:
            self._look_at(seal.number, UUID(written), digest, entries)
        self.head = Head(seal.number, seal.hash)
        self._passed[seal.number] = seal.hash

    def _look_at(
        self, number: int, entry_id: UUID, digest: str, entries: Mapping[UUID, AuditEntry]
    ) -> None:
        self.entries += 1
        entry = entries.get(entry_id)
        if entry is None:
            self._fault(number, entry_id, "the entry was removed")
            return
        self.present += 1
        if entry.digest != digest or not entry.is_sound or entry.seal_number != number:
            self._fault(number, entry_id, "the entry was changed")
        elif entry.erased_at is not None:
            self.erased += 1

    def report(
        self, *, unsealed: int, marked: Sequence[AuditEntry], kept: Head | None
    ) -> ChainReport:
        """Say what was found; `marked` entries claim a seal that does not list them."""
        for entry in marked:
            self._fault(entry.seal_number or 0, entry.id, "the entry was added")
        if kept is not None and self._passed.get(kept.number) != kept.hash:
            self._fault(kept.number, None, "the chain does not lead to the kept head")
        return ChainReport(
            head=self.head,
            entries=self.entries,
            erased=self.erased,
            unsealed=unsealed,
            faults=tuple(self.faults[:MOST_FAULTS]),
        )

    def _fault(self, number: int, entry_id: UUID | None, problem: str) -> None:
        self.faults.append(Fault(number, entry_id, problem))
