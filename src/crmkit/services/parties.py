"""Parties: what people do with customers, contacts, leads and activities."""

from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.filters.where import where
from crmkit.domain.parties.activity import Activity, ActivityId, ActivityKind, link_to
from crmkit.domain.parties.contact import Affiliation, AffiliationId, Contact, ContactId
from crmkit.domain.parties.customer import Customer, CustomerId, CustomerKind
from crmkit.domain.parties.lead import Lead, LeadId
from crmkit.domain.parties.merge import Merge
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.work import UnitOfWork

REGISTER_CUSTOMER = Action(
    "customer:register", "Register a customer", zh="登记客户", right=Right.CREATE
)
UPDATE_CUSTOMER = Action("customer:update", "Change a customer", zh="修改客户", right=Right.EDIT)
ADD_CONTACT = Action("contact:add", "Add a contact", zh="新增联系人", right=Right.CREATE)
UPDATE_CONTACT = Action("contact:update", "Change a contact", zh="修改联系人", right=Right.EDIT)
RELATE_CONTACT = Action(
    "contact:relate", "Tie a contact to a customer", zh="建立任职关系", right=Right.EDIT
)
CAPTURE_LEAD = Action("lead:capture", "Capture a lead", zh="录入线索", right=Right.CREATE)
UPDATE_LEAD = Action("lead:update", "Change a lead", zh="修改线索", right=Right.EDIT)
DISQUALIFY_LEAD = Action(
    "lead:disqualify", "Close a lead without a customer", zh="关闭线索", right=Right.EDIT
)
CONVERT_LEAD = Action(
    "lead:convert", "Convert a lead to a customer", zh="转化线索", right=Right.EDIT
)
FOLLOW_UP = Action("activity:plan", "Plan or note an activity", zh="安排跟进", right=Right.READ)
COMPLETE_ACTIVITY = Action(
    "activity:complete", "Mark an activity done", zh="完成活动", right=Right.EDIT
)
MAX_HOPS: Final = 100

P = TypeVar("P", Customer, Contact)


def register_customer(
    work: UnitOfWork, name: str, *, kind: CustomerKind = CustomerKind.ORGANISATION, **fields: Any
) -> Customer:
    """Register a customer; `fields` are any others of `Customer`."""
    work.permit(REGISTER_CUSTOMER)
    customer = draft(Customer, work.new_id(), name=name, kind=kind, **fields)
    return work.customers.add(customer.register())


def update_customer(work: UnitOfWork, customer_id: CustomerId, **fields: Any) -> Customer:
    """Change some fields of a customer."""
    customer = find_customer(work, customer_id)
    work.permit(UPDATE_CUSTOMER, on=customer)
    return work.customers.save(changed(customer, **fields))


def find_customer(work: UnitOfWork, customer_id: CustomerId) -> Customer:
    """Return a customer by its id, or by that of a record merged into it."""
    return _lives_on(work, Customer, customer_id)


def find_contact(work: UnitOfWork, contact_id: ContactId) -> Contact:
    """Return a contact by its id, or by that of a record merged into it."""
    return _lives_on(work, Contact, contact_id)


def add_contact(work: UnitOfWork, name: str, **fields: Any) -> Contact:
    """Add a person; `fields` are any others of `Contact`."""
    work.permit(ADD_CONTACT)
    return work.contacts.add(draft(Contact, work.new_id(), name=name, **fields))


def update_contact(work: UnitOfWork, contact_id: ContactId, **fields: Any) -> Contact:
    """Change some fields of a contact."""
    contact = find_contact(work, contact_id)
    work.permit(UPDATE_CONTACT, on=contact)
    return work.contacts.save(changed(contact, **fields))


def relate_contact(
    work: UnitOfWork,
    contact_id: ContactId,
    customer_id: CustomerId,
    *,
    role: str | None = None,
    title: str | None = None,
    primary: bool = False,
    since: date | None = None,
) -> Affiliation:
    """Tie a person to a customer; at most one person of a customer is primary."""
    customer, contact = find_customer(work, customer_id), find_contact(work, contact_id)
    work.permit(RELATE_CONTACT, on=customer)
    work.hold(customer)
    work.hold(contact)
    if primary:
        _make_room(work, customer)
    affiliation = Affiliation(
        id=AffiliationId(work.new_id()),
        contact_id=contact.id,
        customer_id=customer.id,
        role=role,
        title=title,
        is_primary=primary,
        from_on=since,
    )
    return work.affiliations.add(affiliation)


def capture_lead(work: UnitOfWork, name: str, **fields: Any) -> Lead:
    """Capture a lead; `fields` are any others of `Lead`."""
    work.permit(CAPTURE_LEAD)
    return work.leads.add(draft(Lead, work.new_id(), name=name, **fields))


def update_lead(work: UnitOfWork, lead_id: LeadId, **fields: Any) -> Lead:
    """Change some fields of a lead."""
    lead = work.leads.get(lead_id)
    work.permit(UPDATE_LEAD, on=lead)
    return work.leads.save(changed(lead, **fields))


def work_on_lead(work: UnitOfWork, lead_id: LeadId) -> Lead:
    """Begin to work on an open lead."""
    lead = work.leads.get(lead_id)
    work.permit(UPDATE_LEAD, on=lead)
    return work.leads.save(lead.work_on())


