"""Contracts that a job keeps up: reminders of notice, renewals, and what holds after them."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.money import Money
from crmkit.domain.sales.contract import Contract, ContractId, NoticeTooLate
from crmkit.domain.sales.contract_terms import ContractTerms, Renewal
from crmkit.errors import CrmkitError, InvalidValue
from crmkit.plugins.builtin import FollowUps
from crmkit.services import parties, sales
from crmkit.services.access import apply_policy
from crmkit.services.calendars import keeping
from crmkit.work.policies import Policies
from tests.services.stopped_clock import Stopped

_ID = UUID(int=1)
QUARTER = ContractTerms(
    starts_on=date(2026, 1, 1),
    ends_on=date(2026, 3, 31),
    renewal=Renewal.AUTO,
    renewal_months=3,
    notice_days=10,
)


class Office:
    """A firm whose contracts are kept up by a job."""

    def __init__(self, url: str, tenant: str) -> None:
        """Open it, with a calendar and a customer."""
        self.clock, self.tenant = Stopped(datetime(2026, 3, 2, tzinfo=UTC)), tenant
        self.crm = CRM.open(url, clock=self.clock, plugins=[FollowUps(language="zh")])
        with self.crm.work(by="li", tenant=tenant) as work:
            hours = "mon-fri 09:00-18:00"
            self.calendar = keeping.define_calendar(work, "office", "Asia/Shanghai", hours).id
            self.customer = parties.register_customer(work, "鲁西").id

    def run(self, service: Any, *args: Any, **named: Any) -> Any:
        """Run a service as the job does."""
        call = partial(service, **named)
        return self.crm.run(
            lambda work: call(work, *args), by="job", tenant=self.tenant, attempts=50
        )

    def signed(self, name: str, **terms: Any) -> Contract:
        """Sign a contract."""
        agreed = attrs.evolve(QUARTER, **terms)
        made = self.run(sales.write_contract, name, self.customer, agreed, calendar=self.calendar)
        signed: Contract = self.run(sales.sign_contract, made.id)
        return signed

    def renewed(self) -> list[str]:
        """Run the job and return the names of what it renewed."""
        return sorted(one.name for one in self.run(sales.renew_due_contracts))


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office on each store in turn."""
    made = Office(ready_url, tenant)
    with made.crm:
        yield made


def test_what_goes_on_by_itself_is_renewed_once_notice_is_over(office: Office) -> None:
    """Only contracts in force that renew themselves; late runs catch up on every term."""
    going = office.signed("auto")
    office.signed("manual", renewal=Renewal.MANUAL)
    office.signed("endless", ends_on=None)
    ended = office.signed("ended")
    office.run(sales.terminate_contract, ended.id, date(2026, 4, 1), reason="停产")
    office.run(sales.void_contract, office.signed("void").id, reason="错")
    office.run(sales.write_contract, "draft", office.customer, QUARTER, calendar=office.calendar)
    assert office.renewed() == []
    office.clock.at = datetime(2026, 3, 17, 16, tzinfo=UTC)
    assert (office.renewed(), office.renewed()) == (["auto"], [])
    office.clock.at = datetime(2027, 1, 5, tzinfo=UTC)
    assert (office.renewed(), office.renewed()) == (["auto"], [])
    with office.crm.work(by="li", tenant=office.tenant) as work:
        now = work.contracts.get(going.id)
    assert [one.reason for one in now.amendments] == [
        f"renewed until {day}" for day in ("2026-06-30", "2026-09-30", "2026-12-31", "2027-03-31")
    ]
    assert (now.terms.ends_on, now.bound_until) == (date(2027, 3, 31), date(2026, 12, 31))
    assert now.status_on(date(2026, 8, 1)) == "active"


def test_a_renewed_contract_holds_for_its_term(office: Office) -> None:
    """Notice that comes after a renewal ends the contract no earlier than the term it renewed."""
    contract = office.signed("auto")
    office.clock.at = datetime(2026, 3, 20, tzinfo=UTC)
    office.renewed()
    with pytest.raises(NoticeTooLate, match="holds until 2026-03-31"):
        office.run(sales.terminate_contract, contract.id, date(2026, 3, 31), reason="停产")
    ended = office.run(sales.terminate_contract, contract.id, date(2026, 7, 1), reason="停产")
    assert ended.status_on(date(2026, 6, 30)) == "active"


