"""Calling: every public function of the services, with arguments made from its annotations.

A function whose arguments cannot be made fails the build, so a new one gets a row by itself, is
told in particulars.py what to be called with, or is named here as an inner one.
"""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
import re
import types
import typing
from collections import abc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs

import crmkit.services
from crmkit.domain.access.acting import Action, Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.calendars.hours import Week
from crmkit.domain.calendars.sources import Source
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer
from crmkit.domain.privacy.erasure import Erasure
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.order_line import LineChange, resize_line
from crmkit.domain.sales.payment_plan import Part
from crmkit.domain.sales.product import Component
from crmkit.domain.sales.quote_line import DraftLine, item
from crmkit.domain.sales.tax_rate import TaxRule
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.clock_rules import ClockRule, resolution, targets
from crmkit.domain.support.moments import When
from crmkit.domain.support.priorities import Priority
from crmkit.errors import CrmkitError
from crmkit.work import UnitOfWork
from tests.access.aim import Aim, NotInStock
from tests.access.particulars import PARTICULARS

INNER: Final = {
    "approvals.applying": "keeps a case once deciding was permitted, and shows it",
    "approvals.flows.flow_of": "finds the flow that a step asks for",
    "approvals.people": "looks up who decides, whoever asks",
    "approvals.routing": "finds whom a flow asks once submitting or deciding was permitted",
    "calendars.keeping.business_calendar": "counts working time for whoever works by a calendar",
    "calendars.keeping.calendar_of": "counts working time for whoever works by a calendar",
    "leads.ownership.hand_to": "gives a record away once that was permitted",
    "log_rows": "takes a session",
    "plain_calls": "turns results of calls into JSON and back",
    "privacy.erasing.blank_records": "blanks whole rows once a retention run was permitted",
    "privacy.erasing.delete_records": "deletes whole rows once a retention run was permitted",
    "privacy.people": "finds persons for what was permitted before",
    "privacy.blanking_cases": "blanks whole approvals once an erasure was permitted",
    "privacy.blanking_rows": "blanks whole rows once an erasure was permitted",
    "privacy.replaying": "repeats erasures from a file of the program",
    "sample_company": "writes a sample",
    "sales.credit.must_have_credit": "counts what is owed once confirming was permitted",
    "sales.stages.keep_stay": "saves a record that has moved once that was permitted",
    "sales.stages.must_be_allowed": "checks a move of a record that was seen",
    "sales.ledger.note_owed": "writes in the ledger once planning or paying was permitted",
    "sales.matching": "counts money on both sides once paying, billing or planning was permitted",
    "calendars.absences.absent_now": "tells who is away once handing out work was permitted",
    "calendars.absences.deputy_of": "tells who stands in once handing over was permitted",
    "support.choosing": "finds a desk and whose turn it is once handing over was permitted",
    "support.commands": "carries out what was permitted, in the client's words",
    "support.correspondents": "looks for who wrote once receiving was permitted",
    "support.filing.keep_letter": "writes a letter once receiving or sending was permitted",
    "support.mailboxes.check_marks": "compares two names",
    "support.mailboxes.keep_standing": "writes how an address stands once a letter was permitted",
    "support.mailboxes.note_answer": "counts an answer once receiving was permitted",
    "support.mailboxes.note_failure": "marks an address once receiving was permitted",
    "support.sending.cannot_reach": "judges an address without a store",
    "support.sending.queue_letter": "writes a letter once receiving or sending was permitted",
    "support.levels": "times a ticket by its level once a deed was permitted",
    "support.tickets.follow_up": "opens a ticket once splitting or reopening was permitted",
    "turning": "turns references once a merge was permitted",
    "undo_obstacles": "looks for obstacles within an undo",
    "unique_claims": "claims values of a custom field",
}
"""Modules and functions that only other services use, and what for."""
WORDS: Final = {
    "entity": "customer",
    "party": "customer",
    "zone": "UTC",
    "currency": "USD",
    "into": "CNY",
    "language": "en",
    "grantee": "role:nobody",
    "to": "new",
    "key": "size",
    "lines": "mon-fri 09:00-17:00",
}
_NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)
_VALUES: Final[dict[Any, Any]] = {
    int: 7,
    float: 1.0,
    bool: True,
    bytes: b"s" * 32,
    Decimal: Decimal(2),
    date: date(2026, 3, 1),
    datetime: _NOW,
    timedelta: timedelta(days=400),
    Filter: EVERYTHING,
    Money: Money("1", "CNY"),
    Rules: Rules(),
    Action: Action("customer:update", right=Right.EDIT),
    Week: Week.read("mon-fri 09:00-17:00"),
    Source: Source(name="others", known_until=date(2027, 1, 1)),
    DraftLine: item("thing", price=3, price_reason="asked"),
    Offer: Offer(lines=(), valid_until=date(2027, 1, 1)),
    LineChange: resize_line("1", 2),
    Part: Part(label="all", amount=Money("1", "CNY"), due_on=date(2027, 1, 1)),
    Command: Command(do=Do.TAG, to="seen"),
    ClockRule: resolution(targets({Priority.NORMAL: timedelta(hours=4)})),
    When: When(),
    TaxRule: TaxRule(kind="other", percent=Decimal(3), valid_from=date(2026, 1, 1)),
    Any: {"all": []},
    object: None,
}


def services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Bring every public function that people's work is done with, by the name of its module."""
    for found in pkgutil.walk_packages(crmkit.services.__path__, "crmkit.services."):
        module = importlib.import_module(found.name)
        place = found.name.removeprefix("crmkit.services.")
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if {place, f"{place}.{name}"} & INNER.keys():
                continue
            if own and not name.startswith("_") and _takes_work(function):
                yield f"{place}.{name}", function


