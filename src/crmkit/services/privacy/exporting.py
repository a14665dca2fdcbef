"""Everything about one person, as lines of JSON (GDPR 15 and 20, PIPL 45)."""

import json
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final, TextIO

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Test
from crmkit.domain.kinds import Json
from crmkit.domain.privacy.audit import AuditKind
from crmkit.domain.privacy.traces import plain_row
from crmkit.ports import Action
from crmkit.services.log_rows import among, compare, equals, paged
from crmkit.services.privacy.blanking_cases import CASE, cases_about
from crmkit.services.privacy.blanking_rows import CHANGE, ENTRY, MESSAGE
from crmkit.services.privacy.people import (
    must_be_person,
    person_links,
    persons_in,
    records_about,
)
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

EXPORT_PERSON = Action(
    "person:export", "Hand out everything about a person", zh="导出个人信息", right=None
)
FORMAT: Final = 1
Line = dict[str, Json]


def export_person(work: UnitOfWork, person: Aggregate) -> Generator[Line]:
    """Bring everything about a person line by line; memory stays flat however much there is.

    The first line says of whom and when; then come the records that are the person, those about
    the person (ties, activities, deals, merges, consents), each with its history, its messages and
    its approvals, and the audit entries. The export itself is audited, so the work must be one that
    writes. Raises `NotAPerson`.
    """
    must_be_person(work, person)
    work.permit(EXPORT_PERSON, on=person)
    links = person_links(work, person)
    write_down(work, AuditKind.EXPORT, EXPORT_PERSON, about=links)
    work.write_log()
    return _lines(work, links)


def write_person(work: UnitOfWork, person: Aggregate, stream: TextIO) -> int:
    """Write everything about a person as lines of JSON; return how many."""
    count = 0
    for line in export_person(work, person):
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count


def _lines(work: UnitOfWork, links: tuple[str, ...]) -> Generator[Line]:
    yield {
        "part": "person",
        "format": FORMAT,
        "tenant": work.tenant,
        "at": work.now.isoformat(timespec="milliseconds"),
        "links": list(links),
    }
    for spec, persons in persons_in(work, links):
        yield from _records(work, spec, persons)
    for spec, records in records_about(work, links):
        yield from _records(work, spec, records)
    with work.storing() as session:
        for page in paged(session, ENTRY, compare(ENTRY, "subjects", Test.HAS_ANY, links)):
            yield from (_line("audit", ENTRY, entry) for entry in page)


def _records(work: UnitOfWork, spec: EntitySpec, records: Sequence[Any]) -> Iterator[Line]:
    if not records:
        return
    yield from (_line("record", spec, record) for record in records)
    ids = [record.id for record in records]
    changed = All((equals(CHANGE, "entity", spec.name), among(CHANGE, "record_id", ids)))
    told = among(MESSAGE, "record_key", (f"{spec.name}:{record_id}" for record_id in ids))
    with work.storing() as session:
        for page in paged(session, CHANGE, changed):
            yield from (_line("change", CHANGE, change) for change in page)
        for page in paged(session, MESSAGE, told):
            yield from (_line("message", MESSAGE, message) for message in page)
        for cases in cases_about(session, ids if spec is not CASE else ()):
            yield from _records(work, CASE, cases)


def _line(part: str, spec: EntitySpec, row: Any) -> Line:
    return {"part": part, "entity": spec.name, "data": plain_row(spec.parts, row)}
