"""Cells: what a query brought back without making records, as scalars of the domain."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final

from crmkit.domain.columns import Leaf
from crmkit.domain.filters.summary import Function
from crmkit.domain.filters.tally import Gather, Key, Tally
from crmkit.domain.kinds import Form
from crmkit.errors import StoreError
from crmkit.storage.codec.json_text import from_json
from crmkit.storage.sql.entities import EntityTable

Turn = Callable[[Any], Any]
Row = tuple[Any, ...]
_TURNED: Final = frozenset({Form.ID, Form.INSTANT, Form.DATE, Form.BOOLEAN})


class Cells:
    """Reads the cells of one entity."""

    def __init__(self, entity: EntityTable, day: Callable[[Any], date]) -> None:
        """Read with the codec of the entity; `day` reads what a calendar span came back as."""
        self._entity = entity
        self._day = day

    def reader(self, leaves: Sequence[Leaf]) -> Callable[[Row], Row]:
        """Return the function that reads a row of these leaves."""
        return _reader([self._turn(leaf) for leaf in leaves])

    def figures(self, tally: Tally) -> Callable[[Row], Row]:
        """Return the function that reads a row of a summary."""
        keys = [self._key(key) for key in tally.keys]
        return _reader([*keys, *(self._gathered(gather) for gather in tally.gathers)])

    def unreadable(self, rows: Sequence[Row]) -> StoreError:
        """Say which of the rows cannot be made a record, and why."""
        for row in rows:
            try:
                self._entity.codec.load((row,))
            except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as wrong:
                name, place = self._entity.spec.name, f"{self._entity.spec.name} {row[0]}"
                return StoreError(
                    f"{place} does not fit its class: {type(wrong).__name__} {wrong}",
                    path=name,
                    fix="mend the stored row, or let the class know the value",
                )
        return StoreError("a stored row does not fit its class", path=self._entity.spec.name)

    def _turn(self, leaf: Leaf) -> Turn | None:
        if leaf.form is Form.TEXTS:
            return _items
        if leaf.keys:
            return bool if leaf.form is Form.BOOLEAN else None
        return self._entity.codec.unscalar[leaf.column] if leaf.form in _TURNED else None

    def _key(self, key: Key) -> Turn | None:
        return self._day if key.bucket is not None else self._turn(key.leaf)

    def _gathered(self, gather: Gather) -> Turn | None:
        if gather.leaf is None or gather.function in (Function.COUNT, Function.DISTINCT):
            return None
        return int if gather.function is Function.SUM else self._turn(gather.leaf)


def _reader(turns: Sequence[Turn | None]) -> Callable[[Row], Row]:
    if not any(turns):
        return tuple
    return lambda row: tuple(
        [
            cell if turn is None or cell is None else turn(cell)
            for turn, cell in zip(turns, row, strict=True)
        ]
    )


def _items(cell: Any) -> Any:
    return from_json(cell) if isinstance(cell, str) else cell
