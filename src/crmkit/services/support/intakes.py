"""Intakes: messages of forms and programs become tickets, once, or are refused with a reason."""

from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.support.intake import (
    Intake,
    IntakeForm,
    IntakeFormId,
    IntakeRecord,
    IntakeRecordId,
    IntakeState,
)
from crmkit.errors import (
    Duplicate,
    IdempotencyMismatch,
    InvalidValue,
    NotFound,
    TransactionConflict,
)
from crmkit.ports import Action
from crmkit.services.drafting import draft
from crmkit.services.parties import add_contact
from crmkit.services.support.correspondents import contact_of
from crmkit.services.support.tickets import open_ticket
from crmkit.work import UnitOfWork

DEFINE_FORM = Action(
    "intake_form:define", "Define an intake form", zh="定义受理表单", right=Right.CREATE
)
TAKE_IN = Action("intake_record:take", "Take in a message", zh="受理留言", right=Right.CREATE)


def define_intake_form(work: UnitOfWork, name: str, **fields: Any) -> IntakeForm:
    """Define a form; `fields` are any others of `IntakeForm`."""
    work.permit(DEFINE_FORM)
    form_id = IntakeFormId(work.new_id())
    return work.intake_forms.add(draft(IntakeForm, form_id, name=name, **fields))


def take_in(work: UnitOfWork, form_id: IntakeFormId, intake: Intake) -> IntakeRecord:
    """Take in a message: it opens a ticket, or is refused; both are kept, with the reason.

    Sent again under its key it is the first one; another message under that key is an
    `IdempotencyMismatch`.
    """
    form = _form(work, form_id)
    work.permit(TAKE_IN)
    known = _known(work, form, intake)
    if known is not None:
        return known
    record = IntakeRecord(
        id=IntakeRecordId(work.new_id()),
        form_id=form.id,
        key=intake.key,
        source=intake.source,
        told=intake.told(),
        at=work.now,
    )
    reason = form.why_not(intake, lately=_lately(work, form, intake))
    if reason:
        return _kept(work, record.evolve(state=IntakeState.REFUSED, reason=reason))
    return _kept(work, _opened(work, form, intake, record))


def _form(work: UnitOfWork, form_id: IntakeFormId) -> IntakeForm:
    """Return a form unguarded: all who send it would wait for each other."""
    form = work.intake_forms.first(where(IntakeForm).id.eq(form_id))
    if form is None:
        raise NotFound(f"there is no intake form {form_id}", path="intake_form.id")
    return form


def _known(work: UnitOfWork, form: IntakeForm, intake: Intake) -> IntakeRecord | None:
    record = where(IntakeRecord)
    known = work.intake_records.first(record.form_id.eq(form.id) & record.key.eq(intake.key))
    if known is not None and dict(known.told) != intake.told():
        raise IdempotencyMismatch(intake.key)
    return known


def _lately(work: UnitOfWork, form: IntakeForm, intake: Intake) -> int:
    record = where(IntakeRecord)
    mine = record.form_id.eq(form.id) & record.source.eq(intake.source)
    return work.intake_records.count(mine & record.at.gt(work.now - form.within))


def _opened(
    work: UnitOfWork, form: IntakeForm, intake: Intake, record: IntakeRecord
) -> IntakeRecord:
    contact_id = _writer(work, form, intake)
    ticket = open_ticket(
        work,
        intake.subject.strip()[:500] or "–",
        queue=form.queue_id,
        channel=form.channel,
        description=intake.text or None,
        language=intake.language or None,
        requester_id=contact_id,
    )
    return record.evolve(ticket_id=ticket.id, contact_id=contact_id)


def _writer(work: UnitOfWork, form: IntakeForm, intake: Intake) -> Any:
    """Return who wrote, added where they are not known; None without a fitting address."""
    try:
        point = ContactPoint(kind=ContactKind.EMAIL, raw=intake.email, is_primary=True)
    except InvalidValue:
        return None
    known = contact_of(work, intake.email)
    if known is None:
        work.hold(form)
        name = intake.name.strip()[:300] or point.key
        known = add_contact(work, name, contact_points=(point,))
    return known.id


def _kept(work: UnitOfWork, record: IntakeRecord) -> IntakeRecord:
    try:
        return work.intake_records.add(record)
    except Duplicate:
        raise TransactionConflict(
            "the same message was taken in just now", path="intake_record.key", fix="repeat"
        ) from None
