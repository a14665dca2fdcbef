"""Undo: take back a changeset as far as nobody has built on it since, and say what was kept."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from uuid import UUID

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Change, Operation
from crmkit.domain.entity import EntitySpec
from crmkit.domain.kinds import Json
from crmkit.ports import Action
from crmkit.services.history import CHANGE, no_changeset
from crmkit.services.log_rows import among, equals, rising, rows
from crmkit.services.undo_obstacles import Reference, misfit, references_to, taken
from crmkit.services.undo_plan import Trace, Verdict, by_record, flat, judge, trace, with_values
from crmkit.work import UnitOfWork

Key = tuple[str, UUID]
UNDO = Action(
    "changeset:undo",
    "Take back all that one unit of work committed",
    zh="撤销变更",
    right=Right.RESTORE,
)


@attrs.frozen(kw_only=True)
class Reverted:
    """One record that was taken back: removed, restored, or given back these fields."""

    entity: str
    record_id: UUID
    operation: Operation
    fields: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Kept:
    """A field that stays as it is, or a whole record when `field` is None, and why."""

    entity: str
    record_id: UUID
    field: str | None
    reason: str


@attrs.frozen(kw_only=True)
class Undone:
    """What an undo took back, and what it kept."""

    changeset_id: UUID
    undone: tuple[Reverted, ...]
    kept: tuple[Kept, ...]


def undo(work: UnitOfWork, changeset_id: UUID) -> Undone:
    """Take back a changeset: fields that nobody changed since, records created and removed.

    `crm.undo` opens a work whose cause is the changeset, so that the undo can itself be found and
    undone. The changes are held in memory. Raises `NotFound` for an unknown changeset. What goes
    back to a stage where it stood needs not fit what it takes to enter it.
    """
    with work.stage_rules.lifted():
        return _Undo(work, changeset_id).go()


@attrs.frozen(kw_only=True)
class _Case:
    """One record of the changeset as it is now, and what to do with it."""

    spec: EntitySpec
    done: Trace
    current: Aggregate
    verdict: Verdict

    @property
    def key(self) -> Key:
        return self.spec.name, self.current.id


class _Undo:
    def __init__(self, work: UnitOfWork, changeset_id: UUID) -> None:
        self._work = work
        self._changeset_id = changeset_id
        self._undone: list[Reverted] = []
        self._kept: list[Kept] = []
        self._tellings: list[tuple[EntitySpec, list[UUID]]] = []

    def go(self) -> Undone:
        cases = self._cases()
        if not cases and not self._kept:
            raise no_changeset(self._changeset_id)
        for case in cases:
            self._work.permit(UNDO, on=case.current)
        self._tell_changed_later([case for case in cases if case.verdict.changed_later])
        restored = self._restore([case for case in cases if case.verdict.restore])
        self._give_back([attrs.evolve(c, current=restored.get(c.key, c.current)) for c in cases])
        self._remove([case for case in cases if case.verdict.remove])
        self._take_back_tellings({case.key for case in cases if not case.verdict.changed_later})
        return Undone(
            changeset_id=self._changeset_id,
            undone=tuple(self._undone),
            kept=tuple(self._kept),
        )

    def _cases(self) -> list[_Case]:
        cases: list[_Case] = []
        mine = equals(CHANGE, "changeset_id", self._changeset_id)
        with self._work.storing() as session:
            groups = by_record(rows(session, CHANGE, mine))
        for entity, members in groupby(sorted(groups), key=lambda key: key[0]):
            ids = [record_id for _entity, record_id in members]
            if entity not in self._work.registry:
                for record_id in ids:
                    self._keep((entity, record_id), None, "there is no such entity any more")
                continue
            spec = self._work.registry[entity]
            if spec.cls.only_tells:
                self._tellings.append((spec, ids))
                continue
            seen = self._work.of(spec.cls).look_up(ids, removed=True)
            current = self._work.behind(spec.cls).look_up(ids, removed=True)
            for record_id in ids:
                if record_id not in current:
                    self._keep((entity, record_id), None, "the record was erased")
                if record_id not in seen:
                    continue
                done = trace(spec, groups[entity, record_id])
                record = current[record_id]
                verdict = judge(spec, done, record)
                cases.append(_Case(spec=spec, done=done, current=record, verdict=verdict))
        return cases

    def _take_back_tellings(self, as_left: set[Key]) -> None:
        """Remove the rows that only told of records as they were left, whoever sees the rows.

        Records that went away again within the changeset, or came back to where they were, too.
        """
        taken = as_left - {(one.entity, one.record_id) for one in self._kept if one.field is None}
        for spec, ids in self._tellings:
            rows_of = self._work.behind(spec.cls)
            told = rows_of.look_up(ids).values()
            rows_of.remove_many(row for row in told if (row.entity, row.record_id) in taken)

    def _tell_changed_later(self, cases: Sequence[_Case]) -> None:
        """Name who changed what since."""
        for spec, members in _by_spec(cases):
            wanted = among(CHANGE, "record_id", (case.current.id for case in members))
            with self._work.storing() as session:
                changes = rows(session, CHANGE, wanted, order=rising(CHANGE, "record_version"))
            for case in members:
                since = [
                    change
                    for change in changes
                    if change.entity == spec.name
                    and change.record_id == case.current.id
                    and change.record_version > case.done.version
                ]
                self._tell(case, since)

    def _tell(self, case: _Case, since: Sequence[Change]) -> None:
        names = case.verdict.changed_later
        if case.done.is_new:
            self._keep(case.key, None, f"{', '.join(names)} {_who_changed(names, since)}")
            return
        for name in names:
            self._keep(case.key, name, _who_changed([name], since))

    def _restore(self, cases: Sequence[_Case]) -> dict[Key, Aggregate]:
        """Bring removed records back, unless their unique values are taken by now."""
        restored: dict[Key, Aggregate] = {}
        for spec, members in _by_spec(cases):
            free: list[Aggregate] = []
            for case in members:
                holders = taken(self._work, spec, case.current, None)
                if holders:
                    self._keep(case.key, None, f"another record has its {', '.join(holders)}")
                else:
                    free.append(self._work.shown(case.current))
            for record in self._work.of(spec.cls).restore_many(free):
                restored[spec.name, record.id] = record
                self._revert((spec.name, record.id), Operation.RESTORED)
        return restored

    def _give_back(self, cases: Sequence[_Case]) -> None:
        """Give fields their old values where these still fit."""
        for spec, members in _by_spec(cases):
            changed: list[Aggregate] = []
            for case in members:
                values = self._fitting(case)
                if values:
                    given = with_values(spec, case.current, values)
                    back = self._work.shown(case.current).evolve(**given)
                    changed.append(back.taken_back())
                    self._revert(case.key, Operation.UPDATED, tuple(values))
            self._work.of(spec.cls).save_many(changed)

    def _fitting(self, case: _Case) -> dict[str, Json]:
        values: dict[str, Json] = {}
        held = self._held(case)
        for field in case.verdict.give_back.items():
            reason = held.get(field[0]) or misfit(self._work, case.spec, case.current, field)
            if reason:
                self._keep(case.key, field[0], reason)
            else:
                values[field[0]] = field[1]
        if values and case.current.deleted_at is None:
            proposed = case.current.evolve(**with_values(case.spec, case.current, values))
            for name in taken(self._work, case.spec, proposed, values):
                for given in [given for given in values if given.partition(":")[0] == name]:
                    del values[given]
                    self._keep(case.key, given, "another record has this value by now")
        return values

    def _held(self, case: _Case) -> dict[str, str]:
        """Say of fields that others rest on who refers to the record."""
        rests = [
            (entity, name)
            for entity, names in case.spec.cls.held_by.items()
            for name in names
            if name in case.verdict.give_back
        ]
        if not rests:
            return {}
        found = references_to(self._work, {case.spec.name: [case.current.id]})
        known = {one.entity: one.record_id for one in found}
        return {
            name: f"{entity} {known[entity]} refers to it"
            for entity, name in rests
            if entity in known
        }

    def _remove(self, cases: Sequence[_Case]) -> None:
        """Remove records that were created, unless something else refers to them by now."""
        leaving = self._unreferenced({case.key: case for case in cases})
        for spec, members in _by_spec(leaving):
            latest = self._work.of(spec.cls).look_up([case.current.id for case in members])
            for record in self._work.of(spec.cls).remove_many(latest.values()):
                self._revert((spec.name, record.id), Operation.REMOVED)

    def _unreferenced(self, leaving: dict[Key, _Case]) -> list[_Case]:
        targets: dict[str, list[UUID]] = {}
        for entity, record_id in leaving:
            targets.setdefault(entity, []).append(record_id)
        references = list(references_to(self._work, targets))
        while held := [found for found in references if _holds_back(found, leaving)]:
            for found in held:
                case = leaving.pop((found.target, found.target_id), None)
                if case is not None:
                    reason = f"{found.entity} {found.record_id} refers to it"
                    self._keep(case.key, None, reason)
        return list(leaving.values())

    def _keep(self, key: Key, field: str | None, reason: str) -> None:
        self._kept.append(Kept(entity=key[0], record_id=key[1], field=field, reason=reason))

    def _revert(self, key: Key, operation: Operation, fields: tuple[str, ...] = ()) -> None:
        done = Reverted(entity=key[0], record_id=key[1], operation=operation, fields=fields)
        self._undone.append(done)


def _by_spec(cases: Iterable[_Case]) -> list[tuple[EntitySpec, list[_Case]]]:
    groups: dict[str, tuple[EntitySpec, list[_Case]]] = {}
    for case in cases:
        groups.setdefault(case.spec.name, (case.spec, []))[1].append(case)
    return list(groups.values())


def _holds_back(found: Reference, leaving: Mapping[Key, _Case]) -> bool:
    """Say whether a record that stays refers to one that would leave."""
    target_leaves = (found.target, found.target_id) in leaving
    return target_leaves and (found.entity, found.record_id) not in leaving


def _who_changed(names: Sequence[str], since: Sequence[Change]) -> str:
    for change in reversed(since):
        touched = {**flat(change.before or {}), **flat(change.after)}
        if any(name in touched for name in names):
            return f"changed by {change.by} at {change.at:%Y-%m-%d %H:%M:%S} UTC"
    return "changed since"
