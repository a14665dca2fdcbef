"""Contracts: write them, sign, amend, renew, end, and see whose notice is due."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.filters.tree import Filter
from crmkit.domain.filters.where import where
from crmkit.domain.parties.customer import CustomerId
from crmkit.domain.sales.contract import Contract, ContractId
from crmkit.domain.sales.contract_terms import ContractAmendment, ContractTerms
from crmkit.domain.sales.order import Order
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.services.calendars.keeping import business_calendar
from crmkit.services.drafting import draft
from crmkit.services.parties import find_customer
from crmkit.work import UnitOfWork

WRITE_CONTRACT = Action("contract:write", "Write a contract", zh="新建合同", right=Right.CREATE)
SIGN_CONTRACT = Action("contract:sign", "Note that a contract was signed", zh="签订合同")
AMEND_CONTRACT = Action(
    "contract:amend", "Change the terms of a contract", zh="变更合同", right=Right.EDIT
)
RENEW_CONTRACT = Action("contract:renew", "Renew a contract", zh="续签合同", right=Right.EDIT)
TERMINATE_CONTRACT = Action("contract:terminate", "Terminate a contract", zh="终止合同")
VOID_CONTRACT = Action("contract:void", "Declare a contract void", zh="作废合同")
_TERMS: Final = frozenset(
    {field.name for field in attrs.fields(ContractAmendment)} - {"number", "at", "by", "reason"}
)


def write_contract(
    work: UnitOfWork,
    name: str,
    customer: CustomerId,
    terms: ContractTerms,
    *,
    calendar: CalendarId,
    **fields: Any,
) -> Contract:
    """Write a contract; its notice is counted in working days of a calendar."""
    work.permit(WRITE_CONTRACT)
    party = find_customer(work, customer)
    work.hold(party)
    number = fields.pop("number", None) or work.next_number("contract")
    made = draft(
        Contract,
        ContractId(work.new_id()),
        name=name,
        customer_id=party.id,
        original=terms,
        terms=terms,
        calendar_id=calendar,
        number=number,
        **fields,
    )
    return work.contracts.add(made.dated(business_calendar(work, calendar)))


def sign_contract(work: UnitOfWork, contract_id: ContractId) -> Contract:
    """Note that both parties signed."""
    contract = work.contracts.get(contract_id)
    work.permit(SIGN_CONTRACT, on=contract)
    return work.contracts.save(contract.sign(at=work.now))


def amend_contract(
    work: UnitOfWork, contract_id: ContractId, *, reason: str, **changes: Any
) -> Contract:
    """Change terms by their names, such as `ends_on`; `is_open_ended=True` takes the end away."""
    contract = work.contracts.get(contract_id)
    work.permit(AMEND_CONTRACT, on=contract)
    _check_changes(changes)
    amended = contract.amend(changes, at=work.now, by=work.actor.id, reason=reason)
    return work.contracts.save(amended.dated(business_calendar(work, contract.calendar_id)))


def renew_contract(work: UnitOfWork, contract_id: ContractId) -> Contract:
    """Let a contract go on for its next term."""
    contract = work.contracts.get(contract_id)
    work.permit(RENEW_CONTRACT, on=contract)
    renewed = contract.renew(at=work.now, by=work.actor.id)
    return work.contracts.save(renewed.dated(business_calendar(work, contract.calendar_id)))


def terminate_contract(
    work: UnitOfWork, contract_id: ContractId, on: date, *, reason: str
) -> Contract:
    """Give notice in time: the contract is over from a day on."""
    contract = work.contracts.get(contract_id)
    work.permit(TERMINATE_CONTRACT, on=contract)
    return work.contracts.save(contract.terminate(on, reason, at=work.now))


def void_contract(work: UnitOfWork, contract_id: ContractId, *, reason: str) -> Contract:
    """Declare that a contract never was (作废)."""
    contract = work.contracts.get(contract_id)
    work.permit(VOID_CONTRACT, on=contract)
    return work.contracts.save(contract.void(reason, at=work.now))


def notice_due(work: UnitOfWork, before: datetime, *, limit: int = 100) -> list[Contract]:
    """Return the contracts in force whose last day for notice is over before an instant.

    The earliest deadline comes first; those whose deadline is past already are left out.
    """
    fields = where(Contract)
    due = fields.notice_until.lt(before) & fields.notice_until.gt(work.now)
    return work.contracts.find(
        due & in_force(work.now), order=[fields.notice_until.asc()], limit=limit
    )


def in_force(at: datetime) -> Filter:
    """Ask for contracts that were signed, and neither ended nor declared void."""
    fields = where(Contract)
    running = fields.voided_at.is_none() & fields.terminated_on.is_none()
    return fields.signed_at.le(at) & running


def orders_under(work: UnitOfWork, contract_id: ContractId) -> list[Order]:
    """Return the orders under a contract, the oldest first."""
    fields = where(Order)
    mine = fields.contract_id.eq(contract_id)
    return work.orders.find(mine, order=[fields.created_at.asc(), fields.id.asc()])


def _check_changes(changes: Mapping[str, Any]) -> None:
    if not changes:
        raise InvalidValue("changes nothing", path="terms", fix="name a term")
    for name in changes:
        if name not in _TERMS:
            raise InvalidValue(
                f"there is no term {name!r}",
                path="terms",
                fix=f"one of {', '.join(sorted(_TERMS))}",
            )
