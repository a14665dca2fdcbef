"""Size: functions, weights, reuse and growth, as the published examples count them."""

from decimal import Decimal
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.sizes import (
    IFPUG_AVERAGE,
    IFPUG_HIGH,
    IFPUG_LOW,
    NESMA_ESTIMATED,
    FunctionCount,
    FunctionKind,
    complexity_of,
)
from crmkit.errors import InvalidInput, InvalidValue, WrongType

WEIGHTS = {"ILF": (7, 10, 15), "EIF": (5, 7, 10), "EI": (3, 4, 6), "EO": (4, 5, 7), "EQ": (3, 4, 6)}
"""IFPUG's weights, low, average and high."""

MATRIX = [
    ("ILF", 1, 1, "L"),
    ("ILF", 1, 51, "A"),
    ("ILF", 2, 20, "A"),
    ("ILF", 6, 51, "H"),
    ("EIF", 6, 20, "H"),
    ("EI", 0, 1, "L"),
    ("EI", 0, 16, "A"),
    ("EI", 2, 5, "A"),
    ("EI", 3, 16, "H"),
    ("EO", 0, 5, "L"),
    ("EO", 0, 20, "A"),
    ("EO", 4, 20, "H"),
    ("EQ", 0, 6, "L"),
    ("EQ", 2, 6, "A"),
    ("EQ", 4, 20, "H"),
]
"""Kind, files, fields, complexity: fifteen points of IFPUG's matrix."""

counts = st.builds(FunctionCount, *[st.integers(0, 50)] * 5)


@pytest.mark.parametrize("kind", FunctionKind)
def test_weights_are_those_of_ifpug(kind: FunctionKind) -> None:
    """Five kinds of functions, three complexities."""
    weights = (IFPUG_LOW, IFPUG_AVERAGE, IFPUG_HIGH)
    assert tuple(getattr(each, kind) for each in weights) == WEIGHTS[kind.upper()]


@pytest.mark.parametrize(("kind", "files", "fields", "letter"), MATRIX)
def test_complexity_is_read_from_the_matrix(
    kind: str, files: int, fields: int, letter: str
) -> None:
    """By files and fields, at and around the steps."""
    assert complexity_of(FunctionKind(kind.lower()), files, fields)[0].upper() == letter


def test_chinese_and_dutch_counts_differ_in_data_functions() -> None:
    """The full Chinese count weighs data as average, NESMA's estimated count as low."""
    customers = FunctionCount(ilf=2, ei=6, eo=1, eq=4)
    assert customers.points() == 65
    assert customers.points(NESMA_ESTIMATED) == 59


@given(counts, counts, st.integers(0, 9))
def test_points_add_up(one: FunctionCount, other: FunctionCount, times: int) -> None:
    """Two sets together weigh what they weigh apart, and many what they weigh many times."""
    assert (one + other).points() == one.points() + other.points()
    assert (one * times).points() == one.points() * times


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "3", None])
def test_counts_are_whole(wrong: object) -> None:
    """Anything else is refused, naming the kind."""
    with pytest.raises(InvalidInput, match="ei:"):
        FunctionCount(ei=wrong)


def test_size_is_reused_and_grows() -> None:
    """Reuse and growth are those of the standard: a third where the product fits, 1.21 at a bid."""
    scope = estimates.Scope(modules={"customers": "standard", "contacts": "new"})
    sized = estimates.measure(scope, estimates.LIAOCHENG, estimates.CRM_CATALOGUE)
    assert sized.unadjusted == 56 + 35 + 30
    assert round(sized.adjusted, 4) == round(Decimal(56 + 35) / 3 + 30, 4)
    assert round(sized.points, 4) == round((Decimal(56 + 35) / 3 + 30) * Decimal("1.21"), 4)


def test_order_of_modules_is_irrelevant() -> None:
    """The same modules are the same scope."""
    one = estimates.Scope(modules=["pipeline", "customers"])
    assert one == estimates.Scope(modules=["customers", "pipeline"])


def test_unknown_module_is_named() -> None:
    """With those there are."""
    scope = estimates.Scope(modules=["customer"])
    with pytest.raises(InvalidValue, match=r"^scope\.modules\.customer: .+one of customers, "):
        estimates.measure(scope, estimates.LIAOCHENG, estimates.CRM_CATALOGUE)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"users": -1}, "scope.users"),
        ({"users": 0}, "scope.users"),
        ({"users": 2.5}, "scope.users"),
        ({"users": True}, "scope.users"),
        ({"users": Decimal("NaN")}, "scope.users"),
        ({"users": Decimal("2.5")}, "scope.users"),
        ({"modules": []}, "scope.modules"),
        ({"modules": "customers"}, "scope.modules"),
        ({"modules": {"customers": "perfect"}}, "scope.modules.customers.fit"),
        ({"process": "total"}, "scope.process"),
        ({"training": 10**10}, "scope.training"),
        ({"tax": "none"}, "scope.tax"),
        ({"colour": "red"}, "scope.colour"),
    ],
)
def test_bad_scope_names_the_field(wrong: dict[str, object], path: str) -> None:
    """One error, with the field and the fix."""
    scope = estimates.Scope(modules=["customers"])
    with pytest.raises(InvalidInput) as refused:
        scope.with_(**wrong)
    assert refused.value.path == path
    assert refused.value.fix


def test_three_points_rise() -> None:
    """Low, likeliest, high; their mean and deviation are those of PERT."""
    days = estimates.ThreePoint(2, 3, 8)
    assert (round(days.mean, 4), days.deviation) == (Decimal("3.6667"), 1)
    with pytest.raises(InvalidValue, match="low: 5, 3, 8 do not rise"):
        estimates.ThreePoint(5, 3, 8)
    with pytest.raises(WrongType, match="high"):
        estimates.ThreePoint(2, 3, 8.5)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_triangle_is_drawn_within_its_ends(low: int, more: int, most: int) -> None:
    """Quantiles rise from the least to the greatest."""
    values = estimates.ThreePoint(low, low + more, low + more + most)
    drawn = [values.at(step / 100) for step in range(101)]
    assert drawn == sorted(drawn)
    assert low <= drawn[0] + 1e-9
    assert drawn[-1] <= low + more + most + 1e-9


def test_standard_spread_is_the_published_one() -> None:
    """The five quantiles of the standard, as factors around its median."""
    spread = estimates.CSBMK_P50.spread("all")
    published = {0.1: 2.20, 0.25: 3.77, 0.5: 6.72, 0.75: 12.28, 0.9: 17.35}
    for probability, hours in published.items():
        assert spread.at(probability) * 6.72 == pytest.approx(hours)


def test_spread_is_straight_between_its_quantiles() -> None:
    """In logarithms over the normal score, within each piece and beyond the ends."""
    spread = estimates.QuantileSpread((0.1, 0.5, 0.9), (0.5, 1.0, 4.0))
    score = NormalDist().inv_cdf
    for probability, base in ((0.02, 0.5), (0.3, 0.5), (0.7, 4.0), (0.97, 4.0)):
        share = abs(score(probability)) / score(0.9)
        assert spread.at(probability) == pytest.approx(base**share)
