"""Document numbers of crmkit's own plugin."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from crmkit.crm import CRM
from crmkit.errors import InvalidSettings, PluginError, UnknownEntity
from crmkit.plugins import hookimpl
from crmkit.plugins.builtin import YearlyNumbers
from crmkit.services import parties
from crmkit.storage.memory import MemoryStorage
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Stopped

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM in 2026 on each store in turn."""
    clock = Stopped(datetime(2026, 11, 24, tzinfo=UTC))
    with CRM.open(near_url, clock=clock, plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


def number(crm: CRM, entity: str = "deal", tenant: str = "acme") -> str:
    """Take a number."""
    with crm.work(by="li", tenant=tenant) as work:
        return work.next_number(entity)


def test_numbers_count_per_tenant_and_entity(crm: CRM) -> None:
    """Each tenant and each entity begins at one."""
    assert [number(crm), number(crm)] == ["DEAL-2026-000001", "DEAL-2026-000002"]
    assert number(crm, entity="customer") == "CUSTOMER-2026-000001"
    assert number(crm, tenant="other") == "DEAL-2026-000001"


def test_several_numbers_in_one_work(crm: CRM) -> None:
    """One work may take several, one after the other."""
    with crm.work(by="li", tenant="acme") as work:
        taken = [work.next_number("deal") for _number in range(3)]
    assert [text[-1] for text in taken] == ["1", "2", "3"]


@EVERYWHERE
def test_a_work_that_fails_leaves_no_gap(crm: CRM) -> None:
    """Its number is given again."""
    number(crm)
    with crm.work(by="li", tenant="acme") as work:
        assert work.next_number("deal") == "DEAL-2026-000002"
        work.rollback()
    assert number(crm) == "DEAL-2026-000002"


@EVERYWHERE
def test_racing_works_take_different_numbers_without_gaps(crm: CRM) -> None:
    """Eight threads take forty numbers: one to forty, each once; also at the very beginning."""

    def register(work: UnitOfWork) -> str:
        taken = work.next_number("customer")
        parties.register_customer(work, "鲁西", number=taken)
        return taken

    def call(_call: int) -> str:
        taken: str = crm.run(register, by="li", tenant="acme", attempts=1000)
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(call, range(40)))
    assert sorted(taken) == [f"CUSTOMER-2026-{count:06}" for count in range(1, 41)]


def test_a_year_begins_where_the_company_is() -> None:
    """In Shanghai it is 2027 already, and numbers begin anew."""
    clock = Stopped(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    plugins = [YearlyNumbers(zone="Asia/Shanghai", forms={"deal": "商机{year}-{number:03}"})]
    crm = CRM(MemoryStorage(), clock=clock, plugins=plugins)
    assert number(crm) == "商机2026-001"
    clock.at = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert number(crm) == "商机2027-001"


@pytest.mark.parametrize("form", ["{nothing}", "{number:x!}", "{", "{0}", "{number.real.x}"])
def test_a_form_that_cannot_be_written_is_refused_at_once(form: str) -> None:
    """Not only when the first document is numbered."""
    with pytest.raises(InvalidSettings, match=r"forms.deal"):
        YearlyNumbers(forms={"deal": form})


def test_another_plugin_may_number_some_documents() -> None:
    """The first answer counts; None leaves the document to others."""

    class NumbersDeals:
        @hookimpl
        def number_document(self, entity: str) -> str | None:
            """Number deals."""
            return "D-1" if entity == "deal" else None

    crm = CRM(MemoryStorage(), plugins=[NumbersDeals])
    assert number(crm) == "D-1"
    assert number(crm, entity="customer").startswith("CUSTOMER-")


def test_a_number_that_is_no_text_is_an_error_of_the_plugin() -> None:
    """It is named."""

    class Counts:
        @hookimpl
        def number_document(self):
            """Give a number in place of text."""
            return 7

    with pytest.raises(PluginError, match="Counts"):
        number(CRM(MemoryStorage(), plugins=[Counts]))


def test_without_a_plugin_there_are_no_numbers() -> None:
    """The refusal says what to enable; an unknown entity is named."""
    crm = CRM.open("memory:", disable=["crmkit.numbering"], plugin_names=())
    with pytest.raises(InvalidSettings, match=r"crmkit\.numbering"):
        number(crm)
    with pytest.raises(UnknownEntity):
        number(crm, entity="spaceship")
