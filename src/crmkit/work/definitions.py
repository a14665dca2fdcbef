"""What a work rests on of the definitions of its tenant: read once, and anew when they changed."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from crmkit.domain.definitions import DEFINITIONS, MARK_ID, DefinitionMark
from crmkit.domain.entity import EntitySpec, spec_of
from crmkit.domain.filters.as_json import FilterReader
from crmkit.domain.filters.tree import Filter
from crmkit.domain.sales.pipeline import Pipeline
from crmkit.errors import Duplicate, TransactionConflict
from crmkit.ports import Session

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

T = TypeVar("T")
Shelf = dict[Hashable, Any]
_MARK: Final = spec_of(DefinitionMark)
_PIPELINE: Final = spec_of(Pipeline)
MOST_TENANTS: Final = 256
MOST_FILTERS: Final = 256


class KeptDefinitions:
    """What the works of one CRM have read of the definitions, by tenant, for one mark of each."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._shelves: dict[str, tuple[UUID | None, Shelf]] = {}

    def shelf(self, tenant: str, mark: UUID | None) -> Shelf:
        """Return what was read under this mark; what was read under another is forgotten."""
        known = self._shelves.get(tenant)
        if known is None or known[0] != mark:
            if len(self._shelves) >= MOST_TENANTS:
                self._shelves.clear()
            known = self._shelves[tenant] = (mark, {})
        return known[1]


class Definitions:
    """The definitions as one work sees them.

    A work whose snapshot is its own looks at the mark once, in its transaction, and takes what
    other works have read under that mark. One that has changed a definition reads for itself.
    """

    def __init__(self, work: "UnitOfWork", kept: KeptDefinitions | None) -> None:
        """Belong to a work; without `kept` nothing is taken from other works."""
        self._work = work
        self._kept = kept
        self._shelf: Shelf | None = None
        self._is_changed = False
        self._relied: dict[EntitySpec, dict[UUID, int]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made of the definitions as this work sees them, or make it.

        It is given to other works as well: it must not change, nor know this work.
        """
        shelf = self._shelf
        if shelf is None:
            shelf = self._shelf = self._found()
        if key not in shelf:
            shelf[key] = make()
        made: T = shelf[key]
        return made

    def pipeline(self, pipeline_id: UUID) -> Pipeline:
        """Return a pipeline, held until the commit, or raise `NotFound`."""
        found = self.get(
            ("pipeline", pipeline_id.int), lambda: self._work.behind(Pipeline).get(pipeline_id)
        )
        self._work.rely_on(_PIPELINE, found)
        return found

    def read(self, spec: EntitySpec, written: Mapping[str, Any]) -> Filter:
        """Return a filter of an entity, which a definition has as JSON, read once."""
        known: dict[int, tuple[Any, Filter]] = self.get(("filters", spec.name), dict)
        found = known.get(id(written))
        if found is None or found[0] is not written:
            reader = FilterReader(self._work.registry, self._work.custom_parts)
            found = (written, reader.read(spec, dict(written)))
            if len(known) >= MOST_FILTERS:
                known.clear()
            known[id(written)] = found
        return found[1]

    def rely_on(self, spec: EntitySpec, record: Any) -> None:
        """Let the commit be refused when a definition has changed that was not read here."""
        if self._kept is not None and not self._is_changed and not self._work.is_alone:
            self._relied.setdefault(spec, {}).setdefault(record.id, record.version)

    def relied_on(self) -> Iterable[tuple[EntitySpec, Mapping[UUID, int]]]:
        """Return the versions of the definitions that are to be confirmed at the commit."""
        return self._relied.items()

    def changed(self, spec: EntitySpec) -> None:
        """Note that records of an entity were written: of definitions, read anew from now on."""
        if spec.cls in DEFINITIONS:
            self._is_changed = True
            self._shelf = {}
            self._relied.clear()

    def write_mark(self, session: Session) -> None:
        """Let other works read anew, in the transaction that changes a definition."""
        if not self._is_changed:
            return
        at = self._work.changeset_id
        known = session.get_many(_MARK, [MARK_ID])
        version = known[0].version if known else 0
        mark = DefinitionMark(
            id=MARK_ID, tenant=self._work.tenant, version=version + 1, changeset_id=at
        )
        if known:
            session.save_many(_MARK, [mark], [version])
        else:
            session.insert_many(_MARK, [mark])

    def _found(self) -> Shelf:
        if self._kept is None:
            return {}
        with self._work.storing() as session:
            found = session.get_many(_MARK, [MARK_ID])
        return self._kept.shelf(self._work.tenant, found[0].changeset_id if found else None)


def explained(error: BaseException) -> BaseException:
    """Tell two works that define something for the first time at once apart from a duplicate."""
    if isinstance(error, Duplicate) and error.entity == _MARK.name:
        return TransactionConflict(
            "another work has just defined something", path="definitions", fix="repeat"
        )
    return error
