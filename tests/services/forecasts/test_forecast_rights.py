"""Who sees what of the forecast under the ready roles: one's own, one's unit, everything."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.money import Money
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.errors import NotFound, NotPermitted
from crmkit.services import sales
from crmkit.services.access import apply_policy
from crmkit.services.forecasts import quotas, reporting, snapshots
from crmkit.work.policies import Policies
from tests.services.stopped_clock import Stopped

Q2 = Span.quarter(2026, 2)
OPEN = ForecastCategory.PIPELINE
PEOPLE = {
    "boss": ("head", "sales_manager"),
    "south_manager": ("south", "sales_manager"),
    "li": ("south", "salesperson"),
    "wang": ("south", "salesperson"),
    "zhao": ("north", "salesperson"),
    "wu": ("head", "finance"),
    "ma": ("head", "marketing"),
}
SOLD = {"li": ("100", "CNY"), "wang": ("30", "CNY"), "zhao": ("1000", "USD")}


def yuan(amount: str) -> Money:
    """Return an amount of yuan."""
    return Money(amount, "CNY")


class Firm:
    """Two regions below a head office, with a deal of each seller."""

    def __init__(self, url: str, tenant: str) -> None:
        """Set up people and deals freely, then let the ready roles decide."""
        self.tenant, self.clock = tenant, Stopped(datetime(2026, 5, 4, 9, tzinfo=UTC))
        self.free = CRM.open(url, plugin_names=(), clock=self.clock)
        with self.free.work(by="it", tenant=tenant) as work:
            self.units = self._units(work)
            self.ids = {
                name: work.users.add(
                    User(
                        id=UserId(work.new_id()),
                        name=name,
                        unit_id=self.units[unit],
                        roles=(role,),
                    )
                ).id
                for name, (unit, role) in PEOPLE.items()
            }
            self.pipeline = sales.define_pipeline(work, "机床").id
            sales.set_exchange_rate(work, "USD", "CNY", Decimal(7), day=date(2026, 1, 1))
            self.deals = {
                name: self._deal(work, name, Money(*value)) for name, value in SOLD.items()
            }
            apply_policy(work, STANDARD)
        self.crm = CRM(self.free.storage, access=Policies(), clock=self.clock)

    def _units(self, work: Any) -> dict[str, UnitId]:
        head = work.units.add(Unit(id=UnitId(work.new_id()), name="head")).id
        found = {"head": head}
        for name in ("south", "north"):
            unit = Unit(id=UnitId(work.new_id()), name=name, parent_id=head)
            found[name] = work.units.add(unit).id
        return found

    def _deal(self, work: Any, owner: str, value: Money) -> Any:
        deal = sales.open_deal(
            work, name=owner, pipeline=self.pipeline, value=value, owner=self.ids[owner]
        )
        return sales.update_deal(work, deal.id, expected_on=date(2026, 6, 1))

    def run(self, by: str, service: Any, *args: Any, **named: Any) -> Any:
        """Run a service as one of them."""
        with self.crm.work(by=str(self.ids[by]), tenant=self.tenant) as work:
            return service(work, *args, **named)


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    made = Firm(ready_url, tenant)
    with made.free:
        yield made


def test_each_sees_the_forecast_of_what_is_theirs(firm: Firm) -> None:
    """A salesperson sees their own deals, a manager those of the unit and below, finance all."""
    seen = {"li": "100", "wang": "30", "zhao": "7000", "south_manager": "130"}
    for name, amount in (*seen.items(), ("boss", "7130"), ("wu", "7130")):
        found = firm.run(name, reporting.forecast, Q2, into="CNY")
        assert found.sum(OPEN).amount == yuan(amount), name
        (first, *_rest) = firm.run(name, reporting.funnel, firm.pipeline, into="CNY")
        aged = firm.run(name, reporting.age_deals, into="CNY")
        assert first.amount == aged[0].amount == yuan(amount), name
    with pytest.raises(NotPermitted):
        firm.run("ma", reporting.forecast, Q2, into="CNY")


def test_snapshots_and_movements_tell_no_more_than_the_deals(firm: Firm) -> None:
    """A snapshot of the head holds every line; each reads the movement of what is theirs."""
    first = firm.run("boss", snapshots.take_snapshot, "19", into="CNY")
    firm.clock.at = datetime(2026, 5, 11, 9, tzinfo=UTC)
    for name in ("li", "zhao"):
        firm.run(name, sales.win_deal, firm.deals[name].id)
    second = firm.run("boss", snapshots.take_snapshot, "20", into="CNY")
    sums = {"li": ("100", "0"), "wang": ("30", "30"), "south_manager": ("130", "30")}
    for name, (opening, closing) in (*sums.items(), ("boss", ("7130", "30"))):
        told = firm.run(name, snapshots.movement, first.id, second.id, Q2)
        assert (told.opening, told.closing) == (yuan(opening), yuan(closing)), name
    with pytest.raises(NotPermitted):
        firm.run("li", snapshots.take_snapshot, "21", into="CNY")


def test_quotas_and_judgements_are_the_manager_s(firm: Firm) -> None:
    """A seller reads their own quota and attainment; only managers set and judge."""
    quota = firm.run("boss", quotas.set_quota, yuan("200"), Q2, user=firm.ids["li"])
    firm.run("li", sales.win_deal, firm.deals["li"].id)
    assert firm.run("li", quotas.attainment, quota.id).percent == 50
    with pytest.raises(NotFound):
        firm.run("wang", quotas.attainment, quota.id)
    judge = (quotas.judge_forecast, firm.units["south"], Q2, OPEN, yuan("20"))
    with pytest.raises(NotPermitted):
        firm.run("li", *judge, reason="x")
    with pytest.raises(NotPermitted):
        firm.run("li", quotas.set_quota, yuan("1"), Q2, user=firm.ids["li"])
    firm.run("south_manager", *judge, reason="客户推迟")
    told = firm.run("boss", quotas.unit_forecast, firm.units["head"], Q2, into="CNY").call(OPEN)
    assert (told.summed, told.expected) == (yuan("7030"), yuan("7020"))
