"""The marks of a unit of work: who, when, for whom, why; every row that it writes bears them."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import attrs

from crmkit.domain.instants import as_instant
from crmkit.domain.text import check_text
from crmkit.errors import InvalidValue, WrongType
from crmkit.ports import Actor, Clock, Ids

MAX_TENANT: Final = 63
MAX_ACTOR: Final = 200
AHEAD: Final = 4
"""How many ids a work makes ahead: to make several at once is little dearer than to make one."""


@attrs.define(kw_only=True)
class Marks:
    """Who acts for which tenant, when and why, in which changeset."""

    actor: Actor
    tenant: str
    now: datetime
    ids: Ids
    changeset_id: UUID
    reason: str | None = None
    cause_id: UUID | None = None
    _ahead: list[UUID] = attrs.field(factory=list, alias="ahead", eq=False, repr=False)

    def new_id(self) -> UUID:
        """Return a fresh id, above all before it."""
        return self.new_ids(1)[0]

    def new_ids(self, count: int) -> list[UUID]:
        """Return several fresh ids, each above the one before; a few are made ahead."""
        ahead = self._ahead
        if count > len(ahead):
            ahead[:] = self.ids.next_ids(self.now, count + AHEAD)
        taken = ahead[:count]
        del ahead[:count]
        return taken


def marks_of(
    clock: Clock,
    ids: Ids,
    *,
    by: Actor | str,
    tenant: str,
    reason: str | None = None,
    cause_id: UUID | None = None,
) -> Marks:
    """Take the time and an id for a work; names that are empty or too long are refused."""
    now = as_instant(clock.now(), path="clock")
    changeset_id, *ahead = ids.next_ids(now, 1 + AHEAD)
    return Marks(
        actor=by if isinstance(by, Actor) else _actor(name_of(by, "by", MAX_ACTOR)),
        tenant=name_of(tenant, "tenant", MAX_TENANT),
        now=now,
        ids=ids,
        changeset_id=changeset_id,
        reason=None if reason is None else check_text(reason, path="reason"),
        cause_id=cause_id,
        ahead=ahead,
    )


def name_of(value: object, path: str, max_length: int) -> str:
    """Return a name, or raise `WrongType`, `InvalidValue` or `OutOfRange` naming `path`."""
    if not isinstance(value, str):
        raise WrongType(f"expected a name, got {type(value).__name__}", path=path)
    return _name(value, path, max_length)


@lru_cache(maxsize=1024)
def _actor(name: str) -> Actor:
    return Actor(id=name)


@lru_cache(maxsize=1024)
def _name(value: str, path: str, max_length: int) -> str:
    if not value.strip():
        raise InvalidValue("must not be empty", path=path, fix="give a name")
    return check_text(value, path=path, max_length=max_length)
