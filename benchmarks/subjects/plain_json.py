"""Compact JSON for the drivers that take text."""

import json
from typing import Any


def write_json(value: Any) -> str:
    """Write compact JSON that keeps every character as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
