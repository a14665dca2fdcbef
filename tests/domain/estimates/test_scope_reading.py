"""Scopes as data: read strictly, written back as they were."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from crmkit.domain.estimates import (
    Integration,
    Maintenance,
    Migration,
    Module,
    Scope,
    ThirdParty,
    ThreePoint,
)
from crmkit.domain.money import Money
from crmkit.errors import BrokenFile, InvalidInput
from tests.domain.estimates.scopes import scopes

TOML = """
name = "客户管理系统"
client = "鲁西科技"
users = { low = 20, likely = 30, high = 50 }
process = "some"
as_of = 2026-11-30

[modules]
customers = "standard"
pipeline = { fit = "adapted", complexity = "complex" }

[[integrations]]
system = "ERP"
direction = "both"

[[third_party]]
name = "短信"
price = "800.50"
yearly = true

[migration]
records = { low = 0, likely = 1000.5, high = 9000 }

[maintenance]
years = 2
"""


def test_toml_is_read() -> None:
    """Names, choices, ranges, prices, and exact numbers."""
    scope = Scope.from_toml(TOML)
    assert scope == Scope(
        name="客户管理系统",
        client="鲁西科技",
        users=ThreePoint(20, 30, 50),
        process="some",
        as_of=date(2026, 11, 30),
        modules={"customers": "standard", "pipeline": Module(fit="adapted", complexity="complex")},
        integrations=[Integration(system="ERP", direction="both")],
        third_party=[ThirdParty(name="短信", price=Money("800.50", "CNY"), yearly=True)],
        migration=Migration(records=ThreePoint(0, Decimal("1000.5"), 9000)),
        maintenance=Maintenance(years=2),
    )


@given(scopes)
def test_written_and_read_again_it_is_the_same(scope: Scope) -> None:
    """As dict, as JSON and as TOML."""
    assert Scope.from_dict(scope.to_dict()) == scope
    assert Scope.from_json(scope.to_json()) == scope
    assert Scope.from_toml(scope.to_toml()) == scope


def test_names_of_others_survive_toml() -> None:
    """Also those with quotes, dots and Chinese characters."""
    scope = Scope.from_toml(TOML)
    odd = scope.with_(modules={'a."b" 中': "new"}, client='"\\\n鲁西')
    assert Scope.from_toml(odd.to_toml()) == odd


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], "scope"),
        ({}, "scope.modules"),
        ({"modules": {}}, "scope.modules"),
        ({"modules": [3]}, "scope.modules"),
        ({"modules": ["customers"], "user": 3}, "scope.user"),
        ({"modules": ["customers"], "users": -3}, "scope.users"),
        ({"modules": ["customers"], "users": "3"}, "scope.users"),
        ({"modules": ["customers"], "name": 3}, "scope.name"),
        ({"modules": ["customers"], "city": 3}, "scope.city"),
        ({"modules": ["customers"], "technology": "cloud"}, "scope.technology"),
        ({"modules": ["customers"], "technology": {"cloud": 1}}, "scope.technology.cloud"),
        ({"modules": ["customers"], "technology": {"fog": 1}}, "scope.technology.fog"),
        ({"modules": ["customers"], "integrations": {}}, "scope.integrations"),
        ({"modules": ["customers"], "integrations": [{}]}, "scope.integrations.0.system"),
        (
            {"modules": ["customers"], "integrations": [{"system": "ERP", "entities": 0}]},
            "scope.integrations.0.entities",
        ),
        (
            {"modules": ["customers"], "third_party": [{"name": "SMS", "price": "8 USD"}]},
            "scope.third_party.0.price",
        ),
        (
            {"modules": ["customers"], "third_party": [{"name": "SMS", "price": "much"}]},
            "scope.third_party.0.price.amount",
        ),
        (
            {"modules": ["customers"], "users": {"low": 9, "likely": 5, "high": 7}},
            "scope.users.low",
        ),
        (
            {"modules": ["customers"], "users": {"low": -9, "likely": 5, "high": 7}},
            "scope.users.low",
        ),
        ({"modules": {"customers": {"fit": "no"}}}, "scope.modules.customers.fit"),
        ({"modules": {"customers": {"size": 2}}}, "scope.modules.customers.size"),
        ({"modules": ["customers"], "as_of": "soon"}, "scope.as_of"),
        ({"modules": ["customers"], "maintenance": {"years": 2.5}}, "scope.maintenance.years"),
        ({"modules": ["customers"], "maintenance": {"years": 99}}, "scope.maintenance.years"),
    ],
)
def test_what_cannot_be_meant_names_its_place(data: object, path: str) -> None:
    """One error, with the path of the field and the fix."""
    with pytest.raises(InvalidInput) as refused:
        Scope.from_dict(data)
    assert refused.value.path == path
    assert refused.value.fix


def test_parts_of_another_kind_are_refused() -> None:
    """A record that is no record of its place."""
    for wrong in (
        {"migration": 5},
        {"maintenance": 5},
        {"third_party": ["SMS"]},
        {"integrations": ["ERP"]},
    ):
        with pytest.raises(InvalidInput) as refused:
            Scope(modules=["customers"], **wrong)
        assert refused.value.path.startswith(f"scope.{next(iter(wrong))}")


@pytest.mark.parametrize("read", [Scope.from_json, Scope.from_toml])
def test_files_that_are_something_else_are_refused(read: object) -> None:
    """Broken JSON, broken TOML."""
    with pytest.raises(BrokenFile, match="scope: is not"):
        read("{{{")
