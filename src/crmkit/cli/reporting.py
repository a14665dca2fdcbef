"""`crmkit report`: figures in the terminal, charts on a page."""

import argparse

from crmkit.cli.page import pipeline_page
from crmkit.cli.pipeline_text import pipeline_text
from crmkit.crm import CRM
from crmkit.services.reports import report_pipeline


def report(options: argparse.Namespace) -> int:
    """Print the pipeline report; with `--html` also write its page."""
    with (
        CRM.open(options.db) as crm,
        crm.work(by=options.by, tenant=options.tenant, read_only=True) as work,
    ):
        figures = report_pipeline(work, zone=options.zone)
    if options.html is not None:
        options.html.write_text(pipeline_page(figures, options.language), encoding="utf-8")
    print(pipeline_text(figures, options.language))
    if options.html is not None:
        print(f"\npage  {options.html}")
    return 0
