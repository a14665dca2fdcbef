"""Merging: two records of one customer or person become one, and can be taken apart again."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.showing import shown_values
from crmkit.domain.access.sight import Sight
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import differences
from crmkit.domain.custom_fields import CustomField, FieldKind
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.where import where
from crmkit.domain.kinds import Kind
from crmkit.domain.named_kinds import Identity
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.parties.merge import Merge, MergeId, WinnerWasMerged, joined, taken_back
from crmkit.domain.parties.tenure import MARKS
from crmkit.errors import InvalidValue, NotFound, UnknownField
from crmkit.services.turning import CUSTOM, turn_back, turn_references
from crmkit.work import UnitOfWork

MERGE = Action("party:merge", "Make two records of one party one", zh="合并记录", right=Right.MERGE)
UNMERGE = Action("party:unmerge", "Take a merge apart", zh="取消合并", right=Right.MERGE)
MAX_HOPS: Final = 100

P = TypeVar("P", Customer, Contact)
_OWN: Final = frozenset(
    {"id", "tenant", "version", "created_at", "created_by", "updated_at", "updated_by"}
    | {"deleted_at", "merged_into_id", "match_keys"}
    | set(MARKS)
)


def merge_customers(
    work: UnitOfWork,
    winner_id: CustomerId,
    loser_id: CustomerId,
    *,
    choices: Mapping[str, str] | None = None,
) -> Customer:
    """Make two customers one; see `merge_contacts` for what happens to the fields.

    Where both had a contact who is primary, that of the winner stays so.
    """
    return _merge(work, Customer, (winner_id, loser_id), choices or {})


def merge_contacts(
    work: UnitOfWork,
    winner_id: ContactId,
    loser_id: ContactId,
    *,
    choices: Mapping[str, str] | None = None,
) -> Contact:
    """Make two contacts one: the winner lives on, the loser is removed and leads to it.

    `choices` says per field, a tenant's own as `custom.level`, whose value to take: `winner` or
    `loser`. Without a choice the winner's value stays where it has one, and lists are joined;
    a user or a record above that was removed is not taken over from the loser. Whatever referred
    to the loser refers to the winner. All of it is kept in a journal, so `unmerge` can take it
    back. Raises `CustomerWasMerged` or `ContactWasMerged` for a record that lives on elsewhere.
    """
    return _merge(work, Contact, (winner_id, loser_id), choices or {})


def unmerge(work: UnitOfWork, merge_id: MergeId) -> tuple[Aggregate, Aggregate]:
    """Take a merge apart; returns the winner and the loser, both live.

    A field of the winner goes back to what it was unless somebody changed it after the merge; of
    lists and custom values, each item is looked at by itself; a user or a record that was removed
    since does not come back. A reference goes back to the loser unless it was turned elsewhere
    since. Raises `MergeAlreadyUndone`, `WinnerWasMerged`, and
    `Duplicate` when another record took a unique value of the loser meanwhile.
    """
    merge = work.behind(Merge).get(merge_id)
    spec = work.registry[merge.party]
    cls: type[Customer | Contact] = spec.cls
    records = work.behind(cls)
    seen = work.of(cls).look_up([merge.winner_id, merge.loser_id], removed=True)
    if len(seen) < len({merge.winner_id, merge.loser_id}):
        raise NotFound(f"there is no merge {merge_id}", path="merge.id")
    for record in seen.values():
        work.permit(UNMERGE, on=record)
    undone = merge.undo(at=work.now)
    loser: Any = records.get(merge.loser_id, removed=True)
    winner = _winner(work, merge, cls)
    winner = records.save(winner.evolve(**_without(work, spec, merge, winner)))
    loser = records.restore(loser.part_from(winner))
    turn_back(work, merge.moved, loser, winner)
    work.behind(Merge).save(undone)
    return work.shown(winner), work.shown(loser)


def merges_of(work: UnitOfWork, record: Customer | Contact) -> list[Merge]:
    """Return the merges in which a record won or lost, the newest first."""
    merge, sight = where(Merge), work.sight(type(record))
    work.of(type(record)).get(record.id, removed=True)
    took_part = merge.winner_id.eq(record.id) | merge.loser_id.eq(record.id)
    newest_first = [merge.created_at.desc(), merge.id.desc()]
    found = work.behind(Merge).find(took_part, order=newest_first)
    return found if sight is None else [_shown(one, sight) for one in found]


def _shown(merge: Merge, sight: Sight) -> Merge:
    """Return a merge without the values of fields that the actor does not see."""
    before, after = shown_values(sight, merge.before), shown_values(sight, merge.after)
    return merge.replaced(before=before, after=after)


def _merge(work: UnitOfWork, cls: type[P], ids: tuple[Any, Any], choices: Mapping[str, str]) -> P:
    if ids[0] == ids[1]:
        raise InvalidValue("a record does not merge with itself", path="loser_id")
    for record_id in ids:
        work.permit(MERGE, on=work.of(cls).get(record_id, removed=True))
    records = work.behind(cls)
    winner, loser = (_itself(work, cls, record_id) for record_id in ids)
    work.hold(loser)
    values = _Choosing(work, winner, loser, choices).values()
    removed = records.remove(loser.yield_to(winner))
    merged = records.save(winner.absorb(removed, values))
    before, after = differences(records.spec, winner, merged)
    work.behind(Merge).add(
        Merge(
            id=MergeId(work.new_id()),
            party=records.spec.name,
            winner_id=winner.id,
            loser_id=loser.id,
            before=before,
            after=after,
            moved=turn_references(work, removed, merged),
        )
    )
    return work.shown(merged)


def _itself(work: UnitOfWork, cls: type[P], record_id: Any) -> P:
    """Return a live record that was not merged into another."""
    record = work.behind(cls).get(record_id, removed=True)
    record.must_be_itself()
    return record if record.is_live else work.behind(cls).get(record_id)


def _winner(work: UnitOfWork, merge: Merge, cls: type[Customer | Contact]) -> Any:
    winner = work.behind(cls).get(merge.winner_id, removed=True)
    if winner.merged_into_id is not None:
        raise WinnerWasMerged(
            f"{merge.party} {winner.id} was merged into {winner.merged_into_id} since",
            path="merge.winner_id",
            fix="take that merge apart first",
        )
    return work.behind(cls).get(merge.winner_id)


def _without(work: UnitOfWork, spec: EntitySpec, merge: Merge, winner: Any) -> dict[str, Any]:
    """Return the winner's values with the merge taken out of them."""
    values: dict[str, Any] = {}
    for name in merge.after.keys() & spec.parts.keys() - _OWN:
        part = spec.parts[name]
        before, after = part.parse(merge.before[name]), part.parse(merge.after[name])
        now = getattr(winner, name)
        back = taken_back(before, after, now)
        values[name] = back if back == now else _live(work, part.kind, back)
    if "custom" in values:
        known = work.custom_fields(spec)
        retired = {key: kept for key, kept in winner.custom.items() if key not in known}
        back = {key: value for key, value in values["custom"].items() if key in known}
        values["custom"] = {**retired, **back}
    return values


