"""Sight: what one actor sees of an entity and may do with its records, within one unit of work."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.access.deciding import all_of
from crmkit.domain.access.veils import Hidden, Level, Masked, masked
from crmkit.domain.entity import EntitySpec
from crmkit.domain.filters.compiled import Choice, Decision, compiled
from crmkit.domain.filters.lowered import Lowered
from crmkit.domain.filters.lowering import lower
from crmkit.domain.filters.matching import Finder
from crmkit.domain.filters.paths import CUSTOM, Path
from crmkit.domain.filters.tree import Exists, Filter
from crmkit.errors import NotPermitted, UnknownField

Decide = Callable[[Sequence[str]], Filter]
"""Says with which records something may be done that can be granted under these names."""
STAMPS = frozenset(
    {"id", "tenant", "version", "created_at", "created_by", "updated_at", "updated_by"}
)
"""Fields that the unit of work fills in itself; whoever sees a record sees them."""


class Sight:
    """The records of an entity that an actor sees, how far they see into them, what they may do."""

    def __init__(
        self,
        spec: EntitySpec,
        decide: Decide,
        *,
        levels: Callable[[], Mapping[str, Level]],
        exists: Finder,
        names: tuple[str, ...] = (Right.READ,),
    ) -> None:
        """Take what decides, what tells the levels of fields, and what finds linked records.

        `names` are the rights that a record must allow, each of them, to be seen.
        """
        self.spec = spec
        self._decide = decide
        self._ask_levels = levels
        self._exists = exists
        self._names = names
        self._allowed: dict[tuple[str, ...], Filter] = {}
        self._decisions: dict[tuple[str, ...], tuple[Decision, Choice]] = {}
        self._lowered: Lowered | None = None

    @cached_property
    def _levels(self) -> dict[str, Level]:
        return _with_derived(self.spec, self._ask_levels())

    @property
    def where(self) -> Filter:
        """Return which records are seen, as a filter."""
        return all_of([self.allowed((name,)) for name in self._names])

    @property
    def lowered(self) -> Lowered:
        """Return which records are seen, as stores are asked."""
        if self._lowered is None:
            self._lowered = lower(self.where)
        return self._lowered

    @cached_property
    def is_veiled(self) -> bool:
        """Say whether any field is masked or hidden."""
        return any(level < Level.READ for level in self._levels.values())

    @property
    def limited(self) -> tuple[str, ...]:
        """Name the fields that the actor may not edit, but for those filled in or derived."""
        own = (CUSTOM, *getattr(self.spec.cls, "derived_names", ()))
        return tuple(name for name in self._levels if name in self.spec.parts and name not in own)

    def narrowed(self, right: str) -> "Sight":
        """Return the sight of the records with which something more is allowed."""
        return Sight(
            self.spec,
            self._decide,
            levels=self._ask_levels,
            exists=self._exists,
            names=(*self._names, right),
        )

    def allowed(self, names: Sequence[str]) -> Filter:
        """Return the records with which something may be done, as a filter."""
        key = tuple(names)
        found = self._allowed.get(key)
        if found is None:
            found = self._allowed[key] = self._decide(key)
        return found

    def decision(self, *names: str) -> Decision:
        """Return the function that says whether something may be done with a whole record."""
        found = self._decisions.get(names)
        if found is None:
            made = compiled(self.allowed(names), self._exists)
            found = self._decisions[names] = made
        return found[0]

    def may(self, names: Sequence[str], record: Any) -> bool:
        """Say whether something may be done with a whole record."""
        return self.decision(*names)(record)

    def sees(self, record: Any) -> bool:
        """Say whether a whole record is seen."""
        return all(self.decision(name)(record) for name in self._names)

    def chosen(self, records: Iterable[Any]) -> list[Any]:
        """Return those of many whole records that are seen."""
        found = list(records)
        for name in self._names:
            self.decision(name)
            found = self._decisions[name,][1](found)
        return found

    def level(self, field: str) -> Level:
        """Return how far the actor gets with a field, `custom.key` for a custom one."""
        if field in STAMPS:
            return Level.EDIT
        level = self._levels.get(field, Level.EDIT)
        return min(level, self.level(CUSTOM)) if field.startswith(f"{CUSTOM}.") else level

    def level_of(self, path: Path) -> Level:
        """Return how far the actor gets with what a path leads to."""
        steps = path.name.split(".")
        return self.level(".".join(steps[:2]) if steps[0] == CUSTOM else steps[0])

    def check_asked(self, path: Path) -> None:
        """Return when a value may be filtered, sorted and grouped by.

        A hidden field is refused like one that does not exist, a masked one by `NotPermitted`.
        """
        level = self.level_of(path)
        if level is Level.HIDDEN:
            raise self.unknown(path)
        if level is Level.MASKED:
            raise NotPermitted(
                "is masked, and cannot be asked for",
                path=f"{self.spec.name}.{path.name}",
                fix="leave it out of filters, orders and summaries",
            )

    def unknown(self, path: Path) -> UnknownField:
        """Return the error of a field that does not exist."""
        steps = path.name.split(".")
        if steps[0] == CUSTOM and len(steps) > 1:
            return self.spec.no_custom_field(steps[1])
        return self.spec.no_field(steps[0])

    def veil(self, path: Path) -> Callable[[Any], Any]:
        """Return what turns the value of a path into what is shown of it.

        Raises `UnknownField` for a hidden one.
        """
        name, level = f"{self.spec.name}.{path.name}", self.level_of(path)
        if level is Level.HIDDEN:
            raise self.unknown(path)
        if level is not Level.MASKED:
            return lambda value: value
        return lambda value: masked(name, value)

    def shown(self, record: Any) -> Any:
        """Return a record as the actor sees it: veils in place of what is masked or hidden."""
        if not self.is_veiled:
            return record
        veils: dict[str, Any] = {}
        for field, level in self._levels.items():
            if level < Level.READ and field in self.spec.parts:
                veils[field] = self._veiled(field, getattr(record, field))
        if CUSTOM in self.spec.parts and CUSTOM not in veils:
            veils[CUSTOM] = dict(self._custom_shown(record.custom))
        return record.replaced(**veils)

    def _custom_shown(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in values.items():
            level = self.level(f"{CUSTOM}.{key}")
            if level is Level.MASKED:
                name = f"{self.spec.name}.{CUSTOM}.{key}"
                yield key, masked(name, value)
            elif level is not Level.HIDDEN:
                yield key, value

    def _veiled(self, field: str, value: Any) -> Hidden | Masked:
        name = f"{self.spec.name}.{field}"
        if self.level(field) is Level.HIDDEN:
            return Hidden(name)
        return masked(name, value)


def asked_paths(filter_: Filter) -> Iterator[Path]:
    """Bring every path that a filter asks about, those of linked records too."""
    for name in ("path", "other"):
        path = getattr(filter_, name, None)
        if path is not None:
            yield path
    if isinstance(filter_, Exists):
        yield from (filter_.local, filter_.remote)
        yield from asked_paths(filter_.where)
    inner = getattr(filter_, "part", None)
    for part in (inner,) if inner is not None else getattr(filter_, "parts", ()):
        yield from asked_paths(part)


def _with_derived(spec: EntitySpec, levels: Mapping[str, Level]) -> dict[str, Level]:
    """Let fields that follow from others be as hidden as the most hidden of them."""
    kept: dict[str, Level] = {
        field: level
        for field, level in levels.items()
        if level is not Level.EDIT and field not in STAMPS
    }
    following = getattr(spec.cls, "derived_names", ())
    least = min((level for field, level in kept.items() if field in spec.parts), default=Level.EDIT)
    if least < Level.READ:
        kept.update(dict.fromkeys(following, Level.HIDDEN))
    return kept
