"""Second methods: each gives the published figures; the cross-check shows how far they differ."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.methods import (
    BasicCocomo81,
    Cocomo2,
    CrossCheck,
    IntermediateCocomo81,
    NesmaEstimated,
    NesmaIndicative,
    Rating,
    SizedBy,
    ThreePointTasks,
    UseCasePoints,
    cocomo2,
    cocomo81,
    cross_check,
)
from crmkit.domain.estimates.methods.cocomo2 import nominal_effort
from crmkit.errors import InvalidValue, OutOfRange, UnknownField, WrongType

THREE = estimates.ThreePoint
SCOPE = estimates.Scope(
    modules=["customers", "pipeline", "service"], integrations=[estimates.Integration(system="ERP")]
)
SIZED = estimates.measure(SCOPE, estimates.CSBMK_P50, estimates.CRM_CATALOGUE)
MODELS = (
    Cocomo2(),
    BasicCocomo81(),
    IntermediateCocomo81(),
    SizedBy(NesmaIndicative()),
    SizedBy(NesmaEstimated()),
    UseCasePoints(),
    ThreePointTasks({"build": THREE(400, 600, 1200)}),
)
KARNER = UseCasePoints(
    technical={"T1": 5, "T2": 5, "T3": 5, "T4": 5}, environment={"E3": 2, "E6": 5}
)


def close(value: Decimal, published: str) -> bool:
    """Say whether a figure is the published one, to its last digit."""
    expected = Decimal(published)
    return round(value, -int(expected.as_tuple().exponent)) == expected


def test_cocomo_2_of_100_thousand_nominal_lines() -> None:
    """465.315 person-months in 25.873 months; E 1.0997, F 0.31794."""
    model = Cocomo2()
    assert close(model.exponent, "1.0997")
    assert close(model.person_months(100), "465.315")
    assert close(model.schedule_exponent, "0.31794")
    assert close(model.months(100), "25.873")


def test_cocomo_2_with_the_exponent_of_the_manual() -> None:
    """100 thousand lines at E = 1.15 take 586.61 person-months."""
    assert close(nominal_effort(100, Decimal("1.15")), "586.607")


def test_drivers_of_cocomo_2_multiply() -> None:
    """A driver's rating scales the effort by the number of its row; scale factors bend it."""
    capable = Cocomo2(multipliers={"ACAP": Rating.VERY_HIGH, "CPLX": "extra_high"})
    ratio = capable.person_months(50) / Cocomo2().person_months(50)
    assert close(ratio, str(Decimal("0.71") * Decimal("1.74")))
    mature = Cocomo2(scale_factors=dict.fromkeys(cocomo2.SCALE_FACTORS, Rating.EXTRA_HIGH))
    assert close(mature.exponent, "0.91")


@pytest.mark.parametrize("module", [cocomo2, cocomo81])
def test_nominal_is_neutral_and_ratings_have_an_order(module) -> None:
    """Nominal multiplies by one, and along each row the numbers rise or fall on either side."""
    for row in module.EFFORT_MULTIPLIERS.values():
        assert row[Rating.NOMINAL] == 1
        numbers = list(row.values())
        nominal = list(row).index(Rating.NOMINAL)
        for side in (numbers[: nominal + 1], numbers[nominal:]):
            assert side in (sorted(side), sorted(side, reverse=True))


def test_cocomo_81_of_32_thousand_lines() -> None:
    """Boehm's worked organic project: 2.4 x 32^1.05 is 91 person-months, in 14 months."""
    assert close(BasicCocomo81().person_months(32), "91")
    assert close(BasicCocomo81().months(32), "14")


