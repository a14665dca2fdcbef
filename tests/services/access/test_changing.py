"""What people change: each right by itself, judged by the record as it was and as it will be."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Role, Scope
from crmkit.domain.access.share import ShareLevel
from crmkit.domain.access.user import User, UserKind
from crmkit.domain.access.veils import Hidden
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.sales.deal import DealWon
from crmkit.errors import Conflict, CrmkitError, NotFound, NotPermitted
from crmkit.services import merging, parties, sales
from crmkit.services.access import assign, end_share, share_record, shares_of
from crmkit.services.calendars import absences
from crmkit.services.history import as_of, changes_of, history
from crmkit.work import UnitOfWork
from tests.services.access.conftest import Company

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
OVERLAPPING = pytest.mark.parametrize(
    "near_url", ["memory", "postgresql", "mongodb"], indirect=True
)
"""Where two works can write at one time; SQLite lets one after the other."""
IN_MEMORY = pytest.mark.parametrize("near_url", ["memory"], indirect=True)


def refused(company: Company, who: str, call: Callable[[UnitOfWork], Any]) -> CrmkitError:
    """Return the error with which a call of somebody is refused."""
    with pytest.raises((NotPermitted, NotFound)) as caught, company.work(who) as work:
        call(work)
    return caught.value


@EVERYWHERE
def test_a_salesperson_works_on_their_own_records_only(company: Company) -> None:
    """They register, change and win what is theirs; what is another's is not there for them."""
    with company.work("li") as work:
        mine = parties.register_customer(work, "新客户")
        parties.update_customer(work, company.customers["li"].id, industry="软件")
        sales.win_deal(work, company.deals["li"].id)
    assert mine.owner_id == company.people["li"].id
    foreign: list[Callable[[UnitOfWork], Any]] = [
        lambda work: parties.update_customer(work, company.customers["zhao"].id, industry="x"),
        lambda work: sales.win_deal(work, company.deals["zhao"].id),
        lambda work: parties.register_customer(work, "x", owner_id=company.people["zhao"].id),
        lambda work: work.customers.remove(work.customers.get(company.customers["li"].id)),
        lambda work: assign(work, company.customers["li"], company.people["zhao"].id),
        lambda work: work.deals.save(
            work.deals.get(company.deals["li"].id).evolve(customer_id=company.customers["zhao"].id)
        ),
    ]
    for call in foreign:
        refused(company, "li", call)
    with company.as_program() as work:
        assert work.customers.count() == 3
        assert work.customers.get(company.customers["zhao"].id) == company.customers["zhao"]


@IN_MEMORY
def test_who_edits_does_not_give_away(company: Company) -> None:
    """Changing the owner is assigning, also inside an ordinary save, and needs both sides."""
    li, zhao = company.people["li"].id, company.people["zhao"].id
    kept = company.customers["li"]
    refused(company, "li", lambda work: work.customers.save(kept.evolve(owner_id=zhao)))
    error = refused(company, "wang", lambda work: assign(work, kept, zhao))
    assert "assign" in error.message
    with company.work("root") as work:
        moved = assign(work, kept, zhao)
    refused(company, "wang", lambda work: assign(work, moved, li))
    with company.as_program() as work:
        work.users.save(work.users.get(zhao).deactivate(at=work.now))
    with pytest.raises(CrmkitError, match="not active"), company.work("root") as work:
        assign(work, company.customers["li"], zhao)


@EVERYWHERE
def test_a_record_must_fit_before_and_after(company: Company) -> None:
    """Who may edit open deals can neither close one nor open one again, by whatever way."""
    is_open = {"field": "outcome", "op": "eq", "value": "open"}
    rules = Rules(
        roles=(Role(name="salesperson"),),
        grants=(
            Grant(role="salesperson", entity="deal", actions=("read",)),
            Grant(role="salesperson", entity="pipeline", actions=("read",), scope=Scope.ALL),
            Grant(role="salesperson", entity="deal", actions=("edit",), condition=is_open),
        ),
    )
    company.apply(rules)
    deal = company.deals["li"]
    with company.work("li") as work:
        sales.move_deal(work, deal.id, to="proposal")
    refused(company, "li", lambda work: sales.win_deal(work, deal.id))
    with company.as_program() as work:
        sales.lose_deal(work, deal.id)
    refused(company, "li", lambda work: sales.reopen_deal(work, deal.id))
    by_name = Grant(role="salesperson", entity="deal", actions=("deal:reopen",))
    company.apply(rules + Rules(grants=(by_name,)))
    with company.work("li") as work:
        assert sales.reopen_deal(work, deal.id).is_open


