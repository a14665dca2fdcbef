"""JSON that every store keeps alike: without floats, bounded in depth, of lawful texts."""

import json
from collections.abc import Mapping
from typing import Any, Final

from crmkit.domain.kinds import Json, check_integer
from crmkit.domain.text import check_text
from crmkit.errors import InvalidValue, OutOfRange, WrongType

MAX_DEPTH: Final = 32


def check_json(value: Any, path: str, depth: int = MAX_DEPTH) -> Json:
    """Return `value` when it is JSON of at most `depth` levels without floats, or raise."""
    if depth == 0:
        raise OutOfRange(f"nested more than {MAX_DEPTH} deep", path=path)
    match value:
        case None | bool():
            return value
        case str():
            return check_text(value, path=path)
        case int():
            return check_integer(value, path)
        case list() | tuple():
            return [check_json(item, f"{path}[{at}]", depth - 1) for at, item in enumerate(value)]
        case Mapping():
            return {
                check_text(key, path=path): check_json(item, f"{path}.{key}", depth - 1)
                for key, item in value.items()
            }
        case _:
            raise WrongType(f"{type(value).__name__} is not JSON", path=path)


def read_json(text: str, path: str) -> Json:
    """Read JSON text, or raise `ValueError`; what has a float is an `InvalidValue`."""

    def refuse(written: str) -> Json:
        raise InvalidValue(f"{written} is not exact", path=path, fix="write whole numbers, or text")

    return json.loads(text, parse_float=refuse, parse_constant=refuse)
