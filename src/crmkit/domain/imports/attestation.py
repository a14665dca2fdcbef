"""Attestations: that a record stood so in another system, says whom, and why it came over."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

AttestationId = NewType("AttestationId", UUID)


class AttestedOnly(RuleBroken):
    """An attestation is made by taking a record over, and stays as it was made."""


@attrs.frozen(kw_only=True)
class Origin:
    """Where records come from: the system, who vouches that they stood so, and why they come."""

    system: str
    said_by: str
    reason: str

    def __attrs_post_init__(self) -> None:
        """Refuse to let anything in without all three."""
        for name in ("system", "said_by", "reason"):
            if not str(getattr(self, name)).strip():
                raise InvalidValue(
                    "is needed to take records over", path=f"origin.{name}", fix="say it"
                )


@attrs.frozen(kw_only=True)
class RecordTakenOver(Event):
    """A record came over from another system as it stood there, past the rules of this one."""

    entity: str
    record_id: UUID
    system: str


@keeps(financial=("said_by", "reason"))
@entity(
    "attestation",
    indexes=[Index("record_id")],
    labels={"en": "Attestation", "zh": "迁移声明"},
    events=(RecordTakenOver,),
)
@attrs.frozen(kw_only=True)
class Attestation(Aggregate):
    """Who says that one record stood so in another system; no rule of steps was held against it."""

    only_tells: ClassVar = True

    id: AttestationId
    entity: Annotated[str, Text(max_length=63)]
    record_id: UUID
    system: Annotated[str, Text(max_length=200)]
    said_by: Annotated[str, Text(max_length=200)]
    reason: Annotated[str, Text(max_length=2000)]
    attested_at: datetime

    def check_step(self, before: Any) -> None:
        """Refuse to be written but by taking over, and to be changed at all."""
        said = ("entity", "record_id", "system", "said_by", "reason", "attested_at")
        is_told = any(isinstance(event, RecordTakenOver) for event in self.events)
        same = before is not None and all(
            getattr(self, name) == getattr(before, name) for name in said
        )
        if not same and (before is not None or not is_told):
            raise AttestedOnly(
                "is made by taking a record over only", path="attestation", fix="use take_over"
            )

    def attest(self) -> Self:
        """Begin to stand beside the record."""
        told = RecordTakenOver(entity=self.entity, record_id=self.record_id, system=self.system)
        return self.recording(told)