@EVERYWHERE
def test_a_save_keeps_what_its_writer_did_not_see(company: Company) -> None:
    """Hidden values stay as they are stored, in the record and its events; a change is refused."""
    rules = Rules(
        roles=(Role(name="salesperson"),),
        grants=(Grant(role="salesperson", entity="deal", actions=("read", "edit")),),
        field_rules=(
            FieldRule(
                role="salesperson", entity="deal", fields=("value",), level=FieldLevel.HIDDEN
            ),
            FieldRule(
                role="salesperson", entity="deal", fields=("lost_reason",), level=FieldLevel.READ
            ),
        ),
    )
    company.apply(rules)
    stored = company.deals["li"]
    with company.work("li") as work:
        sales.win_deal(work, stored.id)
    with company.as_program() as work:
        assert work.deals.get(stored.id).value == stored.value
        sales.reopen_deal(work, stored.id)
    with company.guarded.rehearse(by=str(company.people["li"].id), tenant="acme") as work:
        sales.win_deal(work, stored.id)
        (told,) = (event for event in work.events if isinstance(event, DealWon))
        assert isinstance(told.value, Hidden)
        assert all("value" not in change.after for change in work.changes)
    refused(
        company,
        "li",
        lambda work: work.deals.save(work.deals.get(stored.id).evolve(value=Money("1", "CNY"))),
    )
    with company.work("li") as work:
        seen = history(work, stored)
        assert all("value" not in change.after for change in seen)
        back = as_of(work, type(stored), stored.id, work.now)
        assert back is not None
        assert repr(back.value) == "<hidden>"


@EVERYWHERE
def test_a_share_opens_one_record_for_a_time(company: Company) -> None:
    """It opens reading or editing, ends at its time and with its record, and never comes back."""
    deal, zhao = company.deals["li"], company.people["zhao"]
    with company.work("li") as work:
        share = share_record(work, deal, zhao, reason="休假")
    with company.work("zhao") as work:
        assert work.deals.count() == 2
        assert work.deals.get(deal.id).id == deal.id
    refused(company, "zhao", lambda work: sales.win_deal(work, deal.id))
    refused(company, "zhao", lambda work: share_record(work, deal, zhao, reason="x"))
    with company.work("li") as work:
        share_record(work, deal, zhao, reason="休假", level=ShareLevel.EDIT)
    with company.work("zhao") as work:
        sales.move_deal(work, deal.id, to="proposal")
    with company.work("li") as work:
        assert len(shares_of(work, deal)) == 2
        end_share(work, share.id)
    with company.as_program() as work:
        removed = work.deals.remove(work.deals.get(deal.id))
    with company.as_program() as work:
        work.deals.restore(removed)
    with company.work("zhao") as work:
        assert work.deals.count() == 1
    with company.as_program() as work:
        past = work.now - timedelta(days=1)
        share_record(work, deal, zhao, reason="late", until=past)
    with company.work("zhao") as work:
        assert work.deals.count() == 1


@OVERLAPPING
def test_a_role_that_is_revoked_while_somebody_works_ends_in_a_conflict(company: Company) -> None:
    """What was permitted by a policy or role that changed since is not written."""
    who = company.people["li"]
    with pytest.raises(Conflict), company.work("li") as work:
        parties.update_customer(work, company.customers["li"].id, industry="late")
        with company.as_program() as other:
            other.users.save(other.users.get(who.id).play("read_only"))
    with company.as_program() as work:
        work.users.save(work.users.get(who.id).play("salesperson"))
    with pytest.raises(Conflict), company.work("li") as work:
        parties.update_customer(work, company.customers["li"].id, industry="late")
        company.apply(Rules())
    with company.as_program() as work:
        assert work.customers.get(company.customers["li"].id).industry is None
    with company.work("li") as work:
        assert work.customers.count() == 0


