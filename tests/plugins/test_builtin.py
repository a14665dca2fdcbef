"""The plugins that crmkit brings, each on its own and on every store."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.parties.activity import Activity, ActivityKind, link_to
from crmkit.domain.parties.customer import Customer
from crmkit.domain.sales.deal import Deal
from crmkit.errors import InvalidSettings, PluginError, Vetoed
from crmkit.plugins import hookimpl
from crmkit.plugins.builtin import ChinaBusiness, FollowUps
from crmkit.plugins.builtin.china_business import clean_capital, clean_code, clean_phone
from crmkit.services import parties, sales
from crmkit.services.imports import ImportJob, run_import
from crmkit.services.tables import Row
from crmkit.services.timeline import timeline
from crmkit.storage.memory import MemoryStorage
from crmkit.testing.plugins import PluginContract
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
USCC = "91371500MA3C4A5B6N"


class TestChinaBusiness(PluginContract):
    """Keeps the promises of every plugin."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin."""
        return ChinaBusiness()


class TestFollowUps(PluginContract):
    """Keeps the promises of every plugin."""

    @pytest.fixture
    def plugin(self) -> object:
        """Give the plugin."""
        return FollowUps()


@pytest.fixture
def crm(fresh_url: str) -> Iterator[CRM]:
    """Give a CRM with all of them on each store in turn."""
    plugins = [ChinaBusiness(), FollowUps(language="zh")]
    with CRM.open(fresh_url, plugins=plugins, plugin_names=(), clock=Stopped(NOW)) as crm:
        crm.schema.apply()
        yield crm


def open_work(crm: CRM) -> UnitOfWork:
    """Open a work of one user and tenant."""
    return crm.work(by="li", tenant="acme")


def a_deal(work: UnitOfWork) -> Deal:
    """Open a deal."""
    pipeline = sales.define_pipeline(work, "Sales")
    return sales.open_deal(work, name="阀门", pipeline=pipeline.id, value=Money("98000", "CNY"))


def planned(crm: CRM) -> list[Activity]:
    """Return all activities."""
    with open_work(crm) as work:
        return list(work.activities.find())


def test_new_lead_gets_a_first_call(crm: CRM) -> None:
    """Planned in the same transaction; a lead that is not kept has none."""
    with open_work(crm) as work:
        lead = parties.capture_lead(work, "王芳")
    with open_work(crm) as work:
        parties.capture_lead(work, "nobody")
        work.rollback()
    [call] = planned(crm)
    assert (call.kind, call.subject) == (ActivityKind.CALL, "首次联系：王芳")
    assert (call.links, call.due_at) == ((link_to(lead),), NOW + timedelta(days=1))


def test_won_deal_plans_its_beginning(crm: CRM) -> None:
    """When it is won, not when it is opened; reopened and won again, again."""
    with open_work(crm) as work:
        deal = a_deal(work)
    assert planned(crm) == []
    with open_work(crm) as work:
        sales.win_deal(work, deal.id)
    [task] = planned(crm)
    assert (task.kind, task.subject) == (ActivityKind.TASK, "启动交付：阀门")
    assert (task.links, task.due_at) == ((link_to(deal),), NOW + timedelta(days=3))


def test_lost_deal_is_asked_again_once(crm: CRM) -> None:
    """Through the outbox: after the commit, once however often it is delivered."""
    with open_work(crm) as work:
        deal = a_deal(work)
        sales.lose_deal(work, deal.id, reason="太贵")
    assert planned(crm) == []
    assert crm.deliver_due().failed == 0
    assert crm.deliver_due().failed == 0
    [call] = planned(crm)
    assert (call.kind, call.subject) == (ActivityKind.CALL, "回访：阀门")
    assert call.due_at == NOW + timedelta(days=180)


def test_deal_that_was_reopened_is_not_asked_again(crm: CRM) -> None:
    """What is true when the message arrives counts."""
    with open_work(crm) as work:
        deal = a_deal(work)
        sales.lose_deal(work, deal.id)
    with open_work(crm) as work:
        sales.reopen_deal(work, deal.id)
    assert crm.deliver_due().failed == 0
    assert planned(crm) == []


