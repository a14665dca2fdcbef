"""Approvals of a person's records: what was submitted is kept with the case, and goes with them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.content import content_hash
from crmkit.domain.changes import plain_record
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All
from crmkit.domain.kinds import Json
from crmkit.domain.privacy.blanking import blanked_plain
from crmkit.domain.privacy.traces import Traces
from crmkit.ports import Session
from crmkit.services.log_rows import among, equals, paged
from crmkit.services.privacy.blanking_rows import CHANGE, Pairs, kept_custom
from crmkit.work import UnitOfWork

CASE: Final = spec_of(Approval)
_HELD: Final = ("content", "changes", "base")
"""What an approval keeps of the record that it is about."""


def cases_about(session: Session, record_ids: Iterable[UUID]) -> Iterator[list[Approval]]:
    """Bring the approvals of some records page by page."""
    ids = tuple(record_ids)
    if ids:
        yield from paged(session, CASE, among(CASE, "record_id", ids))


def proposed(session: Session) -> Iterator[list[Approval]]:
    """Bring the approvals of new records, of which no record may ever have been made."""
    yield from paged(session, CASE, among(CASE, "is_new", (True,)))


def blank_cases(
    work: UnitOfWork, spec: EntitySpec, cases: Iterable[Approval], traces: Traces
) -> Pairs:
    """Tell how approvals of records of an entity forget what is about a person."""
    kept = kept_custom(work, spec)
    return [(case, _blank_case(spec, case, traces, kept)) for case in cases]


def named_in(proposals: Iterable[Approval], traces: Traces) -> Pairs:
    """Tell how approvals of new records lose what leads to this person and to nobody else."""
    pairs = []
    for case in proposals:
        plain = plain_record(CASE, case)
        without = _blank_plain(None, plain, "", traces.only_strong, frozenset()) or plain
        if without != plain:
            pairs.append((case, _revived(case, plain, without)))
    return pairs


def blank_case_changes(
    work: UnitOfWork,
    session: Session,
    spec: EntitySpec | None,
    cases: Iterable[Approval],
    traces: Traces,
) -> Iterator[Pairs]:
    """Tell how the change log of approvals forgets it; without a `spec` only the traces go."""
    kept = frozenset[str]() if spec is None else kept_custom(work, spec)
    ids = [case.id for case in cases]
    for page in paged(
        session, CHANGE, All((equals(CHANGE, "entity", CASE.name), among(CHANGE, "record_id", ids)))
    ):
        pairs: Pairs = []
        for change in page:
            values = (
                _blank_plain(spec, one, str(change.record_id), traces, kept)
                for one in (change.before, change.after)
            )
            before, after = values
            pairs.append((change, attrs.evolve(change, before=before, after=after)))
        yield pairs


def _blank_case(spec: EntitySpec, case: Approval, traces: Traces, kept: frozenset[str]) -> Approval:
    plain = plain_record(CASE, case)
    blank = _blank_plain(spec, plain, str(case.record_id), traces, kept)
    return case if blank is None or blank == plain else _revived(case, plain, blank)


def _blank_plain(
    spec: EntitySpec | None,
    plain: Mapping[str, Json] | None,
    record_id: str,
    traces: Traces,
    kept: frozenset[str],
) -> dict[str, Json] | None:
    if plain is None:
        return None
    blank = dict(plain)
    for name in _HELD:
        if spec is not None and isinstance(blank.get(name), dict):
            blank[name] = blanked_plain(spec, blank[name], record_id, kept_custom=kept)
    without: dict[str, Json] = traces.taken_out_of_json(blank)
    if without.get("content") != plain.get("content"):
        without["content_hash"] = content_hash(without["content"] or {})
    return without


def _revived(case: Approval, plain: Mapping[str, Any], blank: Mapping[str, Any]) -> Approval:
    """Return an approval with the plain values that differ, read back."""
    moved = {
        name: CASE.parts[name].kind.revive(blank[name], name)
        for name in blank
        if blank[name] != plain[name]
    }
    return case.replaced(**moved)
