"""Saved views: lists of one entity that people keep under a name and open again.

A view is checked when it is saved, against the entity and the tenant's own fields, and again when
it is opened; a field that was retired in between is named then.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.access.veils import Level
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.as_json import FilterReader, filter_to_json, order_to_json
from crmkit.domain.filters.order import MAX_ORDER, Order, Page
from crmkit.domain.filters.paths import path_to
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.filters.where import Field, check_entity
from crmkit.domain.filters.where import where as fields_of
from crmkit.domain.saved_view import SavedView, SavedViewId
from crmkit.errors import InvalidFilter, InvalidValue, UnknownField, WrongType
from crmkit.ports import Action
from crmkit.work import UnitOfWork

SAVE_VIEW = Action("saved_view:save", "Save a view", zh="保存视图", right=Right.CREATE)
CHANGE_VIEW = Action("saved_view:change", "Change a saved view", zh="修改视图", right=Right.EDIT)
REMOVE_VIEW = Action("saved_view:remove", "Remove a saved view", zh="删除视图", right=Right.DELETE)
OPEN_VIEW = Action("saved_view:open", "Open a saved view", zh="打开视图", right=Right.READ)

Condition = Filter | Mapping[str, Any]
"""A filter, or the JSON of one."""
_PLAIN: Final = frozenset({"tenant", "version", "deleted_at", "match_keys", "custom"})
_PARTS: Final = ("name", "where", "order", "columns")


@attrs.frozen(kw_only=True)
class Question:
    """What a view asks: a filter, an order, and the fields it shows."""

    where: Filter
    order: tuple[Order, ...]
    columns: tuple[Field, ...]


@attrs.frozen(kw_only=True)
class OpenView:
    """One page of a view: its columns, the records, and the cursor of the next page."""

    view: SavedView
    columns: tuple[Field, ...]
    items: tuple[Any, ...]
    next: str | None

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Bring the values of the columns, record by record."""
        for record in self.items:
            yield tuple(column.path.value_of(record) for column in self.columns)


def save_view(
    work: UnitOfWork,
    party: type[Aggregate] | str,
    name: str,
    *,
    where: Condition = EVERYTHING,
    order: Sequence[Order | str] = (),
    columns: Sequence[Field | str] = (),
) -> SavedView:
    """Save a view of an entity, or raise naming the field, condition or column that is wrong.

    An order is a field's name, downwards with a minus in front; a column is a field's name, a
    nested or custom one dotted. Without columns all fields are shown. The name is taken once per
    entity (`Duplicate`).
    """
    work.permit(SAVE_VIEW)
    spec = work.registry[party]
    written = _written(work, spec, where=where, order=order, columns=columns)
    view = SavedView(
        id=SavedViewId(work.new_id()), entity=spec.name, name=_checked_name(name), **written
    )
    return work.saved_views.add(view)


def change_view(work: UnitOfWork, view_id: SavedViewId, **changes: Any) -> SavedView:
    """Change the `name`, `where`, `order` or `columns` of a view, checked as when it is saved."""
    view = work.saved_views.get(view_id)
    work.permit(CHANGE_VIEW, on=view)
    for name in changes.keys() - set(_PARTS):
        raise UnknownField(
            f"a view has no {name!r}", path=f"saved_view.{name}", fix=f"one of {', '.join(_PARTS)}"
        )
    if "name" in changes:
        changes["name"] = _checked_name(changes["name"])
    parts = {part: changes.pop(part) for part in _PARTS[1:] if part in changes}
    written = _written(work, work.registry[view.entity], **parts)
    return work.saved_views.save(view.evolve(**changes, **written))


def remove_view(work: UnitOfWork, view_id: SavedViewId) -> SavedView:
    """Remove a view; its name is free again."""
    view = work.saved_views.get(view_id)
    work.permit(REMOVE_VIEW, on=view)
    return work.saved_views.remove(view)


def views_of(work: UnitOfWork, party: type[Aggregate] | str) -> list[SavedView]:
    """Return the views of an entity by name."""
    view = fields_of(SavedView)
    of_entity = view.entity.eq(work.registry[party].name)
    return work.saved_views.find(of_entity, order=[view.name.asc()])


