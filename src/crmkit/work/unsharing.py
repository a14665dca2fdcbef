"""Unsharing: a share ends with its record, and does not come back with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from crmkit.domain.access.share import Share
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork


def end_shares(work: "UnitOfWork", spec: EntitySpec, record_ids: Sequence[UUID]) -> None:
    """End the open shares of records that were just removed."""
    if spec.cls is Share or Share not in {known.cls for known in work.registry}:
        return
    share = where(Share)
    theirs = share.record_id.in_(record_ids) & share.entity.eq(spec.name)
    found = work.behind(Share).find(theirs)
    work.behind(Share).save_many(one.end(at=work.now) for one in found if one.is_open(work.now))