def test_each_last_day_for_notice_is_told_once(office: Office) -> None:
    """A reminder makes a task for the owner; after a renewal or a change of the day, another."""
    contract = office.signed("auto")

    def told(days: int = 20) -> list[str]:
        found = office.run(sales.remind_of_notice, office.clock.at + timedelta(days))
        return [f"{one.notice_by}" for one in found]

    assert (told(10), told(), told()) == ([], ["2026-03-17"], [])
    office.run(sales.amend_contract, contract.id, reason="缩短", notice_days=12)
    assert (told(), told()) == (["2026-03-13"], [])
    office.clock.at = datetime(2026, 6, 1, tzinfo=UTC)
    assert told(30) == []
    office.renewed()
    assert told(30) == ["2026-06-12"]
    with office.crm.work(by="li", tenant=office.tenant) as work:
        tasks = work.activities.find()
    assert [one.subject for one in tasks] == ["决定是否续签：auto"] * 3


def test_two_jobs_at_once_renew_once(office: Office) -> None:
    """Of two jobs that run at the same time, one repeats and finds nothing to renew."""
    office.signed("auto")
    office.clock.at = datetime(2026, 3, 20, tzinfo=UTC)
    start = threading.Barrier(2)

    def run(_number: int) -> int:
        start.wait()
        return len(office.renewed())

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 1]


def test_the_system_role_keeps_contracts_up() -> None:
    """Under the ready roles the job of the program may renew and remind."""
    clock = Stopped(datetime(2026, 3, 2, tzinfo=UTC))
    with CRM.open("memory:", clock=clock) as free:
        with free.work(by="it", tenant="t") as work:
            job = work.users.add(User(id=UserId(work.new_id()), name="job", roles=("system",)))
            office = keeping.define_calendar(work, "o", "Asia/Shanghai", "mon-fri 09:00-18:00")
            customer = parties.register_customer(work, "鲁西")
            made = sales.write_contract(work, "合同", customer.id, QUARTER, calendar=office.id)
            sales.sign_contract(work, made.id)
            apply_policy(work, STANDARD)
        crm = CRM(free.storage, plugins=free.plugins, access=Policies(), clock=clock)
        with crm.work(by=str(job.id), tenant="t") as work:
            assert len(sales.remind_of_notice(work, clock.at + timedelta(30))) == 1
        clock.at = datetime(2026, 3, 20, tzinfo=UTC)
        with crm.work(by=str(job.id), tenant="t") as work:
            assert len(sales.renew_due_contracts(work)) == 1


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "starts_on": st.dates(date(2026, 1, 1), date(2026, 6, 1)),
        "ends_on": st.dates(date(2026, 3, 1), date(2030, 1, 1)),
        "is_open_ended": st.booleans(),
        "value": st.integers(-1, 10**9).map(lambda minor: Money.from_minor(minor, "CNY")),
        "renewal": st.sampled_from(Renewal),
        "renewal_months": st.integers(0, 24),
        "notice_days": st.integers(-1, 90),
    },
)


@given(st.lists(CHANGES, max_size=8))
def test_terms_replay_to_any_version(wished: list[dict[str, Any]]) -> None:
    """Whatever was amended, renewed or refused, each version of the terms can be read again."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one = Contract(
        id=ContractId(_ID),
        name="合同",
        original=QUARTER,
        terms=QUARTER,
        calendar_id=CalendarId(_ID),
        signed_at=at,
    )
    seen = [one.terms]
    for wish in wished:
        try:
            step = one.amend(wish, at=at, by="li", reason="x")
            one = step if wish.get("renewal_months", 1) % 2 else step.renew(at=at, by="li")
        except CrmkitError:
            continue
        seen = [*seen, *([] if one is step else [step.terms]), one.terms]
    assert [one.at_version(number) for number in range(len(seen))] == seen
    with pytest.raises(InvalidValue):
        one.at_version(len(seen))