def read_view(work: UnitOfWork, view: SavedView) -> Question:
    """Return what a view asks, for lists, exports and segments; raises what `save_view` raises."""
    spec = work.registry[view.entity]
    reader = FilterReader(work.registry, work.custom_parts)
    names = view.columns or _all_columns(work, spec)
    return Question(
        where=reader.read(spec, dict(view.filter)),
        order=reader.read_order(spec, list(view.order)),
        columns=tuple(_column(work, spec, name) for name in names),
    )


def open_view(
    work: UnitOfWork, view_id: SavedViewId, *, size: int = 50, after: str | None = None
) -> OpenView:
    """Return a page of a view; `after` is the `next` of the page before."""
    view = work.saved_views.get(view_id)
    work.permit(OPEN_VIEW, on=view)
    asked = read_view(work, view)
    cls: type[Aggregate] = work.registry[view.entity].cls
    page: Page[Any] = work.of(cls).page(asked.where, order=asked.order, size=size, after=after)
    return OpenView(view=view, columns=asked.columns, items=page.items, next=page.next)


def _written(work: UnitOfWork, spec: EntitySpec, **parts: Any) -> dict[str, Any]:
    """Return the given parts of a view as they are kept, all of them checked."""
    reader = FilterReader(work.registry, work.custom_parts)
    written: dict[str, Any] = {}
    if "where" in parts:
        plain = _plain_filter(spec, parts["where"])
        asked = reader.read(spec, plain)
        work.lower(asked)
        written["filter"] = filter_to_json(asked)
    if "order" in parts:
        written["order"] = tuple(_checked_order(work, spec, parts["order"]))
    if "columns" in parts:
        written["columns"] = tuple(_checked_columns(work, spec, parts["columns"]))
    return written


def _plain_filter(spec: EntitySpec, given: Any) -> Any:
    if not isinstance(given, Filter):
        return dict(given) if isinstance(given, Mapping) else given
    check_entity(given, spec)
    return filter_to_json(given)


def _checked_order(work: UnitOfWork, spec: EntitySpec, given: Any) -> list[str]:
    reader = FilterReader(work.registry, work.custom_parts)
    keys = _listed(given, "order", (Order, str))
    if len(keys) > MAX_ORDER:
        raise InvalidFilter(f"at most {MAX_ORDER} sort keys", path="order")
    names = [order_to_json([key])[0] if isinstance(key, Order) else key for key in keys]
    order = reader.read_order(spec, names)
    for key in order:
        work.check_asked(key.path)
    return list(order_to_json(order))


def _checked_columns(work: UnitOfWork, spec: EntitySpec, given: Any) -> list[str]:
    named = _listed(given, "columns", (Field, str))
    names = [column.path.name if isinstance(column, Field) else column for column in named]
    for at, name in enumerate(names):
        _column(work, spec, name)
        if name in names[:at]:
            raise InvalidValue(f"{name} comes twice", path=f"columns[{at}]", fix="give it once")
    return names


def _listed(given: Any, path: str, classes: tuple[type[Any], ...]) -> list[Any]:
    if not isinstance(given, list | tuple):
        raise WrongType(f"expected a list, got {type(given).__name__}", path=path)
    for at, one in enumerate(given):
        if not isinstance(one, classes):
            raise WrongType(
                f"expected the name of a field, got {type(one).__name__}", path=f"{path}[{at}]"
            )
    return list(given)


def _column(work: UnitOfWork, spec: EntitySpec, name: str) -> Field:
    custom, sight = work.custom_parts(spec), work.sight(spec.name)
    path = path_to(spec, name, custom)
    if sight is not None and sight.level_of(path) is Level.HIDDEN:
        raise sight.unknown(path)
    return Field(path, custom)


def _all_columns(work: UnitOfWork, spec: EntitySpec) -> tuple[str, ...]:
    declared = tuple(name for name in spec.parts if name not in _PLAIN)
    every = (*declared, *(f"custom.{key}" for key in work.custom_parts(spec)))
    sight = work.sight(spec.name)
    return every if sight is None else tuple(filter(sight.level, every))


def _checked_name(name: Any) -> Any:
    if isinstance(name, str) and not name.strip():
        raise InvalidValue("is blank", path="saved_view.name", fix="name the view")
    return name