def _live(work: UnitOfWork, kind: Kind, value: Any) -> Any:
    """Return a value, or None where it refers to a record that was removed."""
    if value is None or not isinstance(kind, Identity) or kind.target not in work.registry:
        return value
    return value if work.behind(work.registry[kind.target].cls).look_up([value]) else None


class _Choosing:
    """Whose values a merged record takes."""

    def __init__(
        self, work: UnitOfWork, winner: Aggregate, loser: Aggregate, choices: Mapping[str, str]
    ) -> None:
        self._work = work
        self._winner, self._loser = winner, loser
        self._spec = work.registry[type(winner)]
        self._custom = work.custom_fields(self._spec)
        self._choices = {name: self._checked(name, whose) for name, whose in choices.items()}

    def values(self) -> dict[str, Any]:
        """Return the fields of the winner that change."""
        chosen = {name: self._value(name) for name in self._spec.parts.keys() - _OWN}
        chosen["custom"] = self._custom_values(chosen["custom"])
        return {name: value for name, value in chosen.items() if value != self._mine(name)}

    def _checked(self, name: str, whose: str) -> str:
        if whose not in ("winner", "loser"):
            raise InvalidValue(
                f"cannot choose {whose!r}", path=f"choices.{name}", fix="winner or loser"
            )
        if name in _OWN:
            raise InvalidValue(
                "follows from the merge", path=f"choices.{name}", fix="leave this choice out"
            )
        if not name.startswith(CUSTOM):
            self._spec.part(name)
        elif name.removeprefix(CUSTOM) not in self._custom:
            raise UnknownField(
                f"{self._spec.name} has no such custom field",
                path=f"choices.{name}",
                fix=f"there are {', '.join(self._custom) or 'none'}",
            )
        return whose

    def _mine(self, name: str) -> Any:
        return getattr(self._winner, name)

    def _value(self, name: str) -> Any:
        ours, theirs = self._mine(name), getattr(self._loser, name)
        kind = self._spec.parts[name].kind
        if isinstance(kind, Identity) and kind.target == self._spec.name:
            ours, theirs = self._above(name, ours), self._above(name, theirs)
        match self._choices.get(name):
            case "winner":
                return ours
            case "loser":
                return theirs
            case _:
                return joined(ours, _live(self._work, kind, theirs))

    def _above(self, name: str, start: Any) -> Any:
        """Return a record above, or None where the way up leads back to either of the two."""
        records = self._work.behind(self._spec.cls)
        above = start
        for _hop in range(MAX_HOPS):
            if above is None:
                return start
            if above in (self._winner.id, self._loser.id):
                return None
            found = records.look_up([above], removed=True).get(above)
            above = getattr(found, name, None)
        return None

    def _custom_values(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Take each of the tenant's own fields by itself; the loser's retired ones are left."""
        ours, theirs = self._winner.custom, self._loser.custom
        values = {key: value for key, value in chosen.items() if key in self._custom or key in ours}
        for key, field in self._custom.items():
            whose = self._choices.get(f"{CUSTOM}{key}")
            if whose is not None:
                values[key] = (ours if whose == "winner" else theirs).get(key)
            if self._leads_to_itself(field, values.get(key)):
                values[key] = None
        values |= {key: kept for key, kept in ours.items() if key not in self._custom}
        return {key: value for key, value in values.items() if value is not None}

    def _leads_to_itself(self, field: CustomField, value: Any) -> bool:
        both = (self._winner.id, self._loser.id)
        is_ours = field.kind is FieldKind.REFERENCE and field.target == self._spec.name
        return is_ours and value in both
