"""Forecast, funnel, ageing, quotas, judgements and snapshots, on each store."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from pymongo import monitoring
from sqlalchemy import Pool, event

from crmkit.crm import CRM
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.forecasts.movement import MoveKind
from crmkit.domain.forecasts.snapshot import SnapshotIsFrozen
from crmkit.domain.money import Money
from crmkit.domain.sales.exchange_rate import ExchangeRateUnknown
from crmkit.domain.sales.stage import ForecastCategory, Stage, StageType
from crmkit.domain.span import Span
from crmkit.errors import InvalidValue
from crmkit.services import sales
from crmkit.services.forecasts import quotas, reporting, snapshots
from tests.services.stopped_clock import Stopped

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
Q2 = Span.quarter(2026, 2)
CATEGORIES = ForecastCategory
STAGES = (
    Stage(name="初步接洽", probability=10),
    Stage(name="方案", probability=50, forecast=CATEGORIES.BEST_CASE),
    Stage(name="谈判", probability=80, forecast=CATEGORIES.COMMIT),
    Stage(name="赢单", probability=100, type=StageType.WON, forecast=CATEGORIES.CLOSED),
    Stage(name="输单", probability=0, type=StageType.LOST, forecast=CATEGORIES.OMITTED),
)


class Firm:
    """A machinery firm in Liaocheng: two units, two sellers, and their deals."""

    def __init__(self, crm: CRM, tenant: str, clock: Stopped) -> None:
        """Set up units, people, a pipeline and a rate of the dollar."""
        self.crm, self.tenant, self.clock = crm, tenant, clock
        with self.work() as work:
            self.head = work.units.add(Unit(id=UnitId(work.new_id()), name="销售部")).id
            south = Unit(id=UnitId(work.new_id()), name="南方区", parent_id=self.head)
            self.south = work.units.add(south).id
            self.li = self._person(work, "李强", self.head)
            self.wang = self._person(work, "王芳", self.south)
            self.pipeline = sales.define_pipeline(work, "机床", STAGES).id
            sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.2"), day=date(2026, 1, 1))

    def _person(self, work: Any, name: str, unit: UnitId) -> UserId:
        return work.users.add(User(id=UserId(work.new_id()), name=name, unit_id=unit)).id  # type: ignore[no-any-return]

    def work(self) -> Any:
        """Open a work."""
        return self.crm.work(by="boss", tenant=self.tenant)

    def run(self, service: Callable[..., Any], *args: Any, **fields: Any) -> Any:
        """Run a service in a work of its own."""
        with self.work() as work:
            return service(work, *args, **fields)

    def deal(self, value: Money, stage: str, owner: UserId, on: date | None) -> Any:
        """Open a deal, bring it to a stage and say when it is expected."""
        with self.work() as work:
            deal = sales.open_deal(
                work, name=f"{stage} {value}", pipeline=self.pipeline, value=value, owner=owner
            )
            deal = sales.update_deal(work, deal.id, expected_on=on)
            return sales.move_deal(work, deal.id, to=stage)


@pytest.fixture
def firm(ready_url: str, tenant: str) -> Iterator[Firm]:
    """Give a firm on each store in turn."""
    clock = Stopped(NOW)
    with CRM.open(ready_url, plugin_names=(), clock=clock) as crm:
        yield Firm(crm, tenant, clock)


def yuan(amount: str) -> Money:
    """Return an amount of yuan."""
    return Money(amount, "CNY")


def sell(firm: Firm) -> list[Any]:
    """Open the deals that the tests are about."""
    june, august = date(2026, 6, 15), date(2026, 8, 1)
    return [
        firm.deal(yuan("1000"), "初步接洽", firm.li, june),
        firm.deal(Money("200", "USD"), "方案", firm.li, june),
        firm.deal(yuan("300"), "谈判", firm.wang, june),
        firm.deal(yuan("500"), "赢单", firm.wang, june),
        firm.deal(yuan("700"), "输单", firm.li, june),
        firm.deal(yuan("900"), "谈判", firm.li, august),
        firm.deal(yuan("40"), "方案", firm.li, None),
    ]


def test_a_forecast_adds_up_by_category_in_one_currency(firm: Firm) -> None:
    """Open deals count as their stage says, won ones are closed, lost and later ones do not."""
    sell(firm)
    found = firm.run(reporting.forecast, Q2, into="CNY")
    assert {one.category: (one.deals, one.amount) for one in found.sums} == {
        CATEGORIES.OMITTED: (0, yuan("0")),
        CATEGORIES.PIPELINE: (1, yuan("1000")),
        CATEGORIES.BEST_CASE: (1, yuan("1440")),
        CATEGORIES.COMMIT: (1, yuan("300")),
        CATEGORIES.CLOSED: (1, yuan("500")),
    }
    assert found.sum(CATEGORIES.BEST_CASE).weighted == yuan("720")
    assert found.undated == 1
    assert found.of({firm.wang}).sum(CATEGORIES.PIPELINE).deals == 0
    assert found.closed_at_frozen_rates == yuan("500")
    with pytest.raises(ExchangeRateUnknown):
        firm.run(reporting.forecast, Q2, into="EUR")


def test_closed_deals_are_told_at_both_rates(ready_url: str, tenant: str) -> None:
    """What was won in dollars stands at the rate of its closing, and at that of today."""
    clock = Stopped(NOW)
    with CRM.open(ready_url, plugin_names=(), clock=clock) as crm:
        firm = Firm(crm, tenant, clock)
        won = firm.deal(Money("100", "USD"), "赢单", firm.li, date(2026, 5, 4))
        with firm.work() as work:
            kept = sales.exchange(work, "USD", "CNY")
            work.deals.save(work.deals.get(won.id).evolve(closing_rate=kept))
            sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.0"), day=date(2026, 5, 3))
        found = firm.run(reporting.forecast, Q2, into="CNY")
    assert found.closed_at_frozen_rates == yuan("720")
    assert found.sum(CATEGORIES.CLOSED).amount == yuan("700")


def test_a_funnel_tells_how_many_came_how_far(firm: Firm) -> None:
    """Each stage counts those that stand there, and with them all that are beyond or won."""
    sell(firm)
    steps = firm.run(reporting.funnel, firm.pipeline, into="CNY")
    assert [(step.stage, step.standing, step.reached) for step in steps] == [
        ("初步接洽", 1, 6),
        ("方案", 2, 5),
        ("谈判", 2, 3),
    ]
    assert steps[1].amount == yuan("1480")


def test_open_deals_are_counted_by_how_long_they_stand(firm: Firm) -> None:
    """The days at a stage fall into bands; one that begins on a band's first day is in it."""
    sell(firm)
    firm.clock.at = datetime(2026, 5, 11, 9, tzinfo=UTC)
    firm.deal(yuan("5"), "谈判", firm.li, None)
    found = firm.run(reporting.age_deals, into="CNY", bands=(7, 30))
    told = {(one.stage, one.from_day, one.to_day): one.deals for one in found}
    assert told == {
        ("初步接洽", 7, 30): 1,
        ("方案", 7, 30): 2,
        ("谈判", 0, 7): 1,
        ("谈判", 7, 30): 2,
    }
    with pytest.raises(InvalidValue, match="rise"):
        firm.run(reporting.age_deals, into="CNY", bands=(30, 7))


