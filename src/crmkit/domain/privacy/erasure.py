"""Erasures: what was erased and when, without saying what it was; kept to be repeated."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Event
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Json
from crmkit.domain.privacy.audit import AuditEntry, AuditSeal
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import BrokenFile, RuleBroken

LEGAL_HOLD = "legal-hold"
"""The tag of a record that must not be erased while a dispute or an audit lasts."""


@attrs.frozen(kw_only=True)
class PersonErased(Event):
    """A person was erased; whoever has copies outside hears of it by the ids of the records."""

    links: tuple[str, ...]


class NotAPerson(RuleBroken):
    """The record is no person: an organisation, or something about a person."""


class ErasureHeld(RuleBroken):
    """A record of the person must be kept for a while; it carries the tag `legal-hold`."""


@keeps()
@entity("erasure", indexes=[Index("at")], labels={"en": "Erasure", "zh": "删除记录"})
@attrs.frozen(kw_only=True)
class Erasure:
    """One line of the erase log: the records of one person, by their links."""

    id: UUID
    tenant: str
    at: datetime
    links: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Write it as a line that is kept outside the store, to be replayed after a restore."""
        return {
            "id": str(self.id),
            "tenant": self.tenant,
            "at": self.at.isoformat(timespec="milliseconds"),
            "links": list(self.links),
        }

    @classmethod
    def from_json(cls, line: Any) -> Self:
        """Read such a line, or raise `BrokenFile`."""
        match line:
            case {"id": str(id_), "tenant": str(tenant), "at": str(at), "links": [*links]}:
                try:
                    return cls(
                        id=UUID(id_),
                        tenant=tenant,
                        at=datetime.fromisoformat(at),
                        links=tuple(str(link) for link in links),
                    )
                except ValueError as wrong:
                    raise BrokenFile(f"is no erasure: {wrong}", path="erasures") from None
            case _:
                raise BrokenFile(
                    "is no erasure", path="erasures", fix="give lines of the erase log"
                )


LOGS = (AuditEntry, AuditSeal, Erasure)
"""The logs of privacy; like the change log they are rows, not records."""
