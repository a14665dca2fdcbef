"""`crmkit demo`: a sample company in a SQLite file, its report in the terminal and as a page."""

import argparse

from crmkit.cli.page import pipeline_page
from crmkit.cli.pipeline_text import pipeline_text
from crmkit.crm import CRM
from crmkit.errors import InvalidSettings
from crmkit.services.reports import report_pipeline
from crmkit.services.sample_company import found_company


def demo(options: argparse.Namespace) -> int:
    """Make the company, print its report, write the page; an existing folder is left alone."""
    folder = options.into
    database, page = folder / "demo.db", folder / "pipeline.html"
    if database.exists():
        raise InvalidSettings(
            f"{database} exists", path="--into", fix="choose another folder or remove it"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with CRM.open(f"sqlite:///{database}") as crm:
        crm.schema.apply()
        with crm.work(by="demo", tenant="main", reason="sample company") as work:
            found_company(work, deals=options.deals)
        with crm.work(by="demo", tenant="main", read_only=True) as work:
            report = report_pipeline(work, zone="Asia/Shanghai")
    page.write_text(pipeline_page(report, "en"), encoding="utf-8")
    print(pipeline_text(report, "en"))
    print(f"\ndatabase  {database}\npage      {page}")
    return 0
