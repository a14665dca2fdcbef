"""The scope of a project: what a client wants, with a stated default for whatever is not said."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs

from crmkit.domain.estimates.levels import (
    Application,
    Integrity,
    Interface,
    Permissions,
    PriceMode,
    Process,
    Stage,
    TaxProfile,
)
from crmkit.domain.estimates.scope_fields import (
    amount_field,
    choice_field,
    part_field,
    parts_field,
    text_field,
)
from crmkit.domain.estimates.scope_parts import (
    Integration,
    Maintenance,
    Migration,
    Module,
    Technology,
    ThirdParty,
)
from crmkit.domain.estimates.three_points import Amount
from crmkit.domain.estimates.words import choose
from crmkit.errors import InvalidValue, WrongType


def _city(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise WrongType(f"{value!r} is no city", path="scope.city", fix="such as '济南'")


def _tax(value: object) -> TaxProfile | None:
    return None if value is None else choose(TaxProfile, value, "scope.tax")


def _maintenance(value: object) -> Maintenance | None:
    if value is None or isinstance(value, Maintenance):
        return value
    raise WrongType(
        f"expected Maintenance, got {type(value).__name__}",
        path="scope.maintenance",
        fix="write Maintenance(years=1), or None",
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
    name: str = text_field("scope.name", "CRM")
    client: str = text_field("scope.client", "")
    users: Amount = amount_field("scope.users", 15, least=1)
    roles: Amount = amount_field("scope.roles", 3, least=1)
    permissions: Permissions = choice_field(Permissions, "scope.permissions", Permissions.ROLE)
    integrations: tuple[Integration, ...] = parts_field(Integration, "scope.integrations")
    interface: Interface = choice_field(Interface, "scope.interface", Interface.STANDARD)
    process: Process = choice_field(Process, "scope.process", Process.STANDARD)
    technology: Technology = part_field(Technology, "scope.technology")
    migration: Migration = part_field(Migration, "scope.migration")
    training: Amount = amount_field("scope.training", 1)
    third_party: tuple[ThirdParty, ...] = parts_field(ThirdParty, "scope.third_party")
    maintenance: Maintenance | None = attrs.field(default=None, converter=_maintenance)
    city: str | None = attrs.field(default=None, converter=_city)
    industry: str = text_field("scope.industry", "all")
    application: Application = choice_field(Application, "scope.application", Application.BUSINESS)
    integrity: Integrity = choice_field(Integrity, "scope.integrity", Integrity.NORMAL)
    stage: Stage = choice_field(Stage, "scope.stage", Stage.BID)
    tax: TaxProfile | None = attrs.field(default=None, converter=_tax)
    price_mode: PriceMode = choice_field(PriceMode, "scope.price_mode", PriceMode.BENCHMARK)
    as_of: date | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Scope":
        """Read plain data; what is not known is refused with its place."""
        from crmkit.domain.estimates.scope_reading import scope_from_dict

        return scope_from_dict(data)

    @classmethod
    def from_json(cls, text: str) -> "Scope":
        """Read JSON."""
        from crmkit.domain.estimates.scope_reading import scope_from_json

        return scope_from_json(text)

    @classmethod
    def from_toml(cls, text: str) -> "Scope":
        """Read TOML."""
        from crmkit.domain.estimates.scope_reading import scope_from_toml

        return scope_from_toml(text)

    def to_dict(self) -> dict[str, Any]:
        """Write what it says beyond the defaults, as plain data."""
        from crmkit.domain.estimates.scope_writing import scope_to_dict

        return scope_to_dict(self)

    def to_json(self) -> str:
        """Write JSON."""
        from crmkit.domain.estimates.scope_writing import scope_to_json

        return scope_to_json(self)

    def to_toml(self) -> str:
        """Write TOML."""
        from crmkit.domain.estimates.scope_writing import scope_to_toml

        return scope_to_toml(self)

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
