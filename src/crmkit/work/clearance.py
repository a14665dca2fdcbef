"""Clearance: what the actor of a unit of work may see and do, as the tenant's policy says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.deciding import Deciding, all_of
from crmkit.domain.access.sight import Sight
from crmkit.domain.access.unveiling import OWNER, changed_fields, is_edit
from crmkit.domain.access.veils import Level
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Check, Test
from crmkit.domain.filters.lowering import live, lower
from crmkit.domain.filters.matching import Finder
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import NOTHING, Exists, Filter
from crmkit.errors import NotPermitted
from crmkit.ports import Ask
from crmkit.work.principals import Principals

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

_WRITING: Final[Mapping[Right | None, frozenset[Right]]] = {
    None: frozenset({Right.CREATE, Right.EDIT, Right.DELETE, Right.RESTORE}),
    Right.CREATE: frozenset({Right.CREATE}),
    Right.EDIT: frozenset({Right.EDIT}),
    Right.APPROVE: frozenset({Right.EDIT}),
    Right.DELETE: frozenset({Right.DELETE}),
    Right.MERGE: frozenset({Right.EDIT, Right.DELETE, Right.RESTORE}),
    Right.RESTORE: frozenset({Right.EDIT, Right.DELETE, Right.RESTORE}),
}
"""What may be written to a record after an action of this right was permitted on it."""
_Key = tuple[str, UUID | None]


class OpenClearance:
    """Sees everything and may do everything: the program decides for itself who may call it."""

    def roles(self, claimed: frozenset[str]) -> frozenset[str]:
        """Believe the program."""
        return claimed

    def sight(self, spec: EntitySpec) -> Sight | None:
        """Keep nothing from the actor."""
        return None

    def permit(self, action: Action, record: Any) -> None:
        """Permit."""

    def checked(self, sight: Sight, before: Any, after: Any) -> Any:
        """Permit."""
        return after

    def relied_on(self) -> Iterable[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Rely on nothing."""
        return ()