@IN_MEMORY
def test_an_agent_does_no_more_than_who_delegates(company: Company) -> None:
    """An agent has its own roles, cut down to what its user may do; without one it does nothing."""

    def agent(delegator: User | None) -> User:
        with company.as_program() as work:
            return work.users.add(
                User(
                    id=UserId(work.new_id()),
                    name="agent",
                    kind=UserKind.AGENT,
                    roles=("administrator",),
                    delegator_id=None if delegator is None else delegator.id,
                )
            )

    for delegator, expected in (
        (company.people["wang"], 1),
        (company.people["root"], 2),
        (None, 0),
    ):
        actor = agent(delegator)
        with company.guarded.work(by=str(actor.id), tenant="acme") as work:
            assert work.customers.count() == expected


@IN_MEMORY
def test_a_deputy_acts_on_the_records_of_who_is_away(company: Company) -> None:
    """From the first instant of the absence to just before the last, and no longer."""
    li, zhao = company.people["li"], company.people["zhao"]
    with company.as_program() as work:
        begin = work.now - timedelta(days=1)
        absences.note_absence(work, zhao.id, begin - timedelta(days=9), begin, deputy=li.id)
        absences.note_absence(work, zhao.id, work.now + timedelta(days=1), deputy=li.id)
    with company.work("li") as work:
        assert work.customers.count() == 1
    with company.as_program() as work:
        absences.note_absence(work, zhao.id, begin, deputy=li.id)
    with company.work("li") as work:
        assert work.customers.count() == 2
    with company.as_program() as work:
        (ended,) = absences.come_back(work, zhao.id)
        assert ended.ends_at == work.now
    with company.work("li") as work:
        assert work.customers.count() == 1


@IN_MEMORY
def test_merging_is_a_right_for_both_records(company: Company) -> None:
    """Who may merge one of two records only is refused; the shares of the loser end."""
    li, zhao = company.customers["li"].id, company.customers["zhao"].id
    refused(company, "wang", lambda work: merging.merge_customers(work, li, zhao))
    with company.work("root") as work:
        share_record(work, company.customers["zhao"], company.people["mei"], reason="x")
    with company.work("root") as work:
        merged = merging.merge_customers(work, li, zhao)
    assert merged.owner_id == company.people["li"].id
    with company.as_program() as work:
        (share,) = work.shares.find()
        assert not share.is_open(work.now)


@IN_MEMORY
def test_a_changeset_is_told_as_far_as_it_is_seen(company: Company) -> None:
    """Of a changeset a reader learns the changes of records that they see."""
    with company.as_program() as work:
        for name in ("li", "zhao"):
            parties.update_customer(work, company.customers[name].id, industry="软件")
        changeset = work.changeset_id
    with company.work("li") as work:
        (change,) = changes_of(work, changeset)
        assert change.record_id == company.customers["li"].id
    with pytest.raises(NotFound), company.work("mei") as work:
        changes_of(work, work.new_id())


@IN_MEMORY
def test_a_new_record_refers_to_what_its_writer_sees(company: Company) -> None:
    """A reference to a record of somebody else is refused in the words of one that never was."""

    def refer(to: CustomerId) -> Callable[[UnitOfWork], Any]:
        return lambda work: work.customers.add(
            Customer(id=CustomerId(work.new_id()), name="x", parent_id=to)
        )

    foreign = company.customers["zhao"].id
    with company.as_program() as work:
        missing = CustomerId(work.new_id())
    hidden, absent = (refused(company, "li", refer(one)) for one in (foreign, missing))
    assert str(hidden) == str(absent).replace(str(missing), str(foreign))
