"""Renewals: contracts that go on by themselves, and reminders of notice; for a job to run."""

from datetime import datetime

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.where import where
from crmkit.domain.sales.contract import Contract
from crmkit.domain.sales.contract_terms import Renewal
from crmkit.ports import Action
from crmkit.services.calendars.keeping import business_calendar
from crmkit.services.sales.contracts import in_force
from crmkit.work import UnitOfWork

RENEW_DUE = Action(
    "contract:renew_due",
    "Renew contracts that go on by themselves",
    zh="自动续签合同",
    right=Right.EDIT,
)
REMIND_NOTICE = Action(
    "contract:remind", "Remind of the notice of contracts", zh="提醒合同续签决定", right=Right.EDIT
)


def renew_due_contracts(work: UnitOfWork, *, limit: int = 100) -> list[Contract]:
    """Renew contracts that go on by themselves and whose notice is over; a second time, none.

    Each term of which notice is over is an amendment, however late this runs. Run it day by day
    until it brings fewer than `limit`.
    """
    work.permit(RENEW_DUE)
    contract = where(Contract)
    due = contract.notice_until.le(work.now) & contract.terms.renewal.eq(Renewal.AUTO)
    found = work.contracts.find(
        due & in_force(work.now), order=[contract.notice_until.asc()], limit=limit
    )
    return [_renewed(work, one) for one in found]


def remind_of_notice(work: UnitOfWork, before: datetime, *, limit: int = 100) -> list[Contract]:
    """Remind of contracts whose last day for notice is over before an instant, once for each day.

    `NoticeReminded` is told of each; those whose notice is over already are left out.
    """
    work.permit(REMIND_NOTICE)
    contract = where(Contract)
    due = contract.notice_until.lt(before) & contract.notice_until.gt(work.now)
    untold = contract.reminded_of.ne(contract.notice_by)
    found = work.contracts.find(
        due & untold & in_force(work.now), order=[contract.notice_until.asc()], limit=limit
    )
    return work.contracts.save_many(one.remind() for one in found)


def _renewed(work: UnitOfWork, contract: Contract) -> Contract:
    days = business_calendar(work, contract.calendar_id)
    while contract.goes_on(at=work.now):
        contract = contract.renew(at=work.now, by=work.actor.id).dated(days)
    return work.contracts.save(contract)
