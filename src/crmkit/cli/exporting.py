"""`crmkit export`: the records of an entity as CSV, JSON lines or Excel."""

import argparse
import json

from crmkit.cli.progress import Progress
from crmkit.crm import CRM
from crmkit.errors import InvalidFilter
from crmkit.services.exports import export


def export_records(options: argparse.Namespace) -> int:
    """Write the fitting records and say how many there were."""
    where = _filter(options.where)
    with (
        CRM.open(options.db) as crm,
        Progress(options.target.name) as progress,
        crm.work(by=options.by, tenant=options.tenant, read_only=True) as work,
    ):
        rows = export(work, options.entity, options.target, where=where, progress=progress)
    print(f"{options.entity}: {rows:,} rows -> {options.target}")
    return 0


def _filter(written: str | None) -> object:
    if written is None:
        return {"all": []}
    try:
        return json.loads(written)
    except ValueError as broken:
        raise InvalidFilter(str(broken), path="--where", fix="write JSON") from None
