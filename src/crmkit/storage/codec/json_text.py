"""JSON text, written and read by orjson where it is installed."""

import json
from collections.abc import Callable
from typing import Any

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


def _written(plain: Any) -> str:
    """Write JSON text without blanks."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _written_fast(plain: Any) -> str:
    """Write JSON text; what orjson does not know is left to the standard library."""
    try:
        return _dumps(plain).decode()
    except TypeError:
        return _written(plain)


if orjson is None:
    to_json: Callable[[Any], str] = _written
    from_json: Callable[[str], Any] = json.loads
else:
    _dumps = orjson.dumps
    to_json = _written_fast
    from_json = orjson.loads
