"""The marks of a unit of work: who, when, for whom, why; every row that it writes bears them."""

from datetime import datetime
from uuid import UUID

import attrs

from crmkit.ports import Actor, Ids


@attrs.frozen(kw_only=True)
class Marks:
    """Who acts for which tenant, when and why, in which changeset."""

    actor: Actor
    tenant: str
    now: datetime
    ids: Ids
    changeset_id: UUID
    reason: str | None = None
    cause_id: UUID | None = None

    def new_id(self) -> UUID:
        """Return a fresh id, above all before it."""
        return self.ids.next_id(self.now)

    def new_ids(self, count: int) -> list[UUID]:
        """Return several fresh ids, each above the one before."""
        return self.ids.next_ids(self.now, count)
