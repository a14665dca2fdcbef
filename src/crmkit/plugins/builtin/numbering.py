"""Document numbers: counted per tenant, entity and year, without gaps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import attrs

from crmkit.domain.entity import entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.errors import Duplicate, InvalidSettings, TransactionConflict
from crmkit.plugins.hookspecs import hookimpl
from crmkit.ports import Session

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

DEFAULT_FORM: Final = "{entity}-{year}-{number:06}"
_COUNTERS: Final = UUID("6f1f3a52-2f5b-5d0f-9c58-3c1c2f0e7a11")


@entity("counter")
@attrs.frozen(kw_only=True)
class Counter:
    """The last number given under one name; it is not logged and not undone."""

    id: UUID
    tenant: str
    version: int = 1
    name: Annotated[str, Text(max_length=200)]
    value: int


class YearlyNumbers:
    """Numbers documents `DEAL-2026-000001` and so on, per tenant, entity and year.

    A number is taken in the transaction of the document, so a work that fails leaves no gap. Works
    that number at the same time conflict; all but one are to be repeated, as `crm.run` does.
    """

    name = "crmkit.numbering"

    def __init__(self, *, zone: str = "UTC", forms: Mapping[str, str] | None = None) -> None:
        """Begin years by the clock of `zone`; `forms` writes numbers otherwise, by entity.

        A form is a format string over `entity` (in capitals), `year` and `number`.
        """
        self._zone = ZoneInfo(zone)
        self._forms = dict(forms or {})
        for name, form in self._forms.items():
            _write(form, name, 2000, 1)

    @hookimpl
    def register_entities(self) -> tuple[type[Any], ...]:
        """Keep the counters."""
        return (Counter,)

    @hookimpl(trylast=True)
    def number_document(self, entity: str, work: "UnitOfWork") -> str:
        """Count one further."""
        year = work.now.astimezone(self._zone).year
        name = f"{entity}/{year}"
        counter_id = uuid5(_COUNTERS, f"{work.tenant}/{name}")
        with work.storing() as session:
            number = _count(session, counter_id, name)
        return _write(self._forms.get(entity, DEFAULT_FORM), entity, year, number)


def _count(session: Session, counter_id: UUID, name: str) -> int:
    spec = spec_of(Counter)
    for found in session.get_many(spec, [counter_id]):
        counter: Counter = found
        further = attrs.evolve(counter, value=counter.value + 1, version=counter.version + 1)
        session.save_many(spec, [further], [counter.version])
        return further.value
    first = Counter(id=counter_id, tenant=session.tenant, name=name, value=1)
    try:
        session.insert_many(spec, [first])
    except Duplicate:
        raise TransactionConflict(
            "another work has just begun to number these documents",
            path="number",
            fix="repeat in another work",
        ) from None
    return first.value


def _write(form: str, entity_name: str, year: int, number: int) -> str:
    try:
        return form.format(entity=entity_name.upper(), year=year, number=number)
    except (KeyError, IndexError, ValueError, AttributeError) as wrong:
        raise InvalidSettings(
            f"{form!r} cannot be written: {wrong}",
            path=f"forms.{entity_name}",
            fix=f"write something like {DEFAULT_FORM!r}",
        ) from None
