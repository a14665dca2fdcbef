"""Indexes derived from entities: unique among live records, and those that make lists quick."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Computed,
    Index,
    SmallInteger,
    String,
    Table,
    and_,
    case,
    func,
    null,
    text,
)

from crmkit.domain.columns import Leaf, columns_of
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.entity import EntitySpec, Unique
from crmkit.domain.filters.paths import path_to
from crmkit.domain.kinds import Form
from crmkit.storage.sql.dialects import (
    BY_CODE_POINT,
    CUT,
    POSTGRES,
    SQLITE,
    inside_json,
    is_cut,
    is_long,
    kind_of,
    quoted,
)

MAX_NAME: Final = 60
CUSTOM: Final = "cx"
"""How the names of indexes on custom fields begin."""


def add_indexes(table: Table, spec: EntitySpec, *, prefix: str, server: str) -> None:
    """Give a table the indexes that its entity declares."""
    for name, rule in _unique_rules(spec, prefix, server).items():
        _add_unique(table, spec, rule, name, server)
    for index in spec.indexes:
        leaves = [leaf for field in index.fields for leaf in _leaves(spec, field)]
        places = [".".join((leaf.column, *leaf.keys)) for leaf in leaves]
        name = _index_name("ix", prefix, spec, places, server)
        _add_list(table, spec, leaves, name, server)


def unique_fields(spec: EntitySpec, prefix: str, server: str) -> Mapping[str, tuple[str, ...]]:
    """Return the fields of each unique index by its name."""
    return {name: rule.fields for name, rule in _unique_rules(spec, prefix, server).items()}


def is_listed(spec: EntitySpec, leaves: Sequence[Leaf]) -> bool:
    """Say whether an index of a tenant's records begins with these columns."""
    columns = tuple(leaf.column for leaf in leaves)
    known = (("id",), *_columns_of_lists(spec))
    return not any(leaf.keys for leaf in leaves) and any(
        index[: len(columns)] == columns for index in known
    )


def is_ours(name: str, prefix: str, spec: EntitySpec) -> bool:
    """Say whether an index of this name was derived from a declaration of the entity."""
    return name.startswith((f"ix_{prefix}{spec.name}_", f"uq_{prefix}{spec.name}_"))


def _index_name(
    mark: str, prefix: str, spec: EntitySpec, places: Sequence[str], server: str
) -> str:
    """Name an index after what it is on, so that another declaration has another name."""
    columns = columns_of(spec)
    on = [
        f"{place}_{CUT}"
        if server != SQLITE and place in columns and is_long(columns[place])
        else place
        for place in places
    ]
    whole = f"{mark}_{prefix}{spec.name}_{'_'.join(on)}"
    plain = "".join(letter if letter.isalnum() else "_" for letter in whole)
    if plain == whole and len(whole) <= MAX_NAME:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    return f"{plain[: MAX_NAME - 9]}_{digest}"


def _unique_rules(spec: EntitySpec, prefix: str, server: str) -> dict[str, Unique]:
    return {
        _index_name("uq", prefix, spec, _unique_columns(spec, rule), server): rule
        for rule in spec.unique
    }


def _unique_columns(spec: EntitySpec, rule: Unique) -> list[str]:
    keys = {f"{name}_key" for name in spec.searchable}
    return [
        f"{name}_key" if rule.folded and f"{name}_key" in keys else name for name in rule.fields
    ]


def _add_unique(table: Table, spec: EntitySpec, rule: Unique, name: str, server: str) -> None:
    columns = [table.c[column] for column in _unique_columns(spec, rule)]
    conditions: list[ColumnElement[bool]] = [
        column.is_not(null()) for column in columns if column.nullable
    ]
    if spec.soft:
        conditions.append(table.c.deleted_at.is_(null()))
    if server in BY_CODE_POINT:
        kept = [_digest(table, spec, column, name) for column in columns]
        kept += _while_live(table, name, conditions)
        Index(name, table.c.tenant, *kept, unique=True)
        return
    where = and_(*conditions) if conditions else None
    places = [place for column in columns for place in _whole(spec, column, server)]
    Index(name, table.c.tenant, *places, unique=True, sqlite_where=where, postgresql_where=where)


def _whole(spec: EntitySpec, column: Column[Any], server: str) -> list[ColumnElement[Any]]:
    """Return what tells all values of a column apart and fits an index."""
    if server == SQLITE or not is_long(columns_of(spec)[column.name]):
        return [column]
    return [func.left(column, CUT), func.md5(column)]


def _digest(table: Table, spec: EntitySpec, column: Column[Any], name: str) -> Column[Any]:
    """Return the column, or a digest of it that an index of MySQL can hold."""
    if not is_long(columns_of(spec)[column.name]):
        return column
    size = text("256")
    made = Column(_computed(name, column.name), String(64), Computed(func.sha2(column, size)))
    table.append_column(made)
    return made


def _while_live(
    table: Table, name: str, conditions: list[ColumnElement[bool]]
) -> list[Column[Any]]:
    """MySQL has no partial indexes: a computed column that is NULL frees the unique value."""
    if not conditions:
        return []
    live = case((and_(*conditions), 1))
    kept = Column(_computed(name, "live"), SmallInteger, Computed(live))
    table.append_column(kept)
    return [kept]


def _computed(index: str, ending: str) -> str:
    return f"{index[: MAX_NAME - len(ending) - 1]}_{ending}"


def _add_list(
    table: Table, spec: EntitySpec, leaves: Sequence[Leaf], name: str, server: str
) -> None:
    if any(leaf.form in (Form.TEXTS, Form.JSON) for leaf in leaves):
        if server == POSTGRES and len(leaves) == 1:
            Index(name, table.c[leaves[0].column], postgresql_using="gin")
        return
    if server in BY_CODE_POINT and any(leaf.keys for leaf in leaves):
        return
    places = [_sorted_place(table, spec, leaf, server) for leaf in leaves]
    if not any(leaf.column == "id" for leaf in leaves):
        places.append(table.c.id)
    long = {leaf.column: CUT for leaf in leaves if is_long(columns_of(spec)[leaf.column])}
    Index(name, table.c.tenant, *places, mysql_length=long, mariadb_length=long)


@cache
def _columns_of_lists(spec: EntitySpec) -> tuple[tuple[str, ...], ...]:
    found = (
        [leaf for field in one.fields for leaf in _leaves(spec, field)] for one in spec.indexes
    )
    plain = ([leaf.column for leaf in leaves] for leaves in found)
    return tuple(tuple(one if "id" in one else [*one, "id"]) for one in plain)


def _leaves(spec: EntitySpec, field: str) -> Sequence[Leaf]:
    path = path_to(spec, field, {})
    return path.money_leaves if isinstance(path.kind, Amount) else (path.leaf,)


def _sorted_place(table: Table, spec: EntitySpec, leaf: Leaf, server: str) -> ColumnElement[Any]:
    place: ColumnElement[Any] = table.c[leaf.column]
    if leaf.keys:
        place = inside_json(server, quoted(kind_of(server), leaf.column), leaf)
    if is_cut(server, spec, leaf):
        place = func.left(place, CUT)
    return place.nulls_first() if server == POSTGRES and leaf.optional else place
