"""The scope of a project: what a client wants, with a stated default for whatever is not said."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import attrs

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
    PriceMode,
    Process,
    Response,
    Stage,
    Support,
    TaxProfile,
    Updates,
)
from crmkit.domain.estimates.three_points import Amount, check_amount
from crmkit.domain.estimates.words import choose
from crmkit.domain.money import Money
from crmkit.errors import InvalidValue, WrongType

MOST_YEARS: Final = 20


def _choice(options: type, path: str, default: Any) -> Any:
    return attrs.field(default=default, converter=lambda value: choose(options, value, path))


def _amount(path: str, default: int, *, least: int = 0) -> Any:
    return attrs.field(
        default=default, converter=lambda value: check_amount(value, path, least=least)
    )


def _flag(path: str) -> Any:
    def check(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise WrongType(f"{value!r} is not yes or no", path=path, fix="give True or False")

    return attrs.field(default=False, converter=check)


def _years(value: object) -> Amount:
    years = check_amount(value, "years")
    if not isinstance(years, int) or years > MOST_YEARS:
        raise InvalidValue(
            f"{value} is no number of years", path="years", fix=f"a whole number up to {MOST_YEARS}"
        )
    return years


def _tax(value: object) -> TaxProfile | None:
    return None if value is None else choose(TaxProfile, value, "scope.tax")


@attrs.frozen(kw_only=True)
class Module:
    """One part of the CRM; `count` says how many of its kind."""

    fit: Fit = _choice(Fit, "fit", Fit.STANDARD)
    complexity: Complexity = _choice(Complexity, "complexity", Complexity.NORMAL)
    change: Change = _choice(Change, "change", Change.ADD)
    count: Amount = _amount("count", 1, least=1)


@attrs.frozen(kw_only=True)
class Integration:
    """A link with another system, which exchanges records of so many entities."""

    system: str
    direction: Direction = _choice(Direction, "direction", Direction.IN)
    entities: Amount = _amount("entities", 1, least=1)
    fit: Fit = _choice(Fit, "fit", Fit.NEW)


@attrs.frozen(kw_only=True)
class Technology:
    """Where and how the system runs; phones and tablets are the module `mobile`."""

    cloud: Cloud = _choice(Cloud, "cloud", Cloud.OWN_SERVER)
    big_data: bool = _flag("big_data")
    high_availability: bool = _flag("high_availability")
    multi_site: bool = _flag("multi_site")


@attrs.frozen(kw_only=True)
class Migration:
    """Old records to bring over, from how many files or systems."""

    records: Amount = _amount("records", 0)
    sources: Amount = _amount("sources", 0)


@attrs.frozen(kw_only=True)
class Maintenance:
    """Upkeep that is paid for, by the year."""

    years: Amount = attrs.field(default=1, converter=_years)
    response: Response = _choice(Response, "response", Response.WITHIN_72H)
    updates: Updates = _choice(Updates, "updates", Updates.QUARTERLY)
    support: Support = _choice(Support, "support", Support.REMOTE)
    backup: bool = _flag("backup")


@attrs.frozen(kw_only=True)
class ThirdParty:
    """Something bought for the client: a server, short messages, a licence; price with tax."""

    name: str
    price: Money
    quantity: Amount = _amount("quantity", 1)
    yearly: bool = _flag("yearly")

    def __attrs_post_init__(self) -> None:
        """Refuse a price below zero, or in another currency."""
        if self.price.currency != "CNY" or self.price.minor < 0:
            raise InvalidValue(
                f"{self.price} is no price in CNY", path="price", fix="such as Money('1200', 'CNY')"
            )


def _modules(value: object) -> Mapping[str, Module]:
    pairs = value.items() if isinstance(value, Mapping) else _named(value)
    modules = {name: _module(name, module) for name, module in pairs}
    if not modules:
        raise InvalidValue(
            "there is nothing to build", path="scope.modules", fix="name modules, as 'customers'"
        )
    return dict(sorted(modules.items()))


def _named(value: object) -> Iterable[tuple[str, Module]]:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [(name, Module()) for name in value]
    raise WrongType(
        f"expected names of modules, got {type(value).__name__}",
        path="scope.modules",
        fix="such as ['customers', 'pipeline']",
    )


def _module(name: object, module: object) -> Module:
    if not isinstance(name, str):
        raise WrongType(f"{name!r} is no name", path="scope.modules", fix="such as 'customers'")
    if isinstance(module, Module):
        return module
    try:
        return Module(fit=module)  # type: ignore[arg-type]
    except InvalidValue as wrong:
        raise wrong.at(f"scope.modules.{name}") from None


@attrs.frozen(kw_only=True)
class Scope:
    """What a CRM project is to do, for how many people, linked with what, kept up for how long.

    `modules` are names, or names with their `Fit` or `Module`. Counts may be a `ThreePoint`. What
    is left out has the default here, and each default is told among the assumptions of the
    estimate. `city` None is the city of the profile.
    """

    modules: Mapping[str, Module] = attrs.field(converter=_modules)
    name: str = "CRM"
    client: str = ""
    users: Amount = _amount("scope.users", 15, least=1)
    roles: Amount = _amount("scope.roles", 3, least=1)
    permissions: Permissions = _choice(Permissions, "scope.permissions", Permissions.ROLE)
    integrations: tuple[Integration, ...] = attrs.field(default=(), converter=tuple)
    interface: Interface = _choice(Interface, "scope.interface", Interface.STANDARD)
    process: Process = _choice(Process, "scope.process", Process.STANDARD)
    technology: Technology = attrs.field(factory=Technology)
    migration: Migration = attrs.field(factory=Migration)
    training: Amount = _amount("scope.training", 1)
    third_party: tuple[ThirdParty, ...] = attrs.field(default=(), converter=tuple)
    maintenance: Maintenance | None = None
    city: str | None = None
    industry: str = "all"
    application: Application = _choice(Application, "scope.application", Application.BUSINESS)
    integrity: Integrity = _choice(Integrity, "scope.integrity", Integrity.NORMAL)
    stage: Stage = _choice(Stage, "scope.stage", Stage.BID)
    tax: TaxProfile | None = attrs.field(default=None, converter=_tax)
    price_mode: PriceMode = _choice(PriceMode, "scope.price_mode", PriceMode.BENCHMARK)
    as_of: date | None = None

    def with_(self, **changes: Any) -> "Scope":
        """Return the scope with other values, each checked."""
        unknown = sorted(set(changes) - {field.name for field in attrs.fields(Scope)})
        if unknown:
            raise InvalidValue(
                f"a scope has no {unknown[0]!r}",
                path=f"scope.{unknown[0]}",
                fix=f"one of {', '.join(field.name for field in attrs.fields(Scope))}",
            )
        return attrs.evolve(self, **changes)
