"""Changes: the steps that bring a database to what the classes declare, found by comparing."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import attrs
from sqlalchemy import Column, Connection, Index, Table
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, DropIndex

from crmkit.domain.columns import Role, columns_of
from crmkit.domain.entity import EntitySpec
from crmkit.errors import InvalidSettings
from crmkit.ports import Step
from crmkit.storage.sql.dialects import MYSQL, SQLITE
from crmkit.storage.sql.entities import Entities, EntityTable
from crmkit.storage.sql.filling import default_literal, fill_keys
from crmkit.storage.sql.indexes import is_ours
from crmkit.storage.sql.inspection import Present
from crmkit.storage.sql.rebuilding import rebuild
from crmkit.storage.sql.stamps import COMPONENT, REVISIONS, Stamps

Take = Callable[[Connection], None]


@attrs.frozen
class Change:
    """One step, and how it is taken; a step that was interrupted is found again."""

    step: Step
    take: Take


class Changes:
    """Compares one database with the entities of one store."""

    def __init__(self, present: Present, entities: Entities, stamps: Stamps, prefix: str) -> None:
        """Compare `present` with what `entities` declare."""
        self._present = present
        self._entities = entities
        self._stamps = stamps
        self._prefix = prefix
        self._dialect = present.dialect

    def steps(self) -> Iterator[Step]:
        """Tell the steps that are waiting."""
        return (change.step for change in self.all())

    def all(self) -> list[Change]:
        """Return the changes that are waiting, in the order in which they are taken."""
        found = [*self._stamp_table(), *self._tables(), *self._revisions()]
        if found or not self._stamps.outdated(
            self._present.connection, self._entities.specs.values()
        ):
            return found
        step = Step(component=COMPONENT, revision="stamp", summary="note what the tables fit")
        return [Change(step, lambda _connection: None)]

    def _stamp_table(self) -> Iterator[Change]:
        if self._stamps.table.name not in self._present.tables:
            made = self._ddl(CreateTable(self._stamps.table, if_not_exists=True))
            yield _change("stamps", "create the table of stamps", [made])

    def _tables(self) -> Iterator[Change]:
        for entity in self._entities:
            if entity.table.name in self._present.tables:
                yield from self._columns(entity)
                yield from self._indexes(entity)
            else:
                made = [CreateTable(entity.table), *map(CreateIndex, _sorted(entity.table))]
                yield _change(
                    entity.spec.name,
                    f"create table {entity.table.name}",
                    [self._ddl(each) for each in made],
                )

    def _revisions(self) -> Iterator[Change]:
        """A database without stamps is made as the newest revision has it."""
        at = self._stamps.revision(self._present.connection)
        for revision in REVISIONS if at is not None else ():
            if revision.run is not None and revision.number > (at or 0):
                take = partial(_run_revision, revision.run, self._prefix)
                step = Step(
                    component=COMPONENT, revision=str(revision.number), summary=revision.summary
                )
                yield Change(step, take)

    def _columns(self, entity: EntityTable) -> Iterator[Change]:
        table, spec = entity.table, entity.spec
        known = self._present.columns(table.name)
        for column in table.columns:
            if column.name not in known:
                yield self._new_column(entity, column)
        strict = [
            name for name, column in known.items() if self._is_too_strict(table, name, column)
        ]
        if strict and self._present.kind == SQLITE:
            yield Change(
                _step(f"{spec.name}.rebuild", f"let {', '.join(strict)} of {table.name} be empty"),
                partial(rebuild, table=table, present=self._present),
            )
        elif strict:
            for name in strict:
                yield self._relaxed(spec, table, name, known[name])
        if self._present.kind == MYSQL:
            yield from self._widened(spec, table, known)

    def _new_column(self, entity: EntityTable, column: "Column[Any]") -> Change:
        table, spec = entity.table, entity.spec
        owner = self._dialect.identifier_preparer.format_table(table)
        made = self._ddl(CreateColumn(column))
        described = columns_of(spec).get(column.name)
        if described is not None and not column.nullable:
            bare = made.removesuffix(" NOT NULL")
            made = f"{bare} DEFAULT {self._default(table, spec, column.name)} NOT NULL"
        statement = f"ALTER TABLE {owner} ADD COLUMN {made}"
        change = _change(
            f"{spec.name}.{column.name}", f"add column {column.name} to {table.name}", [statement]
        )
        if described is None or described.role is not Role.KEY:
            return change
        return attrs.evolve(change, take=partial(_then_fill, change.take, entity, described))

    def _default(self, table: Table, spec: EntitySpec, name: str) -> str:
        literal = default_literal(columns_of(spec)[name], self._present.kind)
        if literal is not None:
            return literal
        if self._present.is_empty(table.name):
            return "''" if str(table.c[name].type) in ("TEXT", "VARCHAR") else "NULL"
        raise InvalidSettings(
            "older records have no value for it",
            path=f"{spec.name}.{columns_of(spec)[name].part.name}",
            fix="give the field a default, or let it be None",
        )

    def _is_too_strict(self, table: Table, name: str, column: Any) -> bool:
        """Say whether the database asks for a value that the class may not have."""
        if column["nullable"]:
            return False
        if name not in table.c:
            return column.get("default") is None
        return bool(table.c[name].nullable)

    def _relaxed(self, spec: EntitySpec, table: Table, name: str, column: Any) -> Change:
        quote = self._dialect.identifier_preparer.quote
        owner = self._dialect.identifier_preparer.format_table(table)
        altered = f"ALTER COLUMN {quote(name)} DROP NOT NULL"
        if self._present.kind == MYSQL:
            altered = f"MODIFY COLUMN {quote(name)} {column['type'].compile(self._dialect)} NULL"
        return _change(
            f"{spec.name}.{name}",
            f"let {name} of {table.name} be empty",
            [f"ALTER TABLE {owner} {altered}"],
        )

    def _widened(self, spec: EntitySpec, table: Table, known: Any) -> Iterator[Change]:
        owner = self._dialect.identifier_preparer.format_table(table)
        for column in table.columns:
            had = getattr(known.get(column.name, {}).get("type"), "length", None)
            wanted = getattr(column.type, "length", None)
            if had and column.computed is None and (wanted is None or wanted > had):
                made = self._ddl(CreateColumn(column))
                yield _change(
                    f"{spec.name}.{column.name}",
                    f"let {column.name} of {table.name} be longer",
                    [f"ALTER TABLE {owner} MODIFY COLUMN {made}"],
                )

    def _indexes(self, entity: EntityTable) -> Iterator[Change]:
        table, spec = entity.table, entity.spec
        declared = {str(index.name): index for index in _sorted(table)}
        present = self._present.indexes(table.name)
        for name in sorted(present - declared.keys()):
            if is_ours(name, self._prefix, spec):
                dropped = self._ddl(DropIndex(Index(name, _table=table)))
                yield _change(f"{spec.name}.{name}", f"drop index {name}", [dropped])
        for name, index in declared.items():
            if name not in present:
                made = self._ddl(CreateIndex(index))
                yield _change(f"{spec.name}.{name}", f"create index {name}", [made])

    def _ddl(self, construct: Any) -> str:
        return str(construct.compile(dialect=self._dialect)).strip()


def _sorted(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _step(revision: str, summary: str, statements: Sequence[str] = ()) -> Step:
    return Step(
        component=COMPONENT, revision=revision, summary=summary, statements=tuple(statements)
    )


def _change(revision: str, summary: str, statements: Sequence[str]) -> Change:
    return Change(_step(revision, summary, statements), partial(_execute, tuple(statements)))


def _execute(statements: Sequence[str], connection: Connection) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))


def _then_fill(first: Take, entity: EntityTable, column: Any, connection: Connection) -> None:
    first(connection)
    fill_keys(connection, entity, column)


def _run_revision(
    run: Callable[[Connection, str], None], prefix: str, connection: Connection
) -> None:
    run(connection, prefix)


__all__: Final = ["Change", "Changes"]
