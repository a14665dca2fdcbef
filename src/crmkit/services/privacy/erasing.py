"""Erasing a person: out of records, change log, outbox, keys, claims and audit payloads."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Operation
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.privacy.audit import AuditKind
from crmkit.domain.privacy.erasure import LEGAL_HOLD, Erasure, ErasureHeld, PersonErased
from crmkit.domain.privacy.traces import Traces
from crmkit.ports import Action, Session
from crmkit.services.privacy import blanking_cases, blanking_rows
from crmkit.services.privacy.blanking_cases import CASE
from crmkit.services.privacy.blanking_rows import Pairs, Trail
from crmkit.services.privacy.people import (
    Links,
    must_be_person,
    person_links,
    persons_in,
    records_about,
)
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down
from crmkit.work.unsharing import end_shares

ERASE_PERSON = Action(
    "person:erase", "Erase everything about a person", zh="删除个人信息", right=None
)
ERASURE: Final = spec_of(Erasure)


@attrs.frozen(kw_only=True)
class Erased:
    """What an erasure did: the records of the person, how many rows of each kind were changed.

    `traces` are what the person would be recognised by; they are given to `verify_erased` and
    must not be kept.
    """

    links: Links
    rows: Mapping[str, int]
    traces: Traces = attrs.field(repr=False, eq=False)


def erase_person(work: UnitOfWork, person: Aggregate) -> Erased:
    """Erase a person: a contact, a customer who is a person, a lead or a user.

    The records stay, removed and blank, so that deals and figures keep their ties; the change log
    keeps that something happened, not what. Records about the person lose their personal fields
    and every text in which the person is named. All records that were merged into the person's, or
    became it, count as the person.

    It wants a work of its own, whose `reason` says who asked. Raises `NotAPerson`, and
    `ErasureHeld` while one of the records carries the tag `legal-hold`.
    """
    must_be_person(work, person)
    work.permit(ERASE_PERSON, on=person)
    links = person_links(work, person)
    done = erase_links(work, links)
    told = {"rows": dict(done.rows)}
    write_down(work, AuditKind.ERASURE, ERASE_PERSON, about=links, payload=told)
    return done


def erase_links(work: UnitOfWork, links: Links, *, under: Action = ERASE_PERSON) -> Erased:
    """Erase the person whose records these are, under a permission, and write the erase log."""
    work.permit(under)
    work.write_log()
    return _Erasing(work, links).go()


def blank_records(work: UnitOfWork, spec: EntitySpec, records: Sequence[Any]) -> None:
    """Take what is about people out of some records and their history."""
    work.write_log()
    _Erasing(work, ()).blank(spec, records, Traces(), is_person=False)


def delete_records(work: UnitOfWork, spec: EntitySpec, records: Sequence[Any]) -> None:
    """Delete records with their history, their approvals and the unique values that they hold."""
    work.write_log()
    with work.storing() as session:
        for cases in blanking_cases.cases_about(session, [record.id for record in records]):
            for page in blanking_rows.changes_of(session, CASE, cases):
                session.delete_many(blanking_rows.CHANGE, [row.id for row, _gone in page])
            session.delete_many(CASE, [case.id for case in cases])
        for log, pages in (
            (blanking_rows.CHANGE, blanking_rows.changes_of(session, spec, records)),
            (blanking_rows.CLAIM, blanking_rows.claims_of(session, spec, records)),
        ):
            for page in pages:
                session.delete_many(log, [row.id for row, _gone in page])
        session.delete_many(spec, [record.id for record in records])
    work.definitions.changed(spec)


class _Erasing:
    def __init__(self, work: UnitOfWork, links: Links) -> None:
        self._work, self._links = work, links
        self._touched: list[str] = []
        self._counts: Counter[str] = Counter()

    def go(self) -> Erased:
        persons = [(spec, found) for spec, found in persons_in(self._work, self._links) if found]
        _refuse_held(persons)
        traces = self._traces(persons)
        actors = actors_of(found for _spec, several in persons for found in several)
        for spec, found in records_about(self._work, self._links):
            self.blank(spec, found, traces, is_person=False)
        for spec, found in persons:
            self.blank(spec, found, traces, is_person=True)
        with self._work.storing() as session:
            for cases in blanking_cases.proposed(session):
                named = blanking_cases.named_in(cases, traces)
                self._blank_cases(session, None, named, traces.only_strong)
        self._blank_logs(
            Trail(
                links=self._links,
                touched=frozenset(self._touched),
                traces=traces,
                actors=actors,
                at=self._work.now,
            )
        )
        self._write_erasure()
        return Erased(links=self._links, rows=dict(self._counts), traces=traces)

    def _traces(self, persons: Sequence[tuple[EntitySpec, list[Any]]]) -> Traces:
        traces = Traces()
        with self._work.storing() as session:
            for spec, found in persons:
                traces = traces.joined(blanking_rows.person_traces(session, spec, found))
        return traces

    def blank(
        self, spec: EntitySpec, found: Sequence[Any], traces: Traces, *, is_person: bool
    ) -> None:
        """Blank records of one entity, then what the change log and the claims keep of them."""
        work = self._work
        self._touched += [f"{spec.name}:{record.id}" for record in found]
        pairs = (
            blanking_rows.blank_persons(work, spec, found)
            if is_person
            else blanking_rows.blank_about(work, spec, found, traces)
        )
        self._save(spec, pairs, removes=is_person)
        with work.storing() as session:
            for page in blanking_rows.blank_changes(work, session, spec, found, traces):
                self._rewrite(session, blanking_rows.CHANGE, page)
            if is_person:
                for page in blanking_rows.claims_of(session, spec, found):
                    self._rewrite(session, blanking_rows.CLAIM, page)
            for cases in blanking_cases.cases_about(session, [record.id for record in found]):
                pairs = blanking_cases.blank_cases(work, spec, cases, traces)
                self._blank_cases(session, spec, pairs, traces)

    def _blank_cases(
        self, session: Session, spec: EntitySpec | None, pairs: Pairs, traces: Traces
    ) -> None:
        """Blank approvals, and what the change log keeps of them."""
        cases = [case for case, _blank in pairs]
        self._touched += [f"{CASE.name}:{case.id}" for case in cases]
        self._save(CASE, pairs)
        for page in blanking_cases.blank_case_changes(self._work, session, spec, cases, traces):
            self._rewrite(session, blanking_rows.CHANGE, page)

    def _save(self, spec: EntitySpec, pairs: Pairs, *, removes: bool = False) -> None:
        """Save blank records and tell that they were erased; the log gets no values."""
        work = self._work
        moved = [
            blank for was, blank in pairs if was != blank or (removes and was.deleted_at is None)
        ]
        if not moved:
            return
        at = work.now
        news = [
            blank.replaced(
                version=blank.version + 1,
                updated_at=at,
                updated_by=work.actor.id,
                deleted_at=(blank.deleted_at or at) if removes else blank.deleted_at,
            )
            for blank in moved
        ]
        told = PersonErased(links=self._links)
        with work.storing() as session:
            session.save_many(spec, news, [blank.version for blank in moved])
        first = f"{spec.name}:{news[0].id}" in self._links[:1]
        recorded = [news[0].recording(told), *news[1:]] if first else news
        work.wrote(spec, moved, recorded, Operation.ERASED)
        if removes:
            end_shares(work, spec, [new.id for new in news])
        self._counts[spec.name] += len(news)

    def _blank_logs(self, trail: Trail) -> None:
        work = self._work
        with work.storing() as session:
            for spec, pages in (
                (blanking_rows.MESSAGE, blanking_rows.blank_messages(session, trail)),
                (blanking_rows.KEY, blanking_rows.blank_keys(session, trail)),
                (blanking_rows.CHANGESET, blanking_rows.blank_changesets(session, trail)),
                (blanking_rows.ENTRY, blanking_rows.blank_entries(session, trail)),
                (blanking_rows.CHANGE, blanking_rows.blank_actors(session, trail)),
            ):
                for page in pages:
                    self._rewrite(session, spec, page)
            for spec in tuple(work.registry):
                if spec.versioned:
                    for page in blanking_rows.signed_by(session, spec, trail):
                        self._save(spec, page)

    def _rewrite(self, session: Session, spec: EntitySpec, pairs: Pairs) -> None:
        """Put other rows in the place of rows that differ."""
        moved = [(was, now) for was, now in pairs if was != now]
        news = [now for _was, now in moved if now is not None]
        if spec.versioned:
            session.save_many(spec, news, [was.version for was, _now in moved])
        elif moved:
            session.delete_many(spec, [was.id for was, _now in moved])
            session.insert_many(spec, news)
        self._counts[spec.name] += len(moved)

    def _write_erasure(self) -> None:
        work = self._work
        line = Erasure(id=work.new_id(), tenant=work.tenant, at=work.now, links=self._links)
        with work.storing() as session:
            session.insert_many(ERASURE, [line])


def actors_of(persons: Iterable[Any]) -> frozenset[str]:
    """Return the names under which users have acted: their login and their id."""
    users = [person for person in persons if isinstance(person, User)]
    return frozenset(name for user in users for name in (user.login, str(user.id)) if name)


def _refuse_held(persons: Sequence[tuple[EntitySpec, list[Any]]]) -> None:
    for spec, found in persons:
        for record in found:
            if LEGAL_HOLD in record.tags:
                raise ErasureHeld(
                    f"{spec.name} {record.id} must be kept for now",
                    path=f"{spec.name}.tags",
                    fix=f"take the tag {LEGAL_HOLD} off when the matter is over",
                )
