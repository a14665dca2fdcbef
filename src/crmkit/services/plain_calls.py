"""Calls as JSON: what tells two calls apart, and a result that can be given again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.as_json import filter_to_json
from crmkit.domain.filters.order import Page
from crmkit.domain.filters.tree import Filter
from crmkit.domain.instants import as_instant
from crmkit.domain.kinds import Json
from crmkit.domain.money import Money
from crmkit.errors import WrongType

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

_TUPLE: Final = "tuple"
_MAP: Final = "map"
_PAGE, _NEXT = "page", "next"


def payload_of(service: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Json:
    """Return the name and arguments of a call as JSON; the same call always gives the same.

    A record counts by its entity, id and version. Raises `WrongType` for what has no plain form.
    """
    named = {key: _argument(value, key) for key, value in sorted(kwargs.items())}
    listed = [_argument(value, f"args[{at}]") for at, value in enumerate(args)]
    return {"service": _name(service), "args": listed, "kwargs": named}


def result_to_json(result: Any) -> Json:
    """Write what a service returned: records as references, the rest as it is.

    Raises `WrongType` for what cannot be given again.
    """
    match result:
        case None | bool() | int() | str() if not isinstance(result, Enum):
            return result
        case Aggregate():
            return {"entity": _entity(result), "id": str(result.id)}
        case list():
            return [result_to_json(item) for item in result]
        case tuple():
            return {_TUPLE: [result_to_json(item) for item in result]}
        case Page(items=items, next=cursor):
            return {_PAGE: [result_to_json(item) for item in items], _NEXT: cursor}
        case Mapping():
            return {_MAP: {_key(key): result_to_json(item) for key, item in result.items()}}
        case _:
            return _scalar(result, "result")


def result_from_json(work: "UnitOfWork", written: Json) -> Any:
    """Read a stored result; a record comes as it is now, also when it was removed since."""
    match written:
        case [*items]:
            return [result_from_json(work, item) for item in items]
        case {"entity": str(entity), "id": str(record_id)}:
            cls = work.registry[entity].cls
            return work.of(cls).get(UUID(record_id), removed=True)
        case {"tuple": [*items]}:
            return tuple(result_from_json(work, item) for item in items)
        case {"page": [*items], "next": cursor}:
            return Page(items=tuple(result_from_json(work, item) for item in items), next=cursor)
        case {"map": dict(items)}:
            return {key: result_from_json(work, item) for key, item in items.items()}
        case dict():
            return _read_scalar(written)
        case _:
            return written


def _argument(value: Any, path: str) -> Json:
    match value:
        case Enum():
            return {type(value).__name__: _argument(value.value, path)}
        case None | bool() | int() | str():
            return value
        case Aggregate():
            return [_entity(value), str(value.id), value.version]
        case Filter():
            return {"filter": filter_to_json(value)}
        case _ if attrs.has(type(value)) and not isinstance(value, Money):
            fields = attrs.asdict(value, recurse=False)
            return {type(value).__name__: _collection(fields, path)}
        case Mapping() | set() | frozenset() | list() | tuple():
            return _collection(value, path)
        case _:
            return _scalar(value, path)


def _collection(values: Any, path: str) -> Json:
    if isinstance(values, Mapping):
        return {str(key): _argument(item, f"{path}.{key}") for key, item in values.items()}
    items = [_argument(item, f"{path}[{at}]") for at, item in enumerate(values)]
    return sorted(items, key=str) if isinstance(values, set | frozenset) else items


def _scalar(value: Any, path: str) -> Json:
    match value:
        case Decimal():
            return {"decimal": str(value)}
        case Money():
            return {"money": str(value)}
        case datetime():
            return {"instant": as_instant(value, path=path).isoformat()}
        case date():
            return {"date": value.isoformat()}
        case UUID():
            return {"uuid": str(value)}
        case _:
            raise WrongType(
                f"{type(value).__name__} has no plain form",
                path=path,
                fix="a call with an idempotency_key takes and gives records, ids, text, whole "
                "numbers, Decimal, Money, dates, and lists, pages and mappings of them",
            )


def _read_scalar(written: Mapping[str, str]) -> Any:
    [(kind, text)] = written.items()
    return _READERS[kind](text)


def _entity(record: Any) -> str:
    return spec_of(type(record)).name


def _name(service: Callable[..., Any]) -> str:
    return str(getattr(service, "__name__", type(service).__name__))


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise WrongType(f"{type(key).__name__} as a key has no plain form", path="result")


def _money(text: str) -> Money:
    amount, _, currency = text.rpartition(" ")
    return Money(amount, currency)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "decimal": Decimal,
    "money": _money,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
}
