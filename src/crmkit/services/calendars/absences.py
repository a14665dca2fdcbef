"""Absences: noted, ended, and asked for who is away and who stands in."""

from collections.abc import Sequence
from datetime import datetime

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.absence import Absence, AbsenceId, lasting, stand_in
from crmkit.domain.filters.where import where
from crmkit.ports import Action
from crmkit.work import UnitOfWork

NOTE_ABSENCE = Action("absence:note", "Note an absence", zh="登记缺勤", right=Right.CREATE)
END_ABSENCE = Action("absence:end", "End an absence", zh="结束缺勤", right=Right.EDIT)
NAME_DEPUTY = Action(
    "user:name_deputy", "Let a deputy act for a user", zh="指定代理人", right=Right.EDIT
)


def note_absence(
    work: UnitOfWork,
    user_id: UserId,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
    *,
    deputy: UserId | None = None,
    reason: str | None = None,
) -> Absence:
    """Note that a person is away, from now on and until told where no times are given.

    Naming a deputy asks for the right to edit the user, because the deputy acts on what is theirs
    meanwhile; one who is not active is refused as `UserNotActive`.
    """
    work.permit(NOTE_ABSENCE)
    if deputy is not None:
        work.permit(NAME_DEPUTY, on=work.users.get(user_id))
        work.users.get(deputy).must_be_active()
    absence = Absence(
        id=AbsenceId(work.new_id()),
        user_id=user_id,
        begins_at=begins_at or work.now,
        ends_at=ends_at,
        deputy_id=deputy,
        reason=reason,
    )
    return work.absences.add(absence)


def come_back(work: UnitOfWork, user_id: UserId) -> list[Absence]:
    """End the absences of a user that last now; what was noted for later stays."""
    ended: list[Absence] = []
    for absence in work.absences.find(lasting(work.now) & where(Absence).user_id.eq(user_id)):
        work.permit(END_ABSENCE, on=absence)
        if absence.begins_at == work.now:
            ended.append(work.absences.remove(absence))
        else:
            ended.append(work.absences.save(absence.end(at=work.now)))
    return ended


def absent_now(work: UnitOfWork, users: Sequence[UserId]) -> dict[UserId, Absence]:
    """Return the absence of each user who is away now."""
    away = lasting(work.now) & where(Absence).user_id.in_(users)
    found = work.behind(Absence).find(away, order=[where(Absence).begins_at.asc()])
    return {one.user_id: one for one in found}


def deputy_of(work: UnitOfWork, user: UserId) -> UserId:
    """Return who stands in for a user now, as `stand_in` says; the user, when nobody does."""
    return stand_in(user, lambda one: absent_now(work, [one]).get(one))
