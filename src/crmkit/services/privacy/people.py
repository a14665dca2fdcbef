"""A person in the records: the records that are the person, and those that are about the person."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.composite_kinds import Part
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.lowered import All, Any_, Check, Lowered, Test
from crmkit.domain.kinds import Form
from crmkit.domain.named_kinds import Identity
from crmkit.domain.parties.activity import link_to
from crmkit.domain.parties.merge import Merge
from crmkit.domain.privacy.erasure import NotAPerson
from crmkit.domain.privacy.keeping import keeping_of
from crmkit.ports import Session
from crmkit.services.log_rows import among, compare, equals, leaf_of, paged, rows
from crmkit.work import UnitOfWork

_MERGE: Final = spec_of(Merge)
Links = tuple[str, ...]


def person_links(work: UnitOfWork, person: Aggregate) -> Links:
    """Return links to all records that are the person: the given one, merged ones, converted leads.

    Raises `NotAPerson` for a record that is none.
    """
    must_be_person(work, person)
    found: dict[str, None] = {link_to(person): None}
    waiting = list(found)
    with work.storing() as session:
        while waiting:
            link = waiting.pop()
            for other in _same_person(work, session, link):
                if other not in found:
                    found[other] = None
                    waiting.append(other)
    return tuple(found)


def must_be_person(work: UnitOfWork, record: Aggregate) -> None:
    """Refuse what is no person."""
    spec = work.registry[type(record)]
    if not keeping_of(spec).concerns_person(record):
        raise NotAPerson(
            f"this {spec.name} is no person", path=spec.name, fix="give the contact or lead"
        )


def persons_in(work: UnitOfWork, links: Iterable[str]) -> Iterator[tuple[EntitySpec, list[Any]]]:
    """Bring the records that are the person, also removed ones."""
    for spec, ids in _by_entity(work, links):
        with work.storing() as session:
            yield spec, session.get_many(spec, ids)


def records_about(work: UnitOfWork, links: Links) -> Iterator[tuple[EntitySpec, list[Any]]]:
    """Bring the records that are about the person page by page, also removed ones."""
    for spec in tuple(work.registry):
        found = _about(spec, links)
        if found is None:
            continue
        where, in_json = found
        with work.storing() as session:
            for page in paged(session, spec, where):
                kept = [row for row in page if not in_json or _is_named(spec, row, in_json, links)]
                others = [row for row in kept if f"{spec.name}:{row.id}" not in links]
                if others:
                    yield spec, others


def ids_in(links: Iterable[str], entity: str = "") -> list[UUID]:
    """Return the ids in links, to one entity or to all."""
    parted = (link.partition(":") for link in links)
    return [UUID(record_id) for name, _, record_id in parted if entity in ("", name)]


def _same_person(work: UnitOfWork, session: Session, link: str) -> Iterator[str]:
    name, _, written = link.partition(":")
    spec, record_id = work.registry[name], UUID(written)
    yield from _merged(session, name, record_id)
    for record in session.get_many(spec, [record_id]):
        yield from _leads_to(work, session, spec, record)
    for other in work.registry:
        fields = _ties(other, name)
        if fields:
            where = Any_(tuple(equals(other, field, record_id) for field in fields))
            found = rows(session, other, where)
            yield from (link_to(row) for row in found if keeping_of(other).concerns_person(row))


def _merged(session: Session, party: str, record_id: UUID) -> Iterator[str]:
    took_part = Any_(tuple(equals(_MERGE, side, record_id) for side in ("winner_id", "loser_id")))
    not_undone = Check(leaf_of(_MERGE, "undone_at"), Test.NONE)
    for merge in rows(
        session, _MERGE, All((took_part, equals(_MERGE, "party", party), not_undone))
    ):
        yield f"{party}:{merge.winner_id}"
        yield f"{party}:{merge.loser_id}"


def _leads_to(work: UnitOfWork, session: Session, spec: EntitySpec, record: Any) -> Iterator[str]:
    """Bring the persons to which a record that is a person leads, as a lead to its contact."""
    for field in keeping_of(spec).about:
        target = _target(spec.parts[field])
        value = getattr(record, field)
        if field == "id" or value is None or target not in work.registry:
            continue
        found = session.get_many(work.registry[target], [value])
        keeping = keeping_of(work.registry[target])
        yield from (link_to(row) for row in found if keeping.concerns_person(row))


def _ties(spec: EntitySpec, target: str) -> list[str]:
    """Name the fields by which a person of this entity leads to one of another."""
    about = keeping_of(spec).about
    if "id" not in about:
        return []
    return [name for name in about if name != "id" and _target(spec.parts[name]) == target]


def _about(spec: EntitySpec, links: Links) -> tuple[Lowered, Collection[str]] | None:
    """Return what finds the records of an entity about a person, and fields to look into."""
    tests: list[Lowered] = []
    in_json: list[str] = []
    for name in keeping_of(spec).about:
        part = spec.parts[name]
        if name == "id":
            continue
        if isinstance(part.kind, Identity):
            ids = ids_in(links, part.kind.target or "")
            tests += [among(spec, name, ids)] if ids else []
        elif part.kind.form is Form.TEXTS:
            tests += [compare(spec, name, Test.HAS_ANY, links)] if links else []
        else:
            in_json.append(name)
    if in_json:
        return All(), in_json
    return (Any_(tuple(tests)), ()) if tests else None


def _is_named(spec: EntitySpec, row: Any, fields: Collection[str], links: Links) -> bool:
    """Say whether one of the fields holds the id of the person."""
    written = [json.dumps(spec.parts[name].plain(getattr(row, name))) for name in fields]
    return any(str(record_id) in text for record_id in ids_in(links) for text in written)


def _target(part: Part) -> str:
    return (part.kind.target or "") if isinstance(part.kind, Identity) else ""


def _by_entity(work: UnitOfWork, links: Iterable[str]) -> Iterator[tuple[EntitySpec, list[UUID]]]:
    kept = tuple(links)
    for name in dict.fromkeys(link.partition(":")[0] for link in kept):
        if name in work.registry:
            yield work.registry[name], ids_in(kept, name)
