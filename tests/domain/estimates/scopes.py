"""Scopes for Hypothesis, and every way to ask for more."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import attrs
from hypothesis import strategies as st

from crmkit.domain.estimates import (
    CRM_CATALOGUE,
    CSBMK_202510,
    Integration,
    Maintenance,
    Migration,
    Module,
    Scope,
    Technology,
    ThirdParty,
)
from crmkit.domain.estimates.levels import (
    Application,
    Change,
    Cloud,
    Complexity,
    Direction,
    Fit,
    Integrity,
    Interface,
    Permissions,
    Process,
    Response,
    Stage,
    Support,
    Updates,
)
from crmkit.domain.money import Money

MODULES = [kind.name for kind in CRM_CATALOGUE]
CITIES = sorted(CSBMK_202510.cities, key=lambda name: CSBMK_202510.cities[name].build)

modules = st.builds(
    Module,
    fit=st.sampled_from(Fit),
    complexity=st.sampled_from(Complexity),
    change=st.sampled_from(Change),
    count=st.integers(1, 4),
)
integrations = st.builds(
    Integration,
    system=st.sampled_from(["ERP", "财务", "OA"]),
    direction=st.sampled_from(Direction),
    entities=st.integers(1, 9),
    fit=st.sampled_from(Fit),
)
technologies = st.builds(
    Technology,
    cloud=st.sampled_from(Cloud),
    big_data=st.booleans(),
    high_availability=st.booleans(),
    multi_site=st.booleans(),
)
maintenances = st.builds(
    Maintenance,
    years=st.integers(0, 5),
    response=st.sampled_from(Response),
    updates=st.sampled_from(Updates),
    support=st.sampled_from(Support),
    backup=st.booleans(),
)
bought = st.builds(
    ThirdParty,
    name=st.just("server"),
    price=st.integers(0, 10**7).map(lambda minor: Money.from_minor(minor, "CNY")),
    quantity=st.integers(0, 9),
    yearly=st.booleans(),
)
scopes = st.builds(
    Scope,
    modules=st.dictionaries(st.sampled_from(MODULES), modules, min_size=1),
    users=st.integers(1, 20_000),
    roles=st.integers(1, 30),
    permissions=st.sampled_from(Permissions),
    integrations=st.lists(integrations, max_size=3, unique_by=lambda link: link.system),
    interface=st.sampled_from(Interface),
    process=st.sampled_from(Process),
    technology=technologies,
    migration=st.builds(Migration, records=st.integers(0, 10**6), sources=st.integers(0, 5)),
    training=st.integers(0, 20),
    third_party=st.lists(bought, max_size=1),
    maintenance=st.none() | maintenances,
    city=st.none() | st.sampled_from(CITIES),
    application=st.sampled_from(Application),
    integrity=st.sampled_from(Integrity),
    stage=st.sampled_from(Stage),
)


def _next(value: Any) -> Any:
    """Return the next more costly choice, or one more."""
    if isinstance(value, bool):
        return True
    if isinstance(value, Direction):
        return Direction.BOTH
    if isinstance(value, StrEnum):
        options = list(type(value))
        return options[min(options.index(value) + 1, len(options) - 1)]
    return value + 1


def _raised(record: Any, field: str) -> Any:
    return attrs.evolve(record, **{field: _next(getattr(record, field))})


def _dearer(name: str) -> str:
    """Return the next city where both building and upkeep cost as much or more."""
    city = CSBMK_202510.cities[name]
    for other in CITIES[CITIES.index(name) + 1 :]:
        if CSBMK_202510.cities[other].upkeep >= city.upkeep:
            return other
    return name


def _fields(record: type, *without: str) -> list[str]:
    return [field.name for field in attrs.fields(record) if field.name not in without]


def _each_part(scope: Scope, name: str, field: str) -> Scope:
    parts = getattr(scope, name)
    if isinstance(parts, Mapping):
        return scope.with_(**{name: {key: _raised(part, field) for key, part in parts.items()}})
    return scope.with_(**{name: [_raised(part, field) for part in parts]})


def _part(scope: Scope, name: str, field: str) -> Scope:
    part = getattr(scope, name)
    if part is None:
        return scope.with_(**{name: Maintenance(years=0)})
    if field == "years":
        return scope.with_(**{name: attrs.evolve(part, years=min(part.years + 1, 20))})
    return scope.with_(**{name: _raised(part, field)})


def _drivers() -> dict[str, Callable[[Scope], Scope]]:
    drivers: dict[str, Callable[[Scope], Scope]] = {
        "a module more": lambda scope: scope.with_(
            modules={**dict.fromkeys(MODULES[:9], Module()), **scope.modules}
        ),
        "a system more": lambda scope: scope.with_(
            integrations=[*scope.integrations, Integration(system="CTI")]
        ),
        "a purchase more": lambda scope: scope.with_(
            third_party=[*scope.third_party, ThirdParty(name="SMS", price=Money("800", "CNY"))]
        ),
        "a dearer city": lambda scope: scope.with_(city=_dearer(scope.city or "济南")),
    }
    plain = ("users", "roles", "permissions", "interface", "process", "training", "application")
    for field in (*plain, "integrity", "stage"):
        drivers[field] = lambda scope, field=field: _raised(scope, field)
    for field in _fields(Module):
        drivers[f"modules.{field}"] = lambda s, f=field: _each_part(s, "modules", f)
    for field in _fields(Integration, "system"):
        drivers[f"integrations.{field}"] = lambda s, f=field: _each_part(s, "integrations", f)
    for name, record in (("technology", Technology), ("migration", Migration)):
        for field in _fields(record):
            drivers[f"{name}.{field}"] = lambda s, n=name, f=field: _part(s, n, f)
    for field in _fields(Maintenance):
        drivers[f"maintenance.{field}"] = lambda s, f=field: _part(s, "maintenance", f)
    drivers["third_party.quantity"] = lambda s: _each_part(s, "third_party", "quantity")
    return drivers


DRIVERS = _drivers()
"""Every driver of the price by name, and how to raise it by one step."""