class PolicyClearance:
    """Asks the policy, for the actor as they stand now; each question is answered once a work."""

    def __init__(self, work: "UnitOfWork", principals: Principals) -> None:
        """Belong to a work; nothing is read before the first question."""
        self._work = work
        self._principals = principals
        self._sights: dict[str, Sight] = {}
        self._permitted: dict[_Key, list[Action]] = {}

    def roles(self, claimed: frozenset[str]) -> frozenset[str]:
        """Return the roles that all who act together play; nobody plays one by claiming it."""
        return frozenset.intersection(*(frozenset(one.standing.roles) for one in self.deciding()))

    def sight(self, spec: EntitySpec) -> Sight | None:
        """Return what the actor sees of an entity."""
        found = self._sights.get(spec.name)
        if found is None:
            found = self._sights[spec.name] = Sight(
                spec,
                partial(self.decide, spec),
                levels=partial(self.levels, spec),
                exists=finder(self._work),
            )
        return found

    def permit(self, action: Action, record: Any) -> None:
        """Return when the actor may do this with a record, or at all; else raise."""
        spec = self._spec_of(action, record)
        if not self._is_permitted(action, spec, record):
            raise _refusal(action)
        key = (spec.name if spec else action.noun, getattr(record, "id", None))
        self._permitted.setdefault(key, []).append(action)

    def checked(self, sight: Sight, before: Any, after: Any) -> Any:
        """Return a record that may be written: each right it needs, before and after."""
        if before is None:
            return self._checked_new(sight, after)
        for right in _rights_of(before, after):
            if not self._may_write(sight, right, before, after):
                raise NotPermitted(
                    f"you may not {right} this {sight.spec.name}",
                    path=sight.spec.name,
                    fix=f"ask for a role that may {right} it, as it is and as it will be",
                )
        return after

    def relied_on(self) -> Iterator[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Bring the versions of the policy and of the users who act."""
        return self._principals.relied_on()

    def watched(self) -> Mapping[str, list[str]]:
        """Return the watched roles that were played so far and the entities asked about, if any."""
        decided = self._principals.decided if self._sights else ()
        roles = [role for one in decided for role in one.standing.roles & one.rulebook.watched]
        return {"roles": sorted({*roles}), "entities": sorted(self._sights)} if roles else {}

    def decide(self, spec: EntitySpec, names: Sequence[str]) -> Filter:
        """Return what all who act together may do: an agent no more than who delegates.

        Journals and log rows, which hold values of other records, are read by services alone.
        """
        if not issubclass(spec.cls, Aggregate) or spec.cls.is_journal:
            return NOTHING
        return all_of([each.allowed(spec, names) for each in self.deciding()])

    def deciding(self) -> Sequence[Deciding]:
        """Return the rules as they apply to each who acts."""
        return self._principals.deciding()

    def levels(self, spec: EntitySpec) -> dict[str, Level]:
        """Return the levels of fields: the least that any of those who act together have."""
        least: dict[str, Level] = {}
        for each in self.deciding():
            for field, level in each.rulebook.levels(each.standing.roles, spec.name).items():
                least[field] = min(level, least.get(field, level))
        return least

    def _spec_of(self, action: Action, record: Any) -> EntitySpec | None:
        registry = self._work.registry
        if record is not None:
            return registry[record if isinstance(record, type) else type(record)]
        if action.noun not in registry:
            return None
        return registry[action.noun]

    def _is_permitted(self, action: Action, spec: EntitySpec | None, record: Any) -> bool:
        if spec is None:
            return all(each.ever([action.name]) for each in self.deciding())
        sight = self.sight(spec)
        if sight is None or record is None or isinstance(record, type):
            return self.decide(spec, action.names) != NOTHING
        return sight.may(action.names, self._whole(spec, record))

    def _whole(self, spec: EntitySpec, record: Any) -> Any:
        """Return a record as it is stored, without the veils of its reader."""
        known = self._work.known(spec, record.id)
        return known if known is not None and known.version == record.version else record

    def _checked_new(self, sight: Sight, record: Any) -> Any:
        """Let the actor own a record that nobody owns, where only that makes it permitted."""
        if self._may_write(sight, Right.CREATE, record, record):
            return record
        user = self._principals.user_id()
        if getattr(record, OWNER, user) is None and user is not None:
            mine = record.replaced(owner_id=user)
            if self._may_write(sight, Right.CREATE, mine, mine):
                return mine
        raise NotPermitted(
            f"you may not create this {sight.spec.name}",
            path=sight.spec.name,
            fix="create it as your own, or ask for a role that may create it",
        )

    def _may_write(self, sight: Sight, right: Right, before: Any, after: Any) -> bool:
        ways: list[Sequence[str]] = [(right,)]
        key = (sight.spec.name, None if right is Right.CREATE else after.id)
        ways += [
            action.names
            for action in self._permitted.get(key, ())
            if right in _WRITING.get(action.right, ())
        ]
        return any(sight.may(way, before) and sight.may(way, after) for way in ways)


def finder(work: "UnitOfWork") -> Finder:
    """Return what says whether a linked record exists, whoever sees it."""

    def exists(node: Exists, value: Any) -> bool:
        linked = Check(node.remote.leaf, Test.EQ, node.remote.scalar(value))
        where = live(node.target, All((linked, lower(node.where))))
        identity = path_to(node.target, "id").leaf
        with work.storing() as session:
            found = session.select(node.target, [identity], Ask(where=where, limit=1))
            return any(batch for batch in found)

    return exists


def _rights_of(before: Any, after: Any) -> Iterator[Right]:
    """Bring the rights that a change needs."""
    if before.deleted_at is None and after.deleted_at is not None:
        yield Right.DELETE
    if before.deleted_at is not None and after.deleted_at is None:
        yield Right.RESTORE
    if getattr(before, OWNER, None) != getattr(after, OWNER, None):
        yield Right.ASSIGN
    if is_edit(before, after) or not changed_fields(before, after):
        yield Right.EDIT


def _refusal(action: Action) -> NotPermitted:
    return NotPermitted(
        f"you may not do this: {action.summary or action.name}",
        path=action.name,
        fix="ask for a role that may",
    )
