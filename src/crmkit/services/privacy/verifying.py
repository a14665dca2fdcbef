"""Looking for what an erasure may have left: in every field of every row of the tenant."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import attrs

from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All
from crmkit.domain.privacy.traces import Traces, plain_row, texts_in
from crmkit.ports import Action
from crmkit.services.log_rows import paged
from crmkit.services.privacy import blanking_cases, blanking_rows
from crmkit.services.privacy.people import Links, persons_in, records_about
from crmkit.work import UnitOfWork

VERIFY_ERASED = Action("person:verify", "Look for an erased person", zh="核查删除结果", right=None)


@attrs.frozen
class Leftover:
    """A place that still tells about an erased person; it names the place, not the value."""

    entity: str
    record_id: UUID
    path: str


def verify_erased(
    work: UnitOfWork, links: Links, traces: Traces | Iterable[str] = ()
) -> tuple[Leftover, ...]:
    """Return the places that still tell about an erased person; none is what one hopes for.

    By the links alone it is looked whether the person's records, those about the person and their
    changes are blank. With `traces`, those of the erasure or texts such as a phone number or a
    name, every text of every row is searched: folded, phones and e-mails also by their keys. A name
    that others have is found with them too; what is to be done there, a person decides.
    """
    work.permit(VERIFY_ERASED)
    known = traces if isinstance(traces, Traces) else Traces.of(traces)
    found = dict.fromkeys((*_not_blank(work, links, known), *_named(work, known)))
    return tuple(found)


def _not_blank(work: UnitOfWork, links: Links, traces: Traces) -> Iterator[Leftover]:
    for spec, persons in persons_in(work, links):
        yield from _differing(spec, blanking_rows.blank_persons(work, spec, persons))
        yield from _changes(work, spec, persons, traces)
        yield from _cases(work, spec, persons, traces)
    for spec, records in records_about(work, links):
        yield from _differing(spec, blanking_rows.blank_about(work, spec, records, traces))
        yield from _changes(work, spec, records, traces)
        yield from _cases(work, spec, records, traces)


def _cases(
    work: UnitOfWork, spec: EntitySpec, records: list[Any], traces: Traces
) -> Iterator[Leftover]:
    """Look into the approvals of records and their changes."""
    with work.storing() as session:
        for cases in blanking_cases.cases_about(session, [record.id for record in records]):
            pairs = blanking_cases.blank_cases(work, spec, cases, traces)
            yield from _differing(blanking_cases.CASE, pairs)
            for page in blanking_cases.blank_case_changes(work, session, spec, cases, traces):
                yield from _differing(blanking_rows.CHANGE, page)


def _changes(
    work: UnitOfWork, spec: EntitySpec, records: list[Any], traces: Traces
) -> Iterator[Leftover]:
    with work.storing() as session:
        for page in blanking_rows.blank_changes(work, session, spec, records, traces):
            yield from _differing(blanking_rows.CHANGE, page)


def _differing(spec: EntitySpec, pairs: blanking_rows.Pairs) -> Iterator[Leftover]:
    for was, blank in pairs:
        for name in spec.parts:
            if getattr(was, name) != getattr(blank, name):
                yield Leftover(spec.name, was.id, name)


def _named(work: UnitOfWork, traces: Traces) -> Iterator[Leftover]:
    """Search every text of every row."""
    for spec in tuple(work.registry):
        with work.storing() as session:
            for page in paged(session, spec, All()):
                for row in page:
                    plain = plain_row(spec.parts, row)
                    for path, text in texts_in(plain):
                        if traces.are_in(text):
                            yield Leftover(spec.name, row.id, path)