def test_quotas_are_reached_by_shares_of_won_deals(firm: Firm) -> None:
    """A share counts for whom it belongs to; a unit counts all below it; setting anew changes."""
    won = sell(firm)[3]
    firm.run(sales.split_deal, won.id, {firm.wang: 60, firm.li: 40})
    firm.run(quotas.set_quota, yuan("999"), Q2, user=firm.wang)
    own = firm.run(quotas.set_quota, yuan("600"), Q2, user=firm.wang)
    whole = firm.run(quotas.set_quota, yuan("400"), Q2, unit=firm.head)
    reached = firm.run(quotas.attainment, own.id)
    assert (reached.won, reached.percent, reached.gap) == (yuan("300"), 50, yuan("300"))
    everybody = firm.run(quotas.attainment, whole.id)
    assert (everybody.won, everybody.percent, everybody.gap) == (yuan("500"), 125, yuan("0"))
    with pytest.raises(InvalidValue, match="one person or one unit"):
        firm.run(quotas.set_quota, yuan("1"), Q2)


def test_a_judgement_stands_beside_the_sum(firm: Firm) -> None:
    """The newest judgement is what is expected, also above; what the deals say stays as it is."""
    sell(firm)
    judge = (quotas.judge_forecast, firm.south, Q2, CATEGORIES.COMMIT)
    firm.run(*judge, yuan("100"), reason="客户推迟验收")
    firm.run(*judge, yuan("250"), reason="已口头确认")
    told = firm.run(quotas.unit_forecast, firm.south, Q2, into="CNY").call(CATEGORIES.COMMIT)
    assert (told.summed, told.expected) == (yuan("300"), yuan("250"))
    assert (told.judgement.by, told.judgement.reason) == ("boss", "已口头确认")
    above = firm.run(quotas.unit_forecast, firm.head, Q2, into="CNY")
    commit = above.call(CATEGORIES.COMMIT)
    assert (commit.summed, commit.expected, commit.judgement) == (yuan("300"), yuan("250"), None)
    assert above.call(CATEGORIES.PIPELINE).expected == yuan("1000")
    with pytest.raises(InvalidValue, match="needs a reason"):
        firm.run(*judge, yuan("1"), reason=" ")