def test_cocomo_81_on_the_projects_it_was_made_from(shared: Path) -> None:
    """Intermediate: MMRE 0.323, MdMRE 0.222, PRED(25) 55.6 %; basic: 0.699, 0.496, 28.6 %."""
    with (shared / "data/estimation/effort/COCOMO-81.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert _accuracy(rows, _intermediate) == (0.323, 0.222, 0.556)
    assert _accuracy(rows, _basic) == (0.699, 0.496, 0.286)


def test_use_case_points_of_karners_example() -> None:
    """36 unadjusted, factors 0.85 and 1.04, 31.824 points, 636.48 hours."""
    actors, use_cases = {"complex": 2}, {"average": 3}
    assert KARNER.technical_factor == Decimal("0.85")
    assert KARNER.environment_factor == Decimal("1.04")
    points = KARNER.points(actors, use_cases)
    assert points == Decimal("31.824")
    assert points * KARNER.hours_per_point == Decimal("636.48")
    plain = UseCasePoints(technical={"T1": 5, "T8": 5, "T2": 5, "T3": 5, "T4": 5, "T5": 5})
    assert plain.technical_factor == 1


def test_nesma_counts() -> None:
    """Indicative 35 and 15 a file; estimated 7, 5, 4, 5, 4 a function."""
    counted = estimates.FunctionCount(ilf=3, eif=1, ei=6, eo=2, eq=4)
    assert NesmaIndicative().size(counted) == 3 * 35 + 15
    assert NesmaEstimated().size(counted) == 21 + 5 + 24 + 10 + 16


def test_three_points_of_a_task() -> None:
    """2, 3, 8 hours: mean 3.6667, deviation 1; tasks that run late together deviate more."""
    task = THREE(2, 3, 8)
    assert close(ThreePointTasks({"a": task}).mean, "3.6667")
    assert ThreePointTasks({"a": task}).deviation == 1
    four = ThreePointTasks(dict.fromkeys("abcd", task))
    assert (four.deviation, four.deviation_together) == (2, 4)


def test_figures_are_those_of_the_oracles(shared: Path) -> None:
    """The file of worked examples says the same, where it says it in numbers."""
    found = json.loads((shared / "data/estimation/params/oracles.json").read_text())
    oracles = {oracle["id"]: oracle for oracle in found}
    nominal = oracles["cocomo2-nominal-100"]["out"]
    assert close(Cocomo2().person_months(100), str(nominal["pm"]))
    assert close(Cocomo2().months(100), str(nominal["tdev"]))
    assert close(nominal_effort(100, Decimal("1.15")), str(oracles["cocomo2-115"]["out"]))
    assert close(
        KARNER.points({"complex": 2}, {"average": 3}), str(oracles["ucp-example"]["out"]["ucp"])
    )
    low, likely, high = oracles["pert"]["in"]
    task = ThreePointTasks({"a": THREE(low, likely, high)})
    assert [round(float(value), 4) for value in (task.mean, task.deviation)] == oracles["pert"][
        "out"
    ]
    for kind, points in oracles["nesma-estimated"]["out"].items():
        assert NesmaEstimated().size(estimates.FunctionCount(**{kind.lower(): 1})) == points
    assert oracles["nesma-indicative"]["formula"] == "35*ILF+15*EIF"


def test_models_are_of_one_kind() -> None:
    """Each has a name, a label in two languages, a source, and hours for a scope."""
    hours = {model.name: model.hours(SIZED) for model in MODELS}
    assert len(hours) == len(MODELS)
    assert all(value > 0 for value in hours.values())
    assert all(model.source and model.label.zh and model.label.en for model in MODELS)


def test_disagreement_is_shown() -> None:
    """The cross-check tells each model's hours, and the most over the fewest."""
    check = cross_check(SIZED, MODELS)
    hours = sorted(model.hours(SIZED) for model in MODELS)
    assert close(check.disagreement, str(round(hours[-1] / hours[0], 6)))
    assert check.middle == hours[len(hours) // 2]
    lines = check.table("zh").splitlines()
    assert len(lines) == len(MODELS) + 1
    assert "最大与最小之比" in lines[-1]
    assert [opinion.source for opinion in check.opinions] == [model.source for model in MODELS]


def test_one_model_cannot_disagree() -> None:
    """A cross-check needs two."""
    with pytest.raises(InvalidValue, match="models: 1 cannot disagree"):
        cross_check(SIZED, MODELS[:1])
    with pytest.raises(InvalidValue, match="models: 0 cannot disagree"):
        CrossCheck(())


@given(st.sampled_from(MODELS[:5]), st.integers(1, 12), st.integers(1, 12))
def test_more_scope_takes_no_fewer_hours(model, one: int, other: int) -> None:
    """Whatever the model, more integrations of the same kind never make it cheaper."""
    fewer, more = sorted((one, other))
    assert model.hours(_linked(fewer)) <= model.hours(_linked(more))


@pytest.mark.parametrize(
    ("make", "error", "path"),
    [
        (lambda: Cocomo2(multipliers={"DATA": "very_low"}), InvalidValue, "multipliers.DATA"),
        (lambda: Cocomo2(multipliers={"ACAP": "superb"}), InvalidValue, "multipliers.ACAP"),
        (lambda: Cocomo2(multipliers={"AEXP": "high"}), UnknownField, "multipliers"),
        (lambda: Cocomo2(scale_factors={"CPLX": "high"}), UnknownField, "scale_factors"),
        (lambda: Cocomo2(lines_per_point=0), InvalidValue, "lines_per_point"),
        (lambda: Cocomo2().person_months(0), InvalidValue, "ksloc"),
        (lambda: Cocomo2().person_months(1.5), WrongType, "ksloc"),
        (lambda: Cocomo2().person_months(Decimal("nan")), InvalidValue, "ksloc"),
        (lambda: BasicCocomo81(mode="agile"), InvalidValue, "mode"),
        (lambda: BasicCocomo81().person_months(-1), InvalidValue, "kdsi"),
        (lambda: IntermediateCocomo81(multipliers={"VEXP": "?"}), InvalidValue, "multipliers.VEXP"),
        (lambda: UseCasePoints(technical={"T14": 1}), UnknownField, "technical"),
        (lambda: UseCasePoints(environment={"E1": 6}), OutOfRange, "environment.E1"),
        (lambda: UseCasePoints(environment={"E1": -1}), InvalidValue, "environment.E1"),
        (lambda: UseCasePoints(hours_per_point=0), InvalidValue, "hours_per_point"),
        (lambda: UseCasePoints().points({"complex": 1}, {}), InvalidValue, "use_cases"),
        (lambda: ThreePointTasks({}), InvalidValue, "tasks"),
        (lambda: ThreePointTasks({"a": THREE(-1, 2, 3)}), InvalidValue, "tasks.a.low"),
        (lambda: ThreePointTasks({"a": THREE(3, 2, 1)}), InvalidValue, "low"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(make, error, path: str) -> None:
    """One error, which names the field."""
    with pytest.raises(error) as caught:
        make()
    assert caught.value.path == path


def _linked(entities: int) -> estimates.SizedScope:
    scope = estimates.Scope(
        modules=["customers"], integrations=[estimates.Integration(system="ERP", entities=entities)]
    )
    return estimates.measure(scope, estimates.CSBMK_P50, estimates.CRM_CATALOGUE)


def _basic(row: dict[str, str]) -> float:
    return float(BasicCocomo81(mode=row["dev_mode"]).person_months(Decimal(row["loc"])))


def _intermediate(row: dict[str, str]) -> float:
    rated = {
        driver: next(
            word for word, number in numbers.items() if number == Decimal(row[driver.lower()])
        )
        for driver, numbers in cocomo81.EFFORT_MULTIPLIERS.items()
        if Decimal(row[driver.lower()]) in numbers.values()
    }
    others = {driver for driver in cocomo81.EFFORT_MULTIPLIERS if driver not in rated}
    model = IntermediateCocomo81(mode=row["dev_mode"], multipliers=rated)
    between = [float(row[driver.lower()]) for driver in others]
    effort = float(model.person_months(Decimal(row["loc"])))
    for number in between:
        effort *= number
    return effort


def _accuracy(rows, model) -> tuple[float, float, float]:
    errors = [abs(model(row) - float(row["actual"])) / float(row["actual"]) for row in rows]
    close_ones = sum(error <= 0.25 for error in errors) / len(errors)
    return round(mean(errors), 3), round(median(errors), 3), round(close_ones, 3)
