"""Content: what an approval is bound to, as plain JSON and as its hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import EntitySpec

_NEVER: Final = frozenset(field.name for field in attrs.fields(Aggregate)) - {"custom"}
"""Fields of every record that say how it is kept, not what it says."""


def content_fields(
    spec: EntitySpec, *, only: Iterable[str] = (), but: Iterable[str] = ()
) -> tuple[str, ...]:
    """Name the fields that count: those given, else all but those of its steps and some more."""
    chosen = tuple(only)
    if chosen:
        return tuple(name for name in spec.parts if name in chosen)
    left_out = _NEVER.union(but, getattr(spec.cls, "step_names", ()))
    return tuple(name for name in spec.parts if name not in left_out)


def content_of(spec: EntitySpec, record: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return these fields of a record as plain JSON."""
    return {name: spec.parts[name].plain(getattr(record, name)) for name in names}


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain content; the same content gives the same hash on every store."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()
