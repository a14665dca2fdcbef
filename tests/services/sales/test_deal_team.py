"""Around a deal: who takes part, who shares it, three chances kept apart, what comes next."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.ids import UuidSequence
from crmkit.domain.money import Money
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.deal_parts import (
    Competitor,
    Evidence,
    Period,
    Recurring,
    Split,
)
from crmkit.domain.sales.stakeholder import Influence, Stance
from crmkit.errors import Duplicate, InvalidValue, NotFound
from crmkit.services import merging, parties, sales

VALUE = Money("100.01", "CNY")
IDS = UuidSequence()
AT = datetime(2026, 11, 24, tzinfo=UTC)


class Office:
    """A CRM with one deal, and users to share it."""

    def __init__(self, crm: CRM, tenant: str) -> None:
        """Open the deal."""
        self.crm, self.tenant = crm, tenant
        with self.work() as work:
            pipeline = sales.define_pipeline(work, "usual")
            self.deal = sales.open_deal(work, name="CRM", pipeline=pipeline.id, value=VALUE)
            users = [User(id=UserId(work.new_id()), name=name) for name in ("li", "wang", "sun")]
            self.users = [user.id for user in work.users.insert_many(users)]

    def work(self) -> Any:
        """Open a work."""
        return self.crm.work(by="li", tenant=self.tenant)

    def run(self, service: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a service on the deal."""
        with self.work() as work:
            return service(work, self.deal.id, *args, **kwargs)


@pytest.fixture
def office(ready_url: str, tenant: str) -> Iterator[Office]:
    """Give an office on each store in turn."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        yield Office(crm, tenant)


def test_a_deal_keeps_all_that_is_said_about_it(office: Office) -> None:
    """Recurring value, next step, competitors, shares, chances and evidence come back as given."""
    recurring = Recurring(amount=Money("12000", "CNY"), every=Period.YEAR, times=3)
    office.run(sales.update_deal, recurring=recurring)
    office.run(sales.plan_next_step, "寄送样机方案", on=date(2026, 12, 1))
    office.run(sales.name_competitors, Competitor(name="济南机床", strengths="价格"))
    office.run(sales.split_deal, {office.users[0]: 60, office.users[1]: Decimal(40)})
    office.run(sales.predict_deal, 37, model="v1")
    judged = office.run(sales.judge_deal, 80, reason="决策人已同意", until=date(2099, 1, 1))
    proof = (Evidence(kind="contract", reference="HT-1"),)
    won = office.run(sales.win_deal, reason="质量", evidence=proof)
    with office.work() as work:
        assert work.deals.get(won.id) == won
        chances = sales.chances_of(work, judged)
    assert (chances.stage, chances.model, chances.manual, chances.nearest) == (10, 37, 80, 80)
    assert won.split_value() == {
        office.users[0]: Money("60.01", "CNY"),
        office.users[1]: Money("40.00", "CNY"),
    }
    assert (won.recurring.monthly, won.recurring.yearly) == (
        Money("1000", "CNY"),
        Money("12000", "CNY"),
    )
    assert (won.evidence, won.won_reason, won.next_step) == (proof, "质量", "寄送样机方案")


def test_a_judgement_runs_out_and_is_taken_back(office: Office) -> None:
    """Then the model counts, then the stage; a judgement needs a reason."""
    old = office.run(sales.judge_deal, 80, reason="hope", until=date(2020, 1, 1))
    with office.work() as work:
        assert sales.chances_of(work, old).nearest == 10
    kept = office.run(sales.judge_deal, 80, reason="hope")
    taken = office.run(sales.judge_deal, None, reason="")
    with office.work() as work:
        assert [sales.chances_of(work, one).manual for one in (kept, taken)] == [80, None]
    for percent, reason in ((101, "hope"), (50, " ")):
        with pytest.raises(InvalidValue):
            office.run(sales.judge_deal, percent, reason=reason)


def test_people_take_part_once_each_with_role_and_stance(office: Office) -> None:
    """The old id of a merged contact is the one that lives on."""
    with office.work() as work:
        boss, double = (parties.add_contact(work, "王总") for _ in range(2))
        merging.merge_contacts(work, boss.id, double.id)
    who = office.run(sales.involve, double.id, role="决策人", influence=Influence.HIGH)
    assert who.contact_id == boss.id
    with pytest.raises(Duplicate):
        office.run(sales.involve, boss.id)
    with office.work() as work:
        sales.change_stakeholder(work, who.id, stance=Stance.CHAMPION)
    [found] = office.run(sales.stakeholders_of)
    assert (found.role, found.stance) == ("决策人", Stance.CHAMPION)


def test_a_merge_of_two_people_in_one_deal_is_not_stopped_by_it(office: Office) -> None:
    """Both rows lead to the one who lives on."""
    with office.work() as work:
        one, other = (parties.add_contact(work, "王总") for _ in range(2))
    for contact in (one, other):
        office.run(sales.involve, contact.id)
    with office.work() as work:
        merging.merge_contacts(work, one.id, other.id)
    assert {who.contact_id for who in office.run(sales.stakeholders_of)} == {one.id}


def test_shares_go_to_users_and_make_a_whole(office: Office) -> None:
    """99.9 percent, nothing, or a stranger: refused, and the shares stay as they are."""
    first, second, _third = office.users
    for shares in ({first: 99}, {first: Decimal("99.9")}, {first: 100, second: 0}):
        with pytest.raises(InvalidValue) as caught:
            office.run(sales.split_deal, shares)
        assert caught.value.path == "deal.splits"
    with pytest.raises(NotFound):
        office.run(sales.split_deal, {UserId(IDS.next_id(office.deal.opened_at)): 100})
    with pytest.raises(InvalidValue):
        office.deal.split(*(Split(user_id=first, percent=Decimal(50)) for _ in range(2)))
    assert office.run(sales.split_deal, {}).splits == ()


@given(
    parts=st.lists(st.integers(0, 1_000_000), min_size=1, max_size=6),
    is_whole=st.booleans(),
)
def test_shares_are_a_whole_or_refused(parts: list[int], is_whole: bool) -> None:
    """Of any shares, those of more than nothing that are 100 percent together are taken alone."""
    if is_whole:
        parts = [part % 100_000 + 1 for part in parts]
        parts = [1_000_000 - sum(parts[1:]), *parts[1:]]
    percents = [Decimal(part) / 10_000 for part in parts]
    shares = [Split(user_id=UserId(IDS.next_id(AT)), percent=percent) for percent in percents]
    deal = Deal(id=DealId(IDS.next_id(AT)), name="x", stage="s")
    if sum(parts) == 1_000_000 and min(parts) > 0:
        assert sum(one.percent for one in deal.split(*shares).splits) == 100
    else:
        with pytest.raises(InvalidValue):
            deal.split(*shares)


@given(
    cents=st.integers(0, 10**9),
    cuts=st.lists(st.integers(1, 999_999), min_size=0, max_size=8, unique=True),
)
def test_shares_of_a_value_lose_no_cent(cents: int, cuts: list[int]) -> None:
    """Whatever the shares, what people get together is the value."""
    marks = [0, *sorted(cuts), 1_000_000]
    percents = [Decimal(b - a) / 10_000 for a, b in pairwise(marks)]
    shares = [Split(user_id=UserId(IDS.next_id(AT)), percent=percent) for percent in percents]
    value = Money.from_minor(cents, "CNY")
    deal = Deal(id=DealId(IDS.next_id(AT)), name="x", stage="s", value=value).split(*shares)
    assert Money.total(deal.split_value().values(), "CNY") == value