def disqualify_lead(work: UnitOfWork, lead_id: LeadId, *, reason: str) -> Lead:
    """Close an open lead without a customer."""
    lead = work.leads.get(lead_id)
    work.permit(DISQUALIFY_LEAD, on=lead)
    return work.leads.save(lead.disqualify(reason, at=work.now))


def convert_lead(work: UnitOfWork, lead_id: LeadId, *, into: CustomerId | None = None) -> Customer:
    """Make a lead a customer: its company with the person as contact, or the person itself.

    `into` names a customer that is there already, such as a likely twin.
    """
    lead = work.leads.get(lead_id)
    work.permit(CONVERT_LEAD, on=lead)
    customer = _customer_of(work, lead) if into is None else find_customer(work, into)
    contact_id = None
    if customer.kind is CustomerKind.ORGANISATION:
        contact_id = add_contact(work, lead.name, contact_points=lead.contact_points).id
        relate_contact(work, contact_id, customer.id, primary=into is None)
    work.leads.save(lead.convert(customer_id=customer.id, contact_id=contact_id, at=work.now))
    return customer


def end_affiliation(work: UnitOfWork, affiliation_id: AffiliationId, *, on: date) -> Affiliation:
    """End the tie of a person to a customer."""
    tie = work.affiliations.get(affiliation_id)
    work.permit(RELATE_CONTACT, on=tie)
    return work.affiliations.save(tie.end(on=on))


def make_primary(work: UnitOfWork, affiliation_id: AffiliationId) -> Affiliation:
    """Make a person the first one to speak with at a customer; whoever was it is so no more."""
    tie = work.affiliations.get(affiliation_id)
    customer = work.customers.get(tie.customer_id)
    work.permit(RELATE_CONTACT, on=customer)
    first = tie.make_primary()
    if not tie.is_primary:
        work.hold(customer)
        _make_room(work, customer)
    return work.affiliations.save(first)


def follow_up(
    work: UnitOfWork,
    on: Aggregate,
    subject: str,
    *,
    kind: ActivityKind = ActivityKind.TASK,
    due_at: datetime | None = None,
    owner: UserId | None = None,
    also_on: tuple[Aggregate, ...] = (),
) -> Activity:
    """Plan or note something about one or more live records; a merged one as it lives on."""
    about = [_present(work, record) for record in (on, *also_on)]
    work.permit(FOLLOW_UP, on=about[0])
    activity = Activity(
        id=ActivityId(work.new_id()),
        kind=kind,
        subject=subject,
        due_at=due_at,
        owner_id=owner,
        links=tuple(dict.fromkeys(link_to(record) for record in about)),
    )
    return work.activities.add(activity)


def complete_activity(work: UnitOfWork, activity_id: ActivityId) -> Activity:
    """Mark an activity done."""
    activity = work.activities.get(activity_id)
    work.permit(COMPLETE_ACTIVITY, on=activity)
    return work.activities.save(activity.complete(at=work.now))


def activities_on(work: UnitOfWork, record: Aggregate) -> list[Activity]:
    """Return the activities about a record, or about one that was merged into it.

    Those without a due time come first, then the next due.
    """
    about = where(Activity)
    links = [link_to(record), *_links_before(work, record)]
    return work.activities.find(about.links.has_any(links), order=[about.due_at.asc()])


def _customer_of(work: UnitOfWork, lead: Lead) -> Customer:
    if lead.company is not None:
        return register_customer(work, lead.company, owner_id=lead.owner_id)
    return register_customer(
        work,
        lead.name,
        kind=CustomerKind.PERSON,
        contact_points=lead.contact_points,
        owner_id=lead.owner_id,
    )


def _links_before(work: UnitOfWork, record: Aggregate) -> list[str]:
    """Return the links to all that were merged into a record: one may have come while it was."""
    if not isinstance(record, Customer | Contact):
        return []
    merge, party = where(Merge), work.registry[type(record)].name
    lost: list[UUID] = []
    won: list[UUID] = [record.id]
    while won:
        merged = merge.winner_id.in_(won) & merge.party.eq(party) & merge.undone_at.is_none()
        found = work.behind(Merge).find(merged)
        won = [one.loser_id for one in found if one.loser_id not in lost]
        lost += won
    return [f"{party}:{one}" for one in lost]


def _present(work: UnitOfWork, record: Aggregate) -> Aggregate:
    """Return a record as it is now, or raise `NotFound`."""
    match record:
        case Customer():
            return find_customer(work, record.id)
        case Contact():
            return find_contact(work, record.id)
        case _:
            return work.of(type(record)).get(record.id)


def _lives_on(work: UnitOfWork, party: type[P], record_id: Any) -> P:
    """Follow merges to the record that lives on, or raise `NotFound` when it is removed."""
    records = work.of(party)
    record = records.get(record_id, removed=True)
    for _hop in range(MAX_HOPS):
        if record.merged_into_id is None:
            break
        record = records.get(record.merged_into_id, removed=True)
    return records.get(record.id)


def _make_room(work: UnitOfWork, customer: Customer) -> None:
    """Let no other person be primary; the customer itself is guarded against a racing twin."""
    tie = where(Affiliation)
    ties = work.behind(Affiliation)
    present = ties.find(tie.customer_id.eq(customer.id) & tie.is_primary.eq(True))  # noqa: FBT003 - the value compared with
    ties.save_many(affiliation.evolve(is_primary=False) for affiliation in present)
