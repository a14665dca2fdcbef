"""Mailboxes and addresses: set up, and how an address stands."""

from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.support.mail.answering import Rate
from crmkit.domain.support.mail.mailbox import (
    MailAddress,
    MailAddressId,
    Mailbox,
    MailboxId,
    address_key,
)
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.mail.reports import Failure
from crmkit.errors import Duplicate, InvalidSettings, NotFound, TransactionConflict
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.work import UnitOfWork

DEFINE_MAILBOX = Action("mailbox:define", "Define a mailbox", zh="定义服务邮箱", right=Right.CREATE)
CHANGE_MAILBOX = Action("mailbox:change", "Change a mailbox", zh="修改服务邮箱", right=Right.EDIT)
TRUST_ADDRESS = Action(
    "mail_address:trust", "Take an address for reachable again", zh="恢复邮件地址", right=Right.EDIT
)


def define_mailbox(work: UnitOfWork, address: str, **fields: Any) -> Mailbox:
    """Define a mailbox; `fields` are any others of `Mailbox`."""
    work.permit(DEFINE_MAILBOX)
    box_id = MailboxId(work.new_id())
    return work.mailboxes.add(draft(Mailbox, box_id, address=address.lower(), **fields))


def change_mailbox(work: UnitOfWork, mailbox_id: MailboxId, **fields: Any) -> Mailbox:
    """Change some fields of a mailbox."""
    found = work.mailboxes.get(mailbox_id)
    work.permit(CHANGE_MAILBOX, on=found)
    return work.mailboxes.save(changed(found, **fields))


def find_mailbox(work: UnitOfWork, mailbox_id: MailboxId) -> Mailbox:
    """Return a mailbox unguarded: all whose letters come in there would wait for each other."""
    found = work.mailboxes.first(where(Mailbox).id.eq(mailbox_id))
    if found is None:
        raise NotFound(f"there is no mailbox {mailbox_id}", path="mailbox.id")
    return found


def check_marks(work: UnitOfWork, marks: Marks) -> None:
    """Refuse the marks of another tenant."""
    if marks.tenant != work.tenant:
        raise InvalidSettings(
            "the marks are another tenant's", path="marks.tenant", fix="give tenant=work.tenant"
        )


def standing_of(work: UnitOfWork, address: str) -> MailAddress:
    """Return how an address stands; one that is not known has a good standing, not saved yet."""
    key = address_key(address)
    found = work.mail_addresses.first(where(MailAddress).key.eq(key))
    return found or MailAddress(id=MailAddressId(work.new_id()), key=key)


def trust_address(work: UnitOfWork, address: str) -> MailAddress:
    """Take an address for one that letters reach, whatever was reported before."""
    standing = standing_of(work, address)
    work.permit(TRUST_ADDRESS, on=standing if standing.version else None)
    return keep_standing(work, standing.trust())


def note_failure(work: UnitOfWork, failure: Failure) -> MailAddress:
    """Mark an address as not reached."""
    told = f"{failure.status} {failure.told}".strip() or "failed"
    standing = standing_of(work, failure.address)
    return keep_standing(work, standing.fail(told, lasting=failure.lasting is True, at=work.now))


def note_answer(work: UnitOfWork, address: str, rate: Rate) -> MailAddress:
    """Count an automatic answer to an address."""
    return keep_standing(work, standing_of(work, address).answered(at=work.now, rate=rate))


def keep_standing(work: UnitOfWork, standing: MailAddress) -> MailAddress:
    """Save how an address stands; of two works that do so at once, one ends in a `Conflict`."""
    if standing.version:
        return work.mail_addresses.save(standing)
    try:
        return work.mail_addresses.add(standing)
    except Duplicate:
        raise TransactionConflict(
            "another letter of this address came in just now", path="mail_address", fix="repeat"
        ) from None
