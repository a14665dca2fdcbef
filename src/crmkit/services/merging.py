"""Merging: two records of one customer or person become one, and can be taken apart again."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import differences
from crmkit.domain.composite_kinds import Documents, Many
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.named_kinds import Identity
from crmkit.domain.parties.activity import Activity, link_to
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.parties.merge import Merge, MergeId
from crmkit.errors import InvalidValue
from crmkit.ports import Action
from crmkit.work import UnitOfWork

MERGE = Action("party:merge", "Make two records of one party one")
UNMERGE = Action("party:unmerge", "Take a merge apart")

P = TypeVar("P", Customer, Contact)
_OWN = frozenset(
    {"id", "tenant", "version", "created_at", "created_by", "updated_at", "updated_by"}
    | {"deleted_at", "merged_into_id", "match_keys"}
)


def merge_customers(
    work: UnitOfWork,
    winner_id: CustomerId,
    loser_id: CustomerId,
    *,
    choices: Mapping[str, str] | None = None,
) -> Customer:
    """Make two customers one; see `merge_contacts` for what happens to the fields."""
    winner, loser = work.customers.get(winner_id), work.customers.get(loser_id)
    return _merge(work, winner, loser, choices or {})


def merge_contacts(
    work: UnitOfWork,
    winner_id: ContactId,
    loser_id: ContactId,
    *,
    choices: Mapping[str, str] | None = None,
) -> Contact:
    """Make two contacts one: the winner lives on, the loser is removed and leads to it.

    `choices` says per field whose value to take, `winner` or `loser`. Without a choice the winner's
    value stays where it has one, and lists are joined. Whatever pointed to the loser points to the
    winner. All of it is kept in a journal, so `unmerge` can take it back.
    """
    winner, loser = work.contacts.get(winner_id), work.contacts.get(loser_id)
    return _merge(work, winner, loser, choices or {})


def unmerge(work: UnitOfWork, merge_id: MergeId) -> tuple[Aggregate, Aggregate]:
    """Take a merge apart; returns the winner and the loser, both live.

    A field of the winner goes back to what it was unless somebody changed it after the merge; a
    reference goes back to the loser unless it was turned elsewhere since.
    """
    merge = work.merges.get(merge_id)
    work.permit(UNMERGE, on=merge)
    spec = work.registry[merge.party]
    records = work.of(spec.cls)
    winner, loser = records.get(merge.winner_id), records.get(merge.loser_id, removed=True)
    unchanged = {
        name: spec.parts[name].parse(merge.before[name])
        for name, after in merge.after.items()
        if spec.parts[name].plain(getattr(winner, name)) == after
    }
    winner = records.save(winner.evolve(**unchanged))
    loser = records.restore(loser.evolve(merged_into_id=None))
    for entity, record_id, field in merge.moved:
        _turn(work, work.registry[entity], UUID(record_id), field, winner, loser)
    work.merges.save(merge.undo(at=work.now))
    return winner, loser


def _merge(work: UnitOfWork, winner: P, loser: P, choices: Mapping[str, str]) -> P:
    work.permit(MERGE, on=winner)
    work.permit(MERGE, on=loser)
    if winner.id == loser.id:
        raise InvalidValue("a record does not merge with itself", path="loser_id")
    records = work.of(type(winner))
    spec = records.spec
    values = _chosen(spec, winner, loser, choices)
    removed = records.remove(records.save(loser.yield_to(winner)))
    merged = records.save(winner.absorb(removed, values))
    moved = [
        [other.name, str(record.id), field]
        for other, record, field in list(_references(work, spec, loser))
        if _turn(work, other, record.id, field, loser, merged)
    ]
    before, after = differences(spec, winner, merged)
    work.merges.add(
        Merge(
            id=MergeId(work.new_id()),
            party=spec.name,
            winner_id=winner.id,
            loser_id=loser.id,
            before=before,
            after=after,
            moved=moved,
        )
    )
    return work.of(type(winner)).get(merged.id)


def _chosen(
    spec: EntitySpec, winner: Aggregate, loser: Aggregate, choices: Mapping[str, str]
) -> dict[str, Any]:
    for name, choice in choices.items():
        if name in _OWN or choice not in ("winner", "loser"):
            raise InvalidValue(
                f"cannot choose {choice!r}", path=f"choices.{name}", fix="winner or loser"
            )
        spec.part(name)
    values: dict[str, Any] = {}
    for name in spec.parts.keys() - _OWN:
        ours, theirs = getattr(winner, name), getattr(loser, name)
        chosen = choices.get(name)
        taken = theirs if chosen == "loser" else ours
        if chosen is None:
            taken = _joined(spec, name, ours, theirs)
        if taken != ours:
            values[name] = taken
    return values


def _joined(spec: EntitySpec, name: str, ours: Any, theirs: Any) -> Any:
    if isinstance(spec.parts[name].kind, Many | Documents):
        return (*ours, *(item for item in theirs if item not in ours))
    if isinstance(ours, Mapping):
        return {**theirs, **ours}
    return theirs if ours is None else ours


def _references(
    work: UnitOfWork, spec: EntitySpec, record: Aggregate
) -> Iterator[tuple[EntitySpec, Aggregate, str]]:
    """Bring what points to a record: its entity, itself, and the field that points."""
    for other in work.registry:
        if not issubclass(other.cls, Aggregate) or other.cls is Merge:
            continue
        for name, part in other.parts.items():
            points = isinstance(part.kind, Identity) and part.kind.target == spec.name
            if points and name not in ("id", "merged_into_id"):
                found = work.of(other.cls).find(where(other.cls)[name].eq(record.id))
                yield from ((other, one, name) for one in found)
    about = where(Activity).links.has_any([link_to(record)])
    yield from ((work.activities.spec, one, "links") for one in work.activities.find(about))


def _turn(
    work: UnitOfWork,
    spec: EntitySpec,
    record_id: UUID,
    field: str,
    away: Aggregate,
    towards: Aggregate,
) -> bool:
    """Turn one reference from one record to another; False when it no longer points there."""
    records = work.of(spec.cls)
    record = records.look_up([record_id], removed=True).get(record_id)
    if record is None:
        return False
    if isinstance(record, Activity) and field == "links":
        turned: Aggregate = record.relinked({link_to(away): link_to(towards)})
    elif getattr(record, field) == away.id:
        turned = record.evolve(**{field: towards.id})
    else:
        return False
    records.save(turned)
    return turned != record
