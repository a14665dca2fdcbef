"""JSON text, written and read by orjson where it is installed."""

import json
from typing import Any

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


def to_json(plain: Any) -> str:
    """Write JSON text without blanks."""
    if orjson is not None:
        try:
            return orjson.dumps(plain).decode()
        except TypeError:
            return _written(plain)
    return _written(plain)


def from_json(text: str) -> Any:
    """Read JSON text."""
    return json.loads(text) if orjson is None else orjson.loads(text)


def _written(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