def test_follow_ups_are_left_out_as_wished() -> None:
    """A span of None plans nothing; an unknown language is refused."""
    quiet = FollowUps(first_call=None, onboarding=None, win_back=None)
    crm = CRM(MemoryStorage(), plugins=[quiet])
    with open_work(crm) as work:
        parties.capture_lead(work, "王芳")
        lost = a_deal(work)
        sales.lose_deal(work, lost.id)
    crm.deliver_due()
    assert planned(crm) == []
    with pytest.raises(InvalidSettings, match="'fr'"):
        FollowUps(language="fr")


def test_every_customer_has_the_fields_of_a_licence(crm: CRM) -> None:
    """Checked, kept, and found like declared ones."""
    with open_work(crm) as work:
        fields = {field.key: field for field in crm.plugins.fields("customer")}
        assert [fields[key].label("zh") for key in fields] == [
            "企业规模",
            "企业性质",
            "注册资本",
            "法定代表人",
        ]
        assert fields["registered_capital"].kind is FieldKind.MONEY
        customer = parties.register_customer(
            work,
            "鲁西科技",
            custom={"enterprise_size": "小型", "registered_capital": Money("5000000", "CNY")},
        )
    with open_work(crm) as work:
        f = work.where(Customer)
        small = f["custom.enterprise_size"].eq("小型")
        rich = f["custom.registered_capital"].ge(Money("5000000", "CNY"))
        assert [found.id for found in work.customers.find(small & rich)] == [customer.id]


def test_imported_numbers_are_clean(crm: CRM) -> None:
    """Whatever their width; other columns and other texts stay as they are."""
    row = {
        "名称": "鲁西（聊城）",
        "统一社会信用代码": "９１３７１５００ＭＡ３Ｃ４Ａ５Ｂ６Ｎ",
        "联系电话": "０６３５ － ８８８ ８８８８",
        "注册资本": "500万元",
    }
    cleaned = crm.plugins.import_row("customer", 2, row)
    assert cleaned["名称"] == "鲁西（聊城）"
    assert cleaned["联系电话"] == "0635-888 8888"
    assert cleaned["注册资本"] == "5000000 CNY"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("500万元", "5000000 CNY"),
        ("1,200.5 万元人民币", "12005000 CNY"),
        ("1.5亿美元", "150000000 USD"),
        ("２万港币", "20000 HKD"),
        ("98000元", "98000 CNY"),
        ("98000", "98000"),
        ("五百万", "五百万"),
        ("", ""),
        ("万元", "万元"),
    ],
)
def test_capitals_are_read_as_people_write_them(text: str, cleaned: str) -> None:
    """With 万 and 亿; what is no such amount stays."""
    assert clean_capital(text) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("０６３５－８８８８８８８", "0635-8888888"),
        ("０６３５ — ８８８", "0635-888"),
        (" 138  0000\u30000000 ", "138 0000 0000"),
        ("+86 138", "+86 138"),
        ("", ""),
    ],
)
def test_telephone_numbers_are_narrow(text: str, cleaned: str) -> None:
    """Full-width digits, dashes of every length and wide blanks."""
    assert clean_phone(text) == cleaned


def test_codes_are_mended_only_where_the_check_agrees() -> None:
    """Letters that look like digits become digits; what stays wrong stays as it was."""
    right = "91350100M000100Y43"
    assert clean_code(right) == right
    assert clean_code("９１３５ ０１００ m000100y43") == right
    assert clean_code("9135OIOOMOOOIOOY43") == right
    assert clean_code("91350100M000100Y44") == "91350100M000100Y44"
    assert clean_code("无") == "无"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "删除客户",
                "企业规模：– → 小型；注册资本：– → 5000000.00 CNY",
                "名称：鲁西 → 鲁西新材；行业：– → 化工",
                "新建客户",
            ],
        ),
        (
            "en",
            [
                "Customer removed",
                "Enterprise size: – → 小型; Registered capital: – → 5000000.00 CNY",
                "name: 鲁西 → 鲁西新材; industry: – → 化工",
                "Customer created",
            ],
        ),
    ],
)
def test_timeline_tells_what_became_of_a_record(crm: CRM, language: str, words: list[str]) -> None:
    """Newest first, in both languages, with the labels of custom fields."""
    with open_work(crm) as work:
        customer = parties.register_customer(work, "鲁西")
    custom: dict[str, Any] = {
        "enterprise_size": "小型",
        "registered_capital": Money("5000000", "CNY"),
    }
    for changes in ({"name": "鲁西新材", "industry": "化工"}, {"custom": custom}):
        with open_work(crm) as work:
            work.customers.save(work.customers.get(customer.id).evolve(**changes))
    with open_work(crm) as work:
        work.customers.remove(work.customers.get(customer.id))
    with open_work(crm) as work:
        told = timeline(work, (Customer, customer.id), language=language)
    assert [one.words for one in told] == words
    assert {one.by for one in told} == {"li"}
    assert {one.at for one in told} == {NOW}


