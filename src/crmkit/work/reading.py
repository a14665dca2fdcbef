"""Reading the records of one entity: by id, by filter, page by page, as columns, as figures."""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from uuid import UUID

from crmkit.domain.access.sight import Sight
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import filter_to_json, order_to_json
from crmkit.domain.filters.lowered import All, Lowered
from crmkit.domain.filters.lowering import live, lower, lower_order
from crmkit.domain.filters.order import (
    MAX_ORDER,
    Order,
    Page,
    fingerprint_of,
    read_cursor,
    sort_values,
    write_cursor,
)
from crmkit.domain.filters.paths import Path, path_to
from crmkit.domain.filters.summary import Summary
from crmkit.domain.filters.tally import read_rows, tally_of
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import Field, check_entity
from crmkit.domain.instants import as_instant
from crmkit.domain.kinds import Form
from crmkit.errors import InvalidCursor, InvalidFilter, NotFound, OutOfRange
from crmkit.ports import Ask

if TYPE_CHECKING:
    from crmkit.work.unit import UnitOfWork

A = TypeVar("A", bound=Aggregate)
MAX_PAGE = 10_000
_WRITTEN = json.JSONEncoder(sort_keys=True).encode


class Reading(Generic[A]):
    """What can be asked of the records of one entity; removed ones only when asked for."""

    def __init__(self, work: "UnitOfWork", spec: EntitySpec, sight: Sight | None) -> None:
        """Belong to a work and an entity; what a sight does not show is not there."""
        self._work = work
        self._sight = sight
        self.spec = spec

    def permitted(self, right: str) -> Self:
        """Return those of the records with which the actor may do this as well."""
        sight = None if self._sight is None else self._sight.narrowed(right)
        return type(self)(self._work, self.spec, sight)

    def get(self, record_id: UUID, *, removed: bool = False) -> A:
        """Return one record, or raise `NotFound`; it is guarded until the commit."""
        found = self._seen(self._fetch([record_id]), removed=removed)
        if not found:
            raise NotFound(f"there is no {self.spec.name} {record_id}", path=f"{self.spec.name}.id")
        return self._shown(found[0])

    def look_up(self, ids: Sequence[UUID], *, removed: bool = False) -> dict[UUID, A]:
        """Return the records that exist among `ids`, by id; each is guarded until the commit."""
        found = self._seen(self._fetch(ids), removed=removed)
        return {record.id: self._shown(record) for record in found}

    def find(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Order] = (),
        limit: int | None = None,
        removed: bool = False,
    ) -> list[A]:
        """Return all fitting records; for many of them, prefer `stream` or `page`."""
        ask = self._ask(where, order, limit, removed)
        with self._work.storing() as session:
            found = [record for batch in session.find(self.spec, ask) for record in batch]
        for record in found:
            self._work.remember(self.spec, record)
        return list(self._all_shown(found))

    def stream(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Order] = (),
        limit: int | None = None,
        removed: bool = False,
    ) -> Generator[A, None, None]:
        """Bring fitting records one by one; memory stays flat however many there are."""
        ask = self._ask(where, order, limit, removed)
        with self._work.storing() as session:
            for batch in session.find(self.spec, ask):
                yield from batch if self._sight is None else map(self._shown, batch)

    def first(self, where: Filter = EVERYTHING, *, order: Sequence[Order] = ()) -> A | None:
        """Return the first fitting record, None when there is none."""
        found = self.find(where, order=order, limit=1)
        return found[0] if found else None

    def page(
        self,
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Order] = (),
        size: int = 50,
        after: str | None = None,
    ) -> Page[A]:
        """Return a page and the cursor of the next; stable while others insert and remove."""
        if not 1 <= size <= MAX_PAGE:
            raise OutOfRange(f"a page has 1 to {MAX_PAGE} records", path="size")
        fingerprint = self._fingerprint(where, order)
        ask = self._ask(where, order, size + 1, removed=False)
        if after is not None:
            ask = self._continue(ask, read_cursor(after, fingerprint))
        with self._work.storing() as session:
            found = [record for batch in session.find(self.spec, ask) for record in batch]
        items = tuple(self._all_shown(found[:size]))
        if len(found) <= size:
            return Page(items=items)
        last = [*sort_values(order, found[size - 1]), *self._last_id(order, found[size - 1])]
        return Page(items=items, next=write_cursor(last, fingerprint))

    def count(self, where: Filter = EVERYTHING, *, removed: bool = False) -> int:
        """Count the fitting records."""
        lowered = self._lowered(where, removed)
        with self._work.storing() as session:
            return session.count(self.spec, lowered)

    def exists(self, where: Filter = EVERYTHING) -> bool:
        """Say whether any record fits."""
        fields = (Field(path_to(self.spec, "id", {}), {}),)
        return next(self.columns(fields, where, limit=1), None) is not None

    def columns(
        self,
        fields: Sequence[Field],
        where: Filter = EVERYTHING,
        *,
        order: Sequence[Order] = (),
        limit: int | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Bring only some values of each record, as tuples; no objects are made."""
        paths = [field.path for field in fields]
        if any(path.kind.form is Form.JSON for path in paths):
            raise InvalidFilter("columns are single values", path="fields", fix="name the parts")
        ask = self._ask(where, order, limit, removed=False)
        readers = [self._reader(path) for path in paths]
        with self._work.storing() as session:
            for batch in session.select(self.spec, [path.leaf for path in paths], ask):
                for row in batch:
                    yield tuple(read(cell) for read, cell in zip(readers, row, strict=True))

    def summarise(self, summary: Summary) -> list[dict[str, Any]]:
        """Answer a summary, in one statement of the store."""
        if summary.spec is not self.spec:
            raise InvalidFilter(f"is about {summary.spec.name}", path="summary")
        if self._sight is not None:
            for path in summary.paths:
                self._sight.check_asked(path)
        tally = tally_of(summary, self._lowered(summary.where, removed=False))
        with self._work.storing() as session:
            rows = session.tally(self.spec, tally)
        return list(read_rows(summary, rows))

    def _seen(self, found: list[A], *, removed: bool) -> list[A]:
        """Return those of the records that the actor sees, each held until the commit."""
        if not removed:
            found = [one for one in found if one.deleted_at is None]
        if self._sight is not None:
            found = self._sight.chosen(found)
        for record in found:
            self._work.rely_on(self.spec, record)
        return found

    def _fetch(self, ids: Sequence[UUID]) -> list[A]:
        wanted = ids if len(ids) == 1 else list(dict.fromkeys(ids))
        for record_id in wanted:
            self.spec.parts["id"].check(record_id)
        if not wanted:
            return []
        with self._work.storing() as session:
            return session.get_many(self.spec, wanted)

    def _lowered(self, where: Filter, removed: bool) -> Lowered:  # noqa: FBT001 - internal
        check_entity(where, self.spec)
        if self._sight is None:
            lowered = lower(where)
        else:
            lowered = All((self._sight.lowered, self._work.lower(where)))
        return lowered if removed else live(self.spec, lowered)

    def _shown(self, record: A) -> A:
        return record if self._sight is None else self._sight.shown(record)

    def _all_shown(self, records: Sequence[A]) -> Iterable[A]:
        veiled = self._sight is not None and self._sight.is_veiled
        return map(self._shown, records) if veiled else records

    def _reader(self, path: Path) -> Callable[[Any], Any]:
        """Return what reads the cells of a column, or raise `UnknownField` for a hidden one."""
        if self._sight is None:
            return path.from_scalar
        veil = self._sight.veil(path)
        return lambda cell: veil(path.from_scalar(cell))

    def _ask(
        self,
        where: Filter,
        order: Sequence[Order],
        limit: int | None,
        removed: bool,  # noqa: FBT001 - internal
    ) -> Ask:
        if len(order) > MAX_ORDER:
            raise InvalidFilter(f"at most {MAX_ORDER} sort keys", path="order")
        if limit is not None and limit < 1:
            raise OutOfRange("the limit is at least 1", path="limit")
        for key in order:
            if key.path.spec is not self.spec:
                raise InvalidFilter(f"belongs to {key.path.spec.name}", path=key.path.name)
            if self._sight is not None:
                self._sight.check_asked(key.path)
        return Ask(
            where=self._lowered(where, removed),
            order=lower_order(self.spec, order),
            limit=limit,
        )

    def _fingerprint(self, where: Filter, order: Sequence[Order]) -> str:
        written = _WRITTEN([filter_to_json(where), order_to_json(order)])
        return fingerprint_of(self.spec.name, written)

    @staticmethod
    def _last_id(order: Sequence[Order], record: A) -> list[str]:
        return [] if any(key.path.name == "id" for key in order) else [str(record.id)]

    def _continue(self, ask: Ask, plain: list[Any]) -> Ask:
        if len(plain) != len(ask.order):
            raise InvalidCursor("the cursor does not fit the order", path="after")
        values = tuple(
            _scalar_of(key.leaf.form, value) for key, value in zip(ask.order, plain, strict=True)
        )
        return Ask(where=ask.where, order=ask.order, limit=ask.limit, after=values)


def _scalar_of(form: Form, plain: Any) -> Any:
    """Turn a plain cursor value into what a leaf of this form holds, or raise `InvalidCursor`."""
    if plain is None:
        return None
    try:
        match form, plain:
            case Form.DATE, str():
                return date.fromisoformat(plain)
            case Form.INSTANT, str():
                return as_instant(datetime.fromisoformat(plain))
            case Form.ID, str():
                return UUID(plain)
            case (Form.TEXT, str()) | (Form.INTEGER, int()) | (Form.BOOLEAN, bool()):
                return plain
            case _:
                pass
    except ValueError:
        pass
    raise InvalidCursor("the cursor is damaged", path="after")
