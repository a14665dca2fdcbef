"""A real funnel: 8,000 leads of Olist, 842 of which became sellers, by origin."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit.crm import CRM
from crmkit.domain.parties.lead import Lead, LeadId
from crmkit.services import leads
from crmkit.work import UnitOfWork

BATCH = 100
"""A transaction of MongoDB lasts a minute at most, also on a busy machine."""
EXPECTED = {
    "organic_search": (2296, 271),
    "paid_search": (1586, 195),
    "social": (1350, 75),
    "unknown": (1099, 179),
    "direct_traffic": (499, 56),
    "email": (493, 15),
    "referral": (284, 24),
}


@pytest.mark.parametrize("ready_url", ["sqlite", "postgresql", "mongodb"], indirect=True)
def test_conversion_by_origin_is_exact(ready_url: str, tenant: str, shared: Path) -> None:
    """All leads come in, those that were closed are converted, and each origin counts right."""
    folder = shared / "data" / "olist_funnel"
    with CRM.open(ready_url, plugin_names=()) as crm:
        with crm.work(by="li", tenant=tenant) as work:
            known = _capture(work, folder / "olist_marketing_qualified_leads_dataset.csv")
        closed = _rows(folder / "olist_closed_deals_dataset.csv")
        for start in range(0, len(closed), BATCH):
            with crm.work(by="li", tenant=tenant) as work:
                for row in closed[start : start + BATCH]:
                    leads.convert(work, known[row["mql_id"]])
        with crm.work(by="li", tenant=tenant) as work:
            report = leads.report_conversion(work)
            assert work.customers.count() == 842
    found = {one.source: (one.leads, one.converted) for one in report}
    assert {source: found[source] for source in EXPECTED} == EXPECTED
    assert found[None][0] == 60
    assert tuple(map(sum, zip(*found.values(), strict=True))) == (8000, 842)
    rates = {one.source: round(one.rate, 5) for one in report}
    assert rates["unknown"] == Decimal("0.16288")


def _capture(work: UnitOfWork, path: Path) -> dict[str, LeadId]:
    known: dict[str, LeadId] = {}
    captured: list[Lead] = []
    for row in _rows(path):
        known[row["mql_id"]] = lead_id = LeadId(work.new_id())
        captured.append(Lead(id=lead_id, name=row["mql_id"], source=row["origin"] or None))
    work.leads.insert_many(captured)
    return known


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