def _takes_work(function: Callable[..., Any]) -> bool:
    return next(iter(inspect.signature(function).parameters), "") == "work"


SERVICES: Final = dict(services())


def offered() -> Iterator[str]:
    """Bring the functions that packages of the services name as theirs, by their own modules."""
    for found in pkgutil.walk_packages(crmkit.services.__path__, "crmkit.services."):
        package = importlib.import_module(found.name)
        for name in getattr(package, "__all__", ()):
            function = getattr(package, name)
            if inspect.isfunction(function) and _takes_work(function):
                place = function.__module__.removeprefix("crmkit.services.")
                yield f"{place}.{function.__name__}"


def is_general(function: Callable[..., Any]) -> bool:
    """Say whether a function takes a record of any entity."""
    hints = typing.get_type_hints(function, localns={"UnitOfWork": UnitOfWork})
    return any(one in repr(hints) for one in ("Aggregate", "uuid.UUID", "~A"))


def arguments(name: str, aim: Aim) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments for a service: all that are needed, and every record it may refer to.

    Raises `NotInStock` where particulars.py has to say what to give.
    """
    function, own = SERVICES[name], dict(PARTICULARS.get(name, {}))
    hints = typing.get_type_hints(function, localns={"UnitOfWork": UnitOfWork})
    given: list[Any] = []
    named: dict[str, Any] = {}
    has_left_out = False
    for part in list(inspect.signature(function).parameters.values())[1:]:
        if part.kind is part.VAR_KEYWORD:
            continue
        is_asked = part.default is part.empty and part.kind is not part.VAR_POSITIONAL
        if part.name in own:
            value = _particular(own.pop(part.name), aim)
        elif is_asked or _refers(hints[part.name]):
            value = argument(part.name, hints[part.name], aim)
        else:
            has_left_out = True
            continue
        if part.kind is part.VAR_POSITIONAL:
            given += value
        elif part.kind is part.KEYWORD_ONLY or has_left_out:
            named[part.name] = value
        else:
            given.append(value)
    return given, named | {key: _particular(value, aim) for key, value in own.items()}


def _particular(value: Any, aim: Aim) -> Any:
    return value(aim) if inspect.isfunction(value) else value


def _refers(hint: Any) -> bool:
    name = getattr(hint, "__name__", "")
    return name.endswith("Id") or any(map(_refers, typing.get_args(hint)))


def argument(name: str, hint: Any, aim: Aim) -> Any:
    """Return a value for a parameter."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return argument(name, typing.get_args(hint)[0], aim)
    if isinstance(hint, typing.NewType):
        return _id_of(hint, aim)
    if isinstance(hint, typing.TypeVar):
        (first, *_others) = hint.__constraints__ or typing.get_args(hint.__bound__) or (Aggregate,)
        return _of_class(name, first, aim)
    if hint is UUID:
        ids = {"record_id": aim.record(aim.subject).id, "changeset_id": aim.changeset_id}
        return ids.get(name, aim.record("user").id)
    if hint is str:
        return _text(name, aim)
    if inspect.isclass(hint) and origin is None:
        return _of_class(name, hint, aim)
    return _several(name, hint, aim)


def _text(name: str, aim: Aim) -> str:
    if name == "links":
        return f"{aim.subject}:{aim.record(aim.subject).id}"
    return aim.word if name == "text" else WORDS.get(name, "probe")


def _id_of(hint: Any, aim: Aim) -> Any:
    entity = re.sub(r"(?<!^)(?=[A-Z])", "_", hint.__name__.removesuffix("Id")).lower()
    return aim.record(entity).id


def _of_class(name: str, hint: Any, aim: Aim) -> Any:
    if hint is Component:
        return Component(product_id=aim.record("product").id)
    if hint in _VALUES:
        return _VALUES[hint]
    if hint is Aggregate:
        return aim.record(aim.subject)
    if hint is Erasure:
        raise LookupError(name)
    if issubclass(hint, Aggregate):
        return aim.record(aim.registry[hint].name)
    if issubclass(hint, Enum):
        return list(hint)[-1]
    if issubclass(hint, Path):
        return aim.folder / "told.csv"
    if issubclass(hint, typing.TextIO):
        return io.StringIO()
    if attrs.has(hint):
        return _made(hint, aim)
    raise NotInStock(f"{name}, a {hint}: say what to give in tests/access/particulars.py")


def _made(cls: Any, aim: Aim) -> Any:
    """Make a plain value of what its fields ask for, or raise `NotInStock`."""
    hints = typing.get_type_hints(cls)
    asked = [field for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    try:
        return cls(**{field.name: argument(field.name, hints[field.name], aim) for field in asked})
    except (CrmkitError, TypeError) as wrong:
        raise NotInStock(f"{cls.__name__}: {wrong}") from wrong


def _several(name: str, hint: Any, aim: Aim) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is type:
        wanted = inner[0]
        if wanted is Aggregate or (isinstance(wanted, typing.TypeVar) and wanted.__name__ == "A"):
            return aim.registry[aim.subject].cls
        return Customer
    if origin is tuple and inner[-1] is not ...:
        return tuple(argument(name, one, aim) for one in inner)
    if origin is abc.Mapping:
        return {}
    if origin in (tuple, list, abc.Sequence, abc.Iterable, abc.Collection):
        kind: Any = list if origin is list else tuple
        return kind([argument("entity" if name == "entities" else name, inner[0], aim)])
    if hint is Any:
        return _VALUES[Any]
    raise NotInStock(f"{name}, a {hint}: say what to give in tests/access/particulars.py")
