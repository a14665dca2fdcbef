"""Sharing: opening one record to somebody, for a reason and for a time."""

from datetime import datetime

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.share import Share, ShareId, ShareLevel
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.where import where
from crmkit.errors import NotFound
from crmkit.work import UnitOfWork

SHARE_RECORD = Action("record:share", "Share a record", zh="共享记录", right=Right.SHARE)
EDIT_SHARED = Action("record:edit", "Change a record", zh="修改记录", right=Right.EDIT)


def share_record(
    work: UnitOfWork,
    record: Aggregate,
    grantee: str | User,
    *,
    reason: str,
    level: ShareLevel = ShareLevel.READ,
    until: datetime | None = None,
) -> Share:
    """Open a record to a user, team, unit or role; nobody gives more than they have.

    The grantee is a user, or text such as `team:<id>`.
    """
    current = work.of(type(record)).get(record.id)
    work.permit(SHARE_RECORD, on=current)
    if level is ShareLevel.EDIT:
        work.permit(EDIT_SHARED, on=current)
    share = Share(
        id=ShareId(work.new_id()),
        entity=work.registry[type(record)].name,
        record_id=current.id,
        grantee=f"user:{grantee.id}" if isinstance(grantee, User) else grantee,
        level=level,
        reason=reason,
        until=until,
    )
    return work.shown(work.behind(Share).add(share))


def end_share(work: UnitOfWork, share_id: ShareId) -> Share:
    """End a share now; who may share the record may end its shares."""
    share = work.behind(Share).get(share_id)
    record = work.of(work.registry[share.entity].cls).look_up([share.record_id])
    if not record:
        raise NotFound(f"there is no share {share_id}", path="share.id")
    work.permit(SHARE_RECORD, on=record[share.record_id])
    return work.shown(work.behind(Share).save(share.end(at=work.now)))


def shares_of(work: UnitOfWork, record: Aggregate) -> list[Share]:
    """Return the shares of a record that are not over, to whoever may share it."""
    current = work.of(type(record)).get(record.id)
    work.permit(SHARE_RECORD, on=current)
    share = where(Share)
    mine = share.record_id.eq(current.id) & share.entity.eq(work.registry[type(record)].name)
    found = work.behind(Share).find(mine, order=[share.created_at.asc()])
    return [work.shown(one) for one in found if one.is_open(work.now)]
