"""Ask a store for crmkit's own log rows: changes, messages, keys, claims."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from crmkit.domain.columns import Leaf
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.lowered import All, Check, Lowered, SortKey, Test
from crmkit.domain.filters.paths import path_to
from crmkit.ports import BATCH, Ask, Session, Storage


def leaf_of(spec: EntitySpec, name: str) -> Leaf:
    """Return where a declared field lies."""
    return path_to(spec, name, {}).leaf


def compare(spec: EntitySpec, name: str, test: Test, value: Any) -> Lowered:
    """Hold where a declared field compares so with a value."""
    path = path_to(spec, name, {})
    return Check(path.leaf, test, path.scalar(value))


def equals(spec: EntitySpec, name: str, value: Any) -> Lowered:
    """Hold where a declared field equals a value."""
    return compare(spec, name, Test.EQ, value)


def among(spec: EntitySpec, name: str, values: Iterable[Any]) -> Lowered:
    """Hold where a declared field is one of the values."""
    path = path_to(spec, name, {})
    return Check(path.leaf, Test.IN, tuple(path.scalar(value) for value in dict.fromkeys(values)))


def rising(spec: EntitySpec, *names: str) -> tuple[SortKey, ...]:
    """Order by declared fields upwards, then by the id."""
    return tuple(SortKey(leaf_of(spec, name)) for name in (*names, "id"))


def rows(
    session: Session,
    spec: EntitySpec,
    where: Lowered,
    *,
    order: Sequence[SortKey] = (),
    limit: int | None = None,
) -> list[Any]:
    """Return all fitting rows, by id when no order is given."""
    ask = Ask(where=where, order=tuple(order) or rising(spec), limit=limit)
    return [row for batch in session.find(spec, ask) for row in batch]


def paged(
    session: Session, spec: EntitySpec, where: Lowered, *, size: int = BATCH
) -> Generator[list[Any]]:
    """Bring all fitting rows page by page, by id, so that others can be asked and written between.

    A row that comes meanwhile behind the last one is met too.
    """
    order = rising(spec)
    found = rows(session, spec, where, order=order, limit=size)
    while found:
        yield found
        beyond = compare(spec, "id", Test.GT, found[-1].id)
        found = rows(session, spec, All((where, beyond)), order=order, limit=size)


@contextmanager
def transaction(storage: Storage, tenant: str, *, join: object = None) -> Generator[Session]:
    """Give a session that commits at the end of the block, and is rolled back on an exception."""
    session = storage.session(tenant, join=join)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def reading(storage: Storage, tenant: str) -> Generator[Session]:
    """Give a session that only reads."""
    session = storage.session(tenant, read_only=True)
    try:
        yield session
    finally:
        session.rollback()
