"""What may be written, in plain Python: the model of access applied to a record before and after.

who changes a record sees it; for each right that the change needs it is theirs with the record
as it was and as it will be; what a field newly refers to is there, and theirs to see
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from tests.access.reference import may

OWNER = "owner_id"
LINKS = (OWNER, "customer_id", "parent_id")


def may_create(world: Any, user: Any, record: Any) -> bool:
    """Say whether a record may be made: as it is, or as the maker's own where nobody owns it."""
    if not all(sees(world, user, getattr(record, link, None)) for link in LINKS):
        return False
    return may(world, user, "create", completed(world, user, record))


def completed(world: Any, user: Any, record: Any) -> Any:
    """Return a new record as it will be kept: the maker owns it, where only that lets it be."""
    if record.owner_id is None and not may(world, user, "create", record):
        return attrs.evolve(record, owner_id=user.id)
    return record


def may_change(world: Any, user: Any, before: Any, after: Any) -> bool:
    """Say whether a record may become another."""
    changed = {
        field.name
        for field in attrs.fields(type(before))
        if getattr(before, field.name) != getattr(after, field.name)
    }
    links = [getattr(after, link) for link in LINKS if link in changed]
    if not all(sees(world, user, link) for link in links):
        return False
    rights = {"assign"} if OWNER in changed else set()
    if changed - {OWNER}:
        rights.add("edit")
    return may_each(world, user, rights, before, after)


def may_each(world: Any, user: Any, rights: set[str], before: Any, after: Any) -> bool:
    """Say whether a user sees a record and has rights over it as it was and as it will be."""
    every = [may(world, user, right, one) for right in rights for one in (before, after)]
    return may(world, user, "read", before) and all(every)


def sees(world: Any, user: Any, record_id: UUID | None) -> bool:
    """Say whether there is nothing to see, or a record that is there and theirs to see."""
    if record_id is None:
        return True
    linked = next((one for one in (*world.users, *world.records) if one.id == record_id), None)
    return linked is not None and not world.is_removed(linked) and may(world, user, "read", linked)


def may_assign(world: Any, user: Any, record: Any, to: Any) -> bool:
    """Say whether a record may be given to an active user."""
    is_there = sees(world, user, to.id) and not to.deactivated_at and not to.erased_at
    given = attrs.evolve(record, owner_id=to.id)
    is_own = not world.is_removed(record) and may_each(world, user, {"assign"}, record, given)
    return bool(is_there) and is_own


def may_share(world: Any, user: Any, record: Any, level: str) -> bool:
    """Say whether a record may be opened to others: nobody gives more than they have."""
    rights = {"share", "edit"} if level == "edit" else {"share"}
    return not world.is_removed(record) and may_each(world, user, rights, record, record)


def may_merge(world: Any, user: Any, winner: Any, loser: Any) -> bool:
    """Say whether two records may become one."""
    both = (winner, loser)
    are_there = not any(map(world.is_removed, both))
    return are_there and all(may_each(world, user, {"merge"}, one, one) for one in both)


def may_convert(world: Any, user: Any, lead: Any, customer: Any) -> bool:
    """Say whether a lead may become a customer: made, seen, and named in the lead."""
    if world.is_removed(lead) or not may_each(world, user, {"edit"}, lead, lead):
        return False
    made = completed(world, user, customer)
    return may_create(world, user, customer) and may(world, user, "read", made)
