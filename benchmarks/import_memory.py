"""`python -m benchmarks.import_memory`: the peak memory of importing a CSV file into SQLite.

Every row is read, checked, written with its change log and an outbox message, in an interpreter of
its own; one row in a hundred is wrong and must be reported.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from benchmarks.contact import ACTOR, CURRENCY, TENANT, ContactRow, contacts
from benchmarks.subjects.crmkit_subject import Contact, EveryChange
from crmkit.crm import CRM
from crmkit.domain.entity import Unique, entity
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.services.imports import ImportJob, ImportReport, run_import
from crmkit.services.tables import read_rows

GOAL_MEGABYTES: Final = 150
_PLAIN: Final = (
    "name",
    "job_title",
    "email",
    "phone",
    "stage",
    "score",
    "subscribed",
    "birthday",
    "tags",
)
_NESTED: Final = ("street", "city", "postcode", "country")


@entity("bench_imported", unique=[Unique("email")])
@attrs.frozen(kw_only=True)
class Imported(Contact):
    """The contact of 21 fields, recognised by its e-mail address."""


def write_file(path: Path, rows: int) -> None:
    """Write contacts as CSV; the score of every hundredth is no number."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_PLAIN, "budget", *_NESTED])
        for at, row in enumerate(contacts(rows)):
            writer.writerow(_cells(row, broken=at % 100 == 99))


def import_file(folder: Path) -> dict[str, float]:
    """Import the file of a folder and return counts, seconds and the peak in megabytes."""
    started = time.perf_counter()
    url = f"sqlite:///{folder / 'import.db'}"
    with CRM.open(url, entities=[Imported], plugins=[EveryChange()]) as crm:
        crm.schema.apply()
        table = read_rows(folder / "contacts.csv")
        job = ImportJob(
            mapping=_mapping(), header=table.header, rows=table, content="contacts of the benchmark"
        )
        report: ImportReport = run_import(crm, job, by=ACTOR, tenant=TENANT)
    counts = {str(kind): float(count) for kind, count in report.outcomes.items()}
    seconds = time.perf_counter() - started
    return counts | {"seconds": seconds, "megabytes": _peak_megabytes()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, import it in a fresh interpreter, print; return 1 above the goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.import_memory", description=__doc__)
    parser.add_argument("--rows", type=int, action="append", help="default 100,000")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.folder:
        print(json.dumps(import_file(asked.folder)))
        return 0
    return max([_measure(rows) for rows in asked.rows or [100_000]])


def _measure(rows: int) -> int:
    with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as folder:
        write_file(Path(folder) / "contacts.csv", rows)
        command = [sys.executable, "-m", "benchmarks.import_memory", "--folder", folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        size = (Path(folder) / "contacts.csv").stat().st_size / 2**20
    found = json.loads(done.stdout)
    seconds, megabytes = found.pop("seconds"), found.pop("megabytes")
    counts = ", ".join(f"{count:,.0f} {kind}" for kind, count in found.items() if count)
    print(
        f"{rows:,} rows ({size:.0f} MB): {counts}; {seconds:.1f} s, {rows / seconds:,.0f} rows/s;"
        f" peak {megabytes:.0f} MB, goal {GOAL_MEGABYTES} MB",
        flush=True,
    )
    return 0 if megabytes <= GOAL_MEGABYTES else 1


def _mapping() -> FileMapping:
    plain = [ColumnMapping(field=name, column=name) for name in _PLAIN]
    nested = [ColumnMapping(field=f"address.{name}", column=name) for name in _NESTED]
    budget = ColumnMapping(field="budget", column="budget", currency=CURRENCY)
    return FileMapping(
        file="contacts.csv",
        entity="bench_imported",
        key=("email",),
        columns=(*plain, *nested, budget),
    )


def _cells(row: ContactRow, *, broken: bool) -> list[object]:
    texts = {
        "score": "many" if broken else row.score,
        "subscribed": "yes" if row.subscribed else "no",
        "tags": "; ".join(row.tags),
    }
    plain = [texts.get(name, getattr(row, name)) for name in _PLAIN]
    return [*plain, row.budget[0], *(row.address[name] for name in _NESTED)]


def _peak_megabytes() -> float:
    """Return the most memory this process ever held, since it began as this program."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
