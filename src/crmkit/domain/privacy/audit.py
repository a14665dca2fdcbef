"""The audit log: who was refused, what was read, handed out, erased; chained by seals.

An entry is written without looking at any other, so that nobody waits for anybody. A worker seals
entries block by block: a seal lists their digests and the hash of the seal before it. What can be
about a person, the actor and the payload, goes into a digest with a salt of its own; without value
and salt nobody can tell what it was, and the chain still holds.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import attrs

from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Json, Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import RECORD_KEEPING, LegalBasis, Retention

GENESIS: Final = "0" * 64
"""What stands before the first seal."""
_YEARS_OF_PIPL_56: Final = 3 * 365


class AuditKind(StrEnum):
    """What is written down."""

    DENIAL = "denial"
    PRIVILEGED_READ = "privileged_read"
    EXPORT = "export"
    ERASURE = "erasure"
    RETENTION = "retention"
    CROSS_TENANT = "cross_tenant"
    POLICY_CHANGE = "policy_change"
    TAKE_OVER = "take_over"


@attrs.frozen(kw_only=True)
class Salted:
    """A value with the salt and the digest of both; erased, only the digest stays."""

    value: Any | None = None
    salt: Annotated[str, Text(max_length=64)] = ""
    digest: Annotated[str, Text(max_length=64)]

    @classmethod
    def of(cls, value: Json, salt: str) -> "Salted":
        """Salt a value; a salt is used once, and is as long as nobody can guess."""
        return cls(value=value, salt=salt, digest=digest_of([salt, value]))

    @property
    def is_erased(self) -> bool:
        """Say whether only the digest is left."""
        return not self.salt

    @property
    def is_sound(self) -> bool:
        """Say whether value and digest belong together, as far as the value is left."""
        if self.is_erased:
            return self.value is None
        return digest_of([self.salt, self.value]) == self.digest

    def erased(self) -> "Salted":
        """Forget value and salt."""
        return Salted(digest=self.digest)


@keeps(
    personal=("actor", "payload"),
    purpose=RECORD_KEEPING,
    basis=LegalBasis.LEGAL_DUTY,
    retention=Retention(days=_YEARS_OF_PIPL_56, after="at"),
)
@entity(
    "audit_entry",
    indexes=[Index("seal_number"), Index("subjects"), Index("at")],
    labels={"en": "Audit entry", "zh": "审计条目"},
)
@attrs.frozen(kw_only=True)
class AuditEntry:
    """One thing that was done or refused; `subjects` are links such as `contact:<id>`.

    `seal_number` names the seal that holds it, None while it waits for one.
    """

    id: UUID
    tenant: str
    version: int = 1
    kind: AuditKind
    action: Annotated[str, Text(max_length=200)]
    at: datetime
    changeset_id: UUID | None = None
    subjects: tuple[str, ...] = ()
    actor: Salted
    payload: Salted
    erased_at: datetime | None = None
    seal_number: int | None = None

    @property
    def digest(self) -> str:
        """Return the digest of all that never changes."""
        told = [str(self.id), self.tenant, str(self.kind), self.action, self.at.isoformat()]
        changeset = None if self.changeset_id is None else str(self.changeset_id)
        salted = [self.actor.digest, self.payload.digest]
        return digest_of([*told, changeset, list(self.subjects), *salted])

    @property
    def is_sound(self) -> bool:
        """Say whether what is left of actor and payload is what was written."""
        return self.actor.is_sound and self.payload.is_sound

    def sealed(self, number: int) -> "AuditEntry":
        """Say which seal holds it."""
        return attrs.evolve(self, seal_number=number, version=self.version + 1)

    def erased(self, *, at: datetime, actor: bool = False) -> "AuditEntry":
        """Forget the payload, and the actor where that is who is erased."""
        return attrs.evolve(
            self,
            payload=self.payload.erased(),
            actor=self.actor.erased() if actor else self.actor,
            erased_at=at,
            version=self.version + 1,
        )


@keeps()
@entity("audit_seal", unique=[Unique("number")], labels={"en": "Audit seal", "zh": "审计封条"})
@attrs.frozen(kw_only=True)
class AuditSeal:
    """A block of the chain: the digests of its entries, and the hash of the seal before it."""

    id: UUID
    tenant: str
    number: int
    at: datetime
    entries: Any
    previous: Annotated[str, Text(max_length=64)]
    hash: Annotated[str, Text(max_length=64)]

    @property
    def is_sound(self) -> bool:
        """Say whether the hash is that of what the seal says."""
        return self.hash == _hash(self.number, self.at, self.previous, self.entries)


@attrs.frozen
class Head:
    """The newest seal of a chain; kept elsewhere, it tells when the end was cut off."""

    number: int = 0
    hash: str = GENESIS


def seal(
    entries: Iterable[AuditEntry], head: Head, *, seal_id: UUID, tenant: str, at: datetime
) -> AuditSeal:
    """Make the seal that follows `head`."""
    listed = [[str(entry.id), entry.digest] for entry in entries]
    number = head.number + 1
    return AuditSeal(
        id=seal_id,
        tenant=tenant,
        number=number,
        at=at,
        entries=listed,
        previous=head.hash,
        hash=_hash(number, at, head.hash, listed),
    )


def digest_of(told: Json) -> str:
    """Return the SHA-256 of JSON, written in one way only."""
    written = json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def _hash(number: int, at: datetime, previous: str, entries: Json) -> str:
    return digest_of([number, at.isoformat(timespec="milliseconds"), previous, entries])
