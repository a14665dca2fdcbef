"""Taking records over from another system as they stand there: won, sent, accepted, approved."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.filters.where import where
from crmkit.domain.imports.attestation import Attestation, AttestationId, Origin
from crmkit.domain.privacy.audit import AuditKind
from crmkit.ports import Action
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

TAKE_OVER = Action(
    "record:take_over",
    "Take records over from another system as they stand there",
    zh="按原状态承接外部系统的记录",
    right=None,
)


@contextmanager
def taking_over(work: UnitOfWork, origin: Origin, *classes: type[Aggregate]) -> Generator[None]:
    """Let new records of these classes come in as they stood elsewhere, whatever the steps say.

    Neither approvals nor the criteria and reasons of a pipeline are asked for; all other rules
    hold, and so do these from the next change on. Each record gets an `Attestation`, and the audit
    log an entry.
    """
    for cls in classes:
        work.permit(TAKE_OVER, on=cls)
    with work.takeover.opened(*classes) as taken:
        yield
        attested = [_attestation(work, origin, spec.name, one) for one, spec in taken.items()]
        work.behind(Attestation).insert_many(attested)
        if attested:
            links = [f"{one.entity}:{one.record_id}" for one in attested]
            told = {"system": origin.system, "said_by": origin.said_by, "reason": origin.reason}
            write_down(work, AuditKind.TAKE_OVER, TAKE_OVER, about=links, payload=told)


def take_over(work: UnitOfWork, records: Iterable[Any], origin: Origin) -> list[Any]:
    """Take new records over as they stand; returns them as they are kept.

    Raises `NeverTakenOver` for what only comes about here, such as an approval.
    """
    given = list(records)
    classes = dict.fromkeys(type(record) for record in given)
    with taking_over(work, origin, *classes):
        return [work.of(type(record)).add(record) for record in given]


def attestation_of(work: UnitOfWork, record: Aggregate) -> Attestation | None:
    """Return who vouches for a record that was taken over, None for one that came about here."""
    seen = work.of(type(record)).get(record.id, removed=True)
    found = work.behind(Attestation).first(where(Attestation).record_id.eq(seen.id))
    return None if found is None else work.shown(found)


def _attestation(work: UnitOfWork, origin: Origin, entity: str, record_id: Any) -> Attestation:
    made = Attestation(
        id=AttestationId(work.new_id()),
        entity=entity,
        record_id=record_id,
        system=origin.system,
        said_by=origin.said_by,
        reason=origin.reason,
        attested_at=work.now,
    )
    return made.attest()
