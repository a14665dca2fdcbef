"""The ledger of receivables: what services note in it, and ageing over it."""

from datetime import date
from uuid import UUID

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.summary import Summary, by, total
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.invoice import Invoice
from crmkit.domain.sales.payment_plan import Instalment
from crmkit.domain.sales.receivable import (
    Ageing,
    ReceivableEntry,
    ReceivableEntryId,
    TargetKind,
    age,
)
from crmkit.ports import Action
from crmkit.work import UnitOfWork

REPORT_AGEING = Action(
    "receivable_entry:ageing", "Report receivables by age", zh="应收账龄分析", right=Right.READ
)


def ageing(
    work: UnitOfWork,
    as_of: date | None = None,
    *,
    of: TargetKind = TargetKind.INSTALMENT,
    customer: CustomerId | None = None,
) -> dict[str, Ageing]:
    """Return what is open at the end of a day, today, by currency and by how late it is.

    Any day may be asked, as every entry has its own; one statement of the store adds them up.
    """
    work.permit(REPORT_AGEING)
    day = as_of or work.now.date()
    fields = where(ReceivableEntry)
    asked = fields.target.eq(of) & fields.on.le(day)
    if customer is not None:
        asked &= fields.customer_id.eq(customer)
    summary = Summary(
        spec=work.registry[ReceivableEntry],
        where=asked,
        by={"due_on": by(fields.due_on), "currency": by(fields.amount.currency)},
        measures={"open": total(fields.amount)},
    )
    rows = work.receivable_entries.summarise(summary)
    return age(((row["due_on"], row["open"]) for row in rows), day)


def note_owed(
    work: UnitOfWork,
    kind: TargetKind,
    target: Instalment | Invoice,
    amount: Money,
    *,
    due_on: date | None,
    on: date,
    receipt_id: UUID | None = None,
    reverses_id: ReceivableEntryId | None = None,
    mirrors_id: ReceivableEntryId | None = None,
    reason: str | None = None,
) -> ReceivableEntry:
    """Keep an entry about an instalment or invoice; for services that permitted it."""
    entry = ReceivableEntry(
        id=ReceivableEntryId(work.new_id()),
        target=kind,
        target_id=target.id,
        amount=amount,
        on=on,
        due_on=due_on,
        customer_id=target.customer_id,
        owner_id=target.owner_id,
        receipt_id=receipt_id,
        reverses_id=reverses_id,
        mirrors_id=mirrors_id,
        reason=reason,
    )
    return work.receivable_entries.add(entry)
