"""Imports: any number of rows, each accounted for, cut off and gone on with, and undone whole."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.parties.customer import Customer
from crmkit.services import parties, sales
from crmkit.services.imports.report import RowOutcome
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.testing.storage.harness import Place

COLUMNS = {"number": "no", "name": "name", "employees": "people"}
MANY = 1_300


def mapping_of(entity: str, columns: dict[str, str], key: str = "number") -> FileMapping:
    """Return the mapping of a file."""
    listed = tuple(ColumnMapping(field=field, column=column) for field, column in columns.items())
    return FileMapping(file=f"{entity}.csv", entity=entity, key=(key,), columns=listed)


def job_of(rows: Any, entity: str = "customer", columns: dict[str, str] = COLUMNS) -> ImportJob:
    """Return a job."""
    mapping = mapping_of(entity, columns)
    return ImportJob(mapping=mapping, header=tuple(columns.values()), rows=rows, content="1")


def rows(count: int, **wrong: str) -> Iterator[Row]:
    """Bring rows of customers, those of the lines named by `wrong` with another head count."""
    for at in range(2, count + 2):
        people = wrong.get(f"line_{at}", "12")
        yield Row(at, {"no": f"C{at}", "name": f"客户{at}", "people": people})


@pytest.fixture
def place(ready_url: str) -> Iterator[Place]:
    """Give a tenant on each store in turn."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        yield Place(crm, f"t{uuid4().hex}")


def run(place: Place, job: ImportJob) -> Any:
    """Import a file."""
    return run_import(place.crm, job, by="li", tenant=place.tenant)


def test_no_row_stops_the_others_and_none_is_lost(place: Place) -> None:
    """Of 1,300 rows a wrong one in the middle is told with its line; all others are there."""
    report = run(place, job_of(rows(MANY, line_700="many")))
    assert (report.outcomes[RowOutcome.CREATED], report.outcomes[RowOutcome.SKIPPED]) == (
        MANY - 1,
        1,
    )
    assert [(note.line, note.column) for note in report.notes] == [(700, "people")]
    with place.work() as work:
        assert work.customers.count() == MANY - 1


def test_an_import_of_any_size_is_undone(place: Place) -> None:
    """All that 1,300 rows made goes, but for the one that somebody has worked on since."""
    run(place, job_of(rows(MANY)))
    with place.work() as work:
        kept = work.customers.first(where(Customer).number.eq("C9"))
        assert kept is not None
        work.customers.save(kept.evolve(notes="called"))
        [cause] = work.imports.find()
    undone = place.crm.undo_all(cause.id, by="li", tenant=place.tenant)
    with place.work() as work:
        assert [one.number for one in work.customers.find()] == ["C9"]
    assert [one.record_id for part in undone for one in part.kept] == [kept.id]


def test_an_import_that_was_cut_off_goes_on(place: Place) -> None:
    """Started again it takes what is left, and makes nothing twice."""

    def cut(count: int) -> Iterator[Row]:
        yield from rows(count)
        raise ConnectionError("the line is cut")

    with pytest.raises(ConnectionError):
        run(place, job_of(cut(600)))
    report = run(place, job_of(rows(MANY)))
    assert report.resumed_behind == 501
    with place.work() as work:
        assert work.customers.count() == MANY


def test_what_a_new_record_needs_is_told(place: Place) -> None:
    """An empty name, or a column that the file does not have, is told row by row."""
    given = [("", "1"), ("客户", "")]
    lines = [
        Row(at, {"no": f"C{at}", "name": name, "people": people})
        for at, (name, people) in enumerate(given, 2)
    ]
    report = run(place, job_of(lines))
    assert [(note.line, note.column) for note in report.notes] == [(2, "name")]
    columns = {"number": "no", "employees": "people"}
    report = run(place, job_of([Row(2, {"no": "C9", "people": "1"})], columns=columns))
    assert [(note.line, note.column) for note in report.notes] == [(2, "name")]
    with place.work() as work:
        assert [one.number for one in work.customers.find()] == ["C3"]


def test_the_same_file_again_changes_nothing(place: Place) -> None:
    """Rows are recognised by their key, so that nothing comes twice."""
    run(place, job_of(rows(3)))
    again = run(place, job_of(rows(3)))
    assert again.outcomes[RowOutcome.UNCHANGED] == 3
    with place.work() as work:
        assert {customer.version for customer in work.customers.find()} == {1}


def test_what_is_not_there_stops_one_row_alone(place: Place) -> None:
    """A stage or a pipeline that is not there is told by line, the other rows are taken."""
    with place.work() as work:
        pipeline = str(sales.define_pipeline(work, "usual").id)
    columns = {"number": "no", "name": "name", "stage": "stage", "pipeline_id": "pipe"}
    given = [("nowhere", pipeline), ("proposal", pipeline), ("proposal", str(uuid4()))]
    lines = [
        Row(at, {"no": str(at), "name": "a", "stage": stage, "pipe": pipe})
        for at, (stage, pipe) in enumerate(given, 2)
    ]
    report = run(place, job_of(lines, "deal", columns))
    assert [note.line for note in report.notes] == [2, 4]
    with place.work() as work:
        assert [deal.number for deal in work.deals.find()] == ["3"]


def test_a_row_that_fits_two_records_changes_neither(place: Place) -> None:
    """Where two records have the key nobody guesses: the row is told, the others are taken."""
    with place.work() as work:
        twins = [parties.register_customer(work, "客户2") for _ in range(2)]
    mapping = mapping_of("customer", COLUMNS, key="name")
    job = ImportJob(mapping=mapping, header=tuple(COLUMNS.values()), rows=rows(2), content="1")
    report = run(place, job)
    assert [(note.line, note.column) for note in report.notes] == [(2, "name")]
    with place.work() as work:
        assert [work.customers.get(twin.id).employees for twin in twins] == [None, None]
        assert work.customers.count() == 3