def test_snapshots_tell_how_a_quarter_moved(firm: Firm) -> None:
    """Between two snapshots every yuan is explained, with the rates of their days."""
    deals = sell(firm)
    first = firm.run(snapshots.take_snapshot, "第19周", into="CNY")
    firm.clock.at = datetime(2026, 5, 11, 9, tzinfo=UTC)
    firm.run(sales.set_exchange_rate, "USD", "CNY", Decimal("7.1"))
    firm.run(sales.win_deal, deals[2].id)
    firm.run(sales.update_deal, deals[0].id, value=yuan("1200"))
    firm.run(sales.update_deal, deals[5].id, expected_on=date(2026, 6, 1))
    firm.deal(yuan("80"), "方案", firm.wang, date(2026, 6, 30))
    second = firm.run(snapshots.take_snapshot, "第20周", into="CNY")
    told = firm.run(snapshots.movement, first.id, second.id, Q2)
    assert {kind: money for kind, money in told.steps.items() if money} == {
        MoveKind.NEW: yuan("80"),
        MoveKind.PULLED_IN: yuan("900"),
        MoveKind.UP: yuan("200"),
        MoveKind.WON: yuan("-300"),
        MoveKind.RATE: yuan("-20"),
    }
    assert (told.opening, told.closing) == (yuan("2740"), yuan("3600"))
    with firm.work() as work, pytest.raises(SnapshotIsFrozen):
        work.forecast_snapshots.save(work.forecast_snapshots.get(first.id).evolve(name="x"))


class Listening(monitoring.CommandListener):
    """Counts the aggregations over deals that MongoDB is asked for."""

    def __init__(self) -> None:
        """Begin with none."""
        self.asked: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep what is read from deals."""
        command = event.command
        if event.command_name in ("aggregate", "find", "count", "distinct"):
            self.asked.append(str(command.get(event.command_name)))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing."""


@pytest.fixture
def read_deals() -> Iterator[Callable[[], int]]:
    """Give a function that counts the statements that read deals since it was last asked."""
    statements: list[str] = []
    listener = Listening()
    monitoring.register(listener)

    class Told(psycopg.Cursor[Any]):
        """A cursor that keeps what it is asked."""

        def execute(self, query: Any, *args: Any, **named: Any) -> Any:
            """Keep the statement and carry it out."""
            statements.append(str(query))
            return super().execute(query, *args, **named)

    def keep(driver: Any, *_rest: Any) -> None:
        if isinstance(driver, psycopg.Connection):
            driver.cursor_factory = Told
        else:
            driver.set_trace_callback(statements.append)

    def asked() -> int:
        sql = sum("deal" in one and "GROUP BY" in one for one in statements)
        found = sql + sum(one.endswith("deal") for one in listener.asked)
        statements.clear()
        listener.asked.clear()
        return found

    event.listen(Pool, "checkout", keep)
    yield asked
    event.remove(Pool, "checkout", keep)


def test_each_report_is_one_statement(
    read_deals: Callable[[], int], ready_url: str, tenant: str
) -> None:
    """Forecast, funnel and ageing each ask a store for deals once, however many there are."""
    if ready_url == "memory:":
        pytest.skip("memory has no statements")
    clock = Stopped(NOW)
    with CRM.open(ready_url, plugin_names=(), clock=clock) as crm:
        firm = Firm(crm, tenant, clock)
        sell(firm)
        read_deals()
        firm.run(reporting.forecast, Q2, into="CNY")
        counts = [read_deals()]
        firm.run(reporting.funnel, firm.pipeline, into="CNY")
        counts.append(read_deals())
        firm.run(reporting.age_deals, into="CNY")
        counts.append(read_deals())
    assert counts == [1, 1, 1]
