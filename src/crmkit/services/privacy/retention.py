"""Retention: what was kept long enough goes, in small works that can stop and go on anywhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import attrs

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec, Registry
from crmkit.domain.filters.lowered import All, Lowered, Test
from crmkit.domain.kinds import Day
from crmkit.domain.privacy.audit import AuditKind
from crmkit.domain.privacy.blanking import blanked
from crmkit.domain.privacy.erasure import LEGAL_HOLD, ErasureHeld
from crmkit.domain.privacy.keeping import keeping_of
from crmkit.domain.privacy.terms import Ending, Retention
from crmkit.ports import Action, Actor
from crmkit.services.log_rows import compare, rising, rows
from crmkit.services.privacy.blanking_rows import kept_custom
from crmkit.services.privacy.erasing import blank_records, delete_records, erase_links
from crmkit.services.privacy.people import person_links
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

RUN_RETENTION = Action(
    "retention:run", "Erase what was kept long enough", zh="执行保存期限", right=None
)
SIZE: Final = 50
"""How many records one work takes."""
R = TypeVar("R")
Policy = Mapping[str, Retention]


class RunsServices(Protocol):
    """What a retention run asks of the CRM."""

    @property
    def registry(self) -> Registry:
        """Return the entities."""
        ...

    def run(
        self, service: Callable[..., R], *args: Any, by: Actor | str, tenant: str, reason: str
    ) -> R:
        """Run a service in a work of its own, again after a conflict."""
        ...


@attrs.frozen(kw_only=True)
class Due:
    """How many records of an entity were kept long enough, and what becomes of them."""

    entity: str
    then: Ending
    records: int


@attrs.frozen
class _Step:
    """One entity on its way: its retention, and the record behind which the next work begins."""

    entity: str
    retention: Retention
    beyond: UUID | None = None


def plan_retention(work: UnitOfWork, policy: Policy | None = None) -> tuple[Due, ...]:
    """Say what a run would do now, and do nothing; `policy` overrides what entities declare."""
    work.permit(RUN_RETENTION)
    return tuple(
        due for step in _steps(work.registry, policy or {}) if (due := _count(work, step)).records
    )


def run_retention(
    crm: RunsServices,
    *,
    by: Actor | str,
    tenant: str,
    policy: Policy | None = None,
    size: int = SIZE,
) -> tuple[Due, ...]:
    """Erase what was kept long enough, `size` records a work; return what was done.

    Each work is whole and audited; when the run stops half-way, start it again: what is done is
    not due any more. A person is erased as by `erase_person`, merged records and logs included; of
    a record about people the personal fields go; a record that ends is deleted with its history.
    Records with the tag `legal-hold` stay.
    """
    done: list[Due] = []
    for first in _steps(crm.registry, policy or {}):
        step: _Step | None = first
        count = 0
        while step is not None:
            marks: dict[str, Any] = {"by": by, "tenant": tenant, "reason": "retention"}
            ended, step = crm.run(_take, step, size, **marks)
            count += ended
        if count:
            done.append(Due(entity=first.entity, then=first.retention.then, records=count))
    return tuple(done)


def _take(work: UnitOfWork, step: _Step, size: int) -> tuple[int, _Step | None]:
    """End some records; return how many, and where to go on, None at the end."""
    work.permit(RUN_RETENTION)
    spec = work.registry[step.entity]
    found, behind = _due(work, step, 1 if spec.cls is User else size)
    ended = _end(work, spec, step.retention, found) if found else 0
    if ended:
        told = {"entity": spec.name, "then": str(step.retention.then), "records": ended}
        write_down(work, AuditKind.RETENTION, RUN_RETENTION, about=found, payload=told)
    return ended, None if behind is None else attrs.evolve(step, beyond=behind)


def _end(work: UnitOfWork, spec: EntitySpec, retention: Retention, found: Sequence[Any]) -> int:
    if retention.then is Ending.DELETE:
        delete_records(work, spec, found)
        return len(found)
    if "id" not in keeping_of(spec).about:
        blank_records(work, spec, found)
        return len(found)
    try:
        _erase(work, found)
    except ErasureHeld:
        return sum(_erase_free(work, person) for person in found)
    return len(found)


def _erase(work: UnitOfWork, persons: Sequence[Any]) -> None:
    links = (link for person in persons for link in person_links(work, person))
    erase_links(work, tuple(dict.fromkeys(links)), under=RUN_RETENTION)


def _erase_free(work: UnitOfWork, person: Any) -> bool:
    """Erase a person unless a record of theirs is held."""
    try:
        _erase(work, [person])
    except ErasureHeld:
        return False
    return True


def _count(work: UnitOfWork, step: _Step) -> Due:
    records, walked = 0, step
    while True:
        found, behind = _due(work, walked, SIZE)
        records += len(found)
        if behind is None:
            return Due(entity=step.entity, then=step.retention.then, records=records)
        walked = attrs.evolve(walked, beyond=behind)


def _due(work: UnitOfWork, step: _Step, size: int) -> tuple[list[Any], UUID | None]:
    """Return due records that have something left to erase, and the last one looked at."""
    spec = work.registry[step.entity]
    parts: list[Lowered] = [_is_old(spec, step.retention, work.now)]
    if step.beyond is not None:
        parts.append(compare(spec, "id", Test.GT, step.beyond))
    with work.storing() as session:
        page = rows(session, spec, All(tuple(parts)), order=rising(spec), limit=size)
    kept = kept_custom(work, spec)
    found = [
        record
        for record in page
        if LEGAL_HOLD not in record.tags and _is_left(spec, step.retention, record, kept)
    ]
    return found, page[-1].id if page else None


def _is_old(spec: EntitySpec, retention: Retention, now: datetime) -> Lowered:
    limit = now - retention.span
    is_day = isinstance(spec.part(retention.after).kind, Day)
    return compare(spec, retention.after, Test.LT, limit.date() if is_day else limit)


def _is_left(spec: EntitySpec, retention: Retention, record: Any, kept: frozenset[str]) -> bool:
    """Say whether there is anything to end: of an organisation there is not."""
    if retention.then is Ending.DELETE:
        return True
    keeping = keeping_of(spec)
    if "id" in keeping.about and not keeping.concerns_person(record):
        return False
    return bool(blanked(spec, record, kept_custom=kept) != record)


def _steps(registry: Registry, policy: Policy) -> Iterator[_Step]:
    for spec in tuple(registry):
        retention = policy.get(spec.name, keeping_of(spec).retention)
        if retention is not None and issubclass(spec.cls, Aggregate):
            spec.part(retention.after)
            yield _Step(spec.name, retention)