def test_language_that_nobody_speaks_is_told() -> None:
    """Until a plugin speaks it."""

    class Speaks:
        @hookimpl
        def tell_change(self, change: Any, language: str) -> str | None:
            """Tell the number of fields."""
            return f"{len(change.after)} champs" if language == "fr" else None

    for plugins, expected in (([], None), ([Speaks], "champs")):
        crm = CRM(MemoryStorage(), plugins=plugins)
        with open_work(crm) as work:
            customer = parties.register_customer(work, "鲁西")
        with open_work(crm) as work:
            if expected is None:
                with pytest.raises(InvalidSettings, match="'fr'"):
                    timeline(work, customer, language="fr")
            else:
                assert expected in timeline(work, customer, language="fr")[0].words
                assert timeline(work, customer)[0].words == "Customer created"


def test_words_that_are_no_text_are_an_error_of_the_plugin() -> None:
    """It is named."""

    class Counts:
        @hookimpl
        def tell_change(self):
            """Answer a number."""
            return 5

    crm = CRM(MemoryStorage(), plugins=[Counts])
    with open_work(crm) as work:
        customer = parties.register_customer(work, "鲁西")
    with open_work(crm) as work, pytest.raises(PluginError, match="Counts"):
        timeline(work, customer)


def test_long_values_are_cut() -> None:
    """A line stays a line."""
    crm = CRM(MemoryStorage())
    with open_work(crm) as work:
        customer = parties.register_customer(work, "a\nb")
    with open_work(crm) as work:
        work.customers.save(work.customers.get(customer.id).evolve(notes="x" * 500))
    with open_work(crm) as work:
        [told, _created] = timeline(work, customer)
    assert told.words == f"notes: – → {'x' * 59}…"


def test_mended_rows_are_told_and_vetoed_rows_are_left_out() -> None:
    """Each mended cell is a correction, each veto an error of its row; the file goes on."""

    class NoTests:
        @hookimpl
        def import_row(self, values: dict[str, str]) -> None:
            """Refuse customers called Test."""
            if values["名称"] == "Test":
                raise Vetoed("test data stays outside", path="名称")

    columns = {"name": "名称", "number": "编号", "custom.registered_capital": "注册资本"}
    mapping = FileMapping(
        file="a.csv",
        entity="customer",
        key=("number",),
        columns=tuple(ColumnMapping(field=f, column=column) for f, column in columns.items()),
    )
    rows = [
        Row(2, {"名称": "鲁西", "编号": "C1", "注册资本": "５００万元"}),
        Row(3, {"名称": "Test", "编号": "C2", "注册资本": ""}),
        Row(4, {"名称": "光岳", "编号": "C3", "注册资本": "8 CNY"}),
    ]
    memory = CRM(MemoryStorage(), plugins=[ChinaBusiness, NoTests])
    job = ImportJob(mapping=mapping, header=tuple(columns.values()), rows=rows, content="1")
    report = run_import(memory, job, by="li", tenant="acme")
    assert [str(note) for note in report.notes] == [
        "line 2, 注册资本: '５００万元' read as '5000000 CNY'",
        "line 3: 名称: test data stays outside",
    ]
    assert (report.outcomes["created"], report.outcomes["skipped"]) == (2, 1)
    with open_work(memory) as work:
        found = {customer.name: customer.custom for customer in work.customers.find()}
    assert found["鲁西"] == {"registered_capital": Money("5000000", "CNY")}
    assert set(found) == {"鲁西", "光岳"}
