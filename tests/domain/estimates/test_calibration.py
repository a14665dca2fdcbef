"""Calibration: the standard stays until the vendor's own projects say otherwise, by how much."""

import json
import math
from datetime import date, datetime
from decimal import Decimal

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmkit import estimates
from crmkit.domain.estimates.calibration import (
    Calibrator,
    FinishedProject,
    Norm,
    Prior,
    dump_calibration,
    load_calibration,
)
from crmkit.domain.estimates.calibration.belief import Belief
from crmkit.domain.estimates.calibration.blend import Blend
from crmkit.domain.estimates.calibration.columns import Columns
from crmkit.domain.estimates.calibration.intervals import (
    Basis,
    Step,
    conformal_rank,
    replay,
    student_quantile,
)
from crmkit.errors import BrokenFile, CrmkitError, InvalidValue, OutOfRange, UnknownField, WrongType

STANDARD = Norm(name="standard", rate=6.72, quantiles=(2.20, 3.77, 6.72, 12.28, 17.35))
SIZES = st.floats(1, 10_000)
FACTORS = st.floats(0.1, 10)
PROJECTS = st.lists(
    st.builds(
        lambda size, factor, team, links: FinishedProject(
            size=size,
            effort=size * 6.72 * factor,
            features={"team": team, "links": links},
        ),
        SIZES,
        FACTORS,
        st.sampled_from(["old", "new", "mixed"]),
        st.integers(0, 40),
    ),
    max_size=14,
)


def vendor(count: int, factor: float = 0.5, *, dated: bool = False) -> list[FinishedProject]:
    """Give projects that take a share of the standard, more or less a tenth."""
    return [
        FinishedProject(
            size=100 + 37 * at % 400,
            effort=(100 + 37 * at % 400) * 6.72 * factor * (1.1 if at % 2 else 0.9),
            features={"team": "old" if at % 3 else "new", "links": at % 5},
            ended=date(2020 + at // 12, at % 12 + 1, 1) if dated else None,
        )
        for at in range(count)
    ]


def one(**fields: object) -> FinishedProject:
    """Give a project of size 1 that took 1."""
    return FinishedProject(size=1, effort=1, **fields)


LEARNED = Calibrator(STANDARD).fit(vendor(3))


@given(SIZES, st.sampled_from(estimates.PROFILES))
def test_no_project_leaves_the_standard_exactly(size: float, profile: estimates.Profile) -> None:
    """With n = 0 the forecast is size times the hours per point of the profile, to the last bit."""
    foretold = Calibrator(profile).fit([]).forecast(size)
    assert foretold.effort == size * float(profile.hours_per_point("all").value)
    assert foretold.weights.standard == 1
    assert foretold.basis is Basis.STUDENT


def test_no_project_has_a_wide_interval() -> None:
    """The standard alone foretells 80 % of projects within a factor of four or so."""
    foretold = Calibrator(STANDARD).fit([]).forecast(100)
    assert foretold.low < 672 < foretold.high
    assert foretold.high / 672 == pytest.approx(math.exp(1.3722), rel=1e-4)


def test_one_project_moves_the_standard_a_little() -> None:
    """One project at half the standard moves it, by less than a tenth of the way."""
    foretold = Calibrator(STANDARD).fit(vendor(1)).forecast(100)
    assert 672 * 0.9 < foretold.effort < 672


@pytest.mark.parametrize("factor", [0.2, 0.5, 3.0])
def test_many_projects_take_over(factor: float) -> None:
    """After thirty projects the forecast is the vendor's own, and its interval a narrow one."""
    foretold = Calibrator(STANDARD).fit(vendor(30, factor)).forecast(200, {"team": "old"})
    assert foretold.effort == pytest.approx(200 * 6.72 * factor, rel=0.1)
    assert foretold.high / foretold.low < 1.6
    assert foretold.weights.standard < 0.01


def test_more_projects_move_further_from_the_standard() -> None:
    """The vendor's own counts more with every project."""
    ratios = [
        Calibrator(STANDARD).fit(vendor(count)).forecast(200).effort / (200 * 6.72)
        for count in (0, 2, 4, 8, 16, 32)
    ]
    assert ratios == sorted(ratios, reverse=True)


def test_intervals_are_even_in_ratios() -> None:
    """The upper end is as many times the effort as the effort is the lower end."""
    foretold = Calibrator(STANDARD).fit(vendor(10)).forecast(100)
    assert foretold.high / foretold.effort == pytest.approx(foretold.effort / foretold.low)


def test_eight_projects_make_intervals_of_their_own() -> None:
    """With seven, Student's t does; it does for levels that eight cannot tell apart too."""
    assert Calibrator(STANDARD).fit(vendor(7)).basis is Basis.STUDENT
    eight = Calibrator(STANDARD).fit(vendor(8))
    assert eight.basis is Basis.LEAVE_ONE_OUT
    assert eight.forecast(100, level=0.99).high > 1.2 * eight.forecast(100, level=0.8).high


def test_errors_decide_between_the_models() -> None:
    """By the power of -4, or half as many as there are errors; the last thirty count."""
    begun = Blend.before(Prior(), 0)
    ten = attrs.evolve(begun, learned=10, errors=((1.0, 0.5, 0.25),) * 10)
    assert attrs.astuple(ten.weights) == pytest.approx([1 / 1057, 32 / 1057, 1024 / 1057])
    two = attrs.evolve(begun, learned=2, errors=((1.0, 0.5, 1.0),) * 2)
    assert attrs.astuple(two.weights) == pytest.approx([5 / 22, 16 / 22, 1 / 22])
    for _ in range(40):
        begun = begun.learn((1.0, 0.0), 0.1)
    assert (begun.learned, len(begun.errors)) == (40, 30)


def test_features_become_columns() -> None:
    """Kinds that two projects have, numbers that differ; logged where skewed, held in reach."""
    team = ["old", "old", "new", "odd", "new", "old"]
    projects = [
        one(features={"team": kind, "users": 10.0**at, "links": at, "same": 1})
        for at, kind in enumerate(team)
    ]
    columns = Columns.of(projects)
    assert [getattr(column, "kind", column.name) for column in columns.features] == [
        "links",
        "new",
        "old",
        "users",
    ]
    assert columns.row(1, {"team": "old"})[2:] == (0, 0, 1, 0)
    links, *_, users = columns.row(1, {"links": 1e9, "users": 1e9})[2:]
    assert (links, users) == (2, pytest.approx(2, abs=0.3))
    middle = columns.row(1, {"links": 2.5, "users": 10**2.5})[2:]
    assert middle == pytest.approx((0, 0, 0, 0), abs=0.03)


def test_a_feature_is_learned() -> None:
    """What made projects dearer makes the next one dearer."""
    history = [
        attrs.evolve(project, effort=project.effort * (2 if project.features["links"] > 2 else 1))
        for project in vendor(40)
    ]
    calibration = Calibrator(STANDARD).fit(history)
    few, many = (calibration.forecast(200, {"links": links}) for links in (0, 4))
    assert many.effort > 1.5 * few.effort


def test_what_is_not_known_of_a_project_changes_nothing() -> None:
    """A kind that no project had counts as none."""
    calibration = Calibrator(STANDARD).fit(vendor(12))
    assert calibration.forecast(200, {"team": "third"}) == calibration.forecast(200, {"team": "4"})


@given(PROJECTS, SIZES, st.floats(1.01, 100))
def test_another_unit_of_effort_scales_the_forecast(
    projects: list[FinishedProject], size: float, times: float
) -> None:
    """Hours or days: standard and projects times k give the forecast times k."""
    scaled = [attrs.evolve(project, effort=project.effort * times) for project in projects]
    one = Calibrator(STANDARD).fit(projects).forecast(size)
    other = Calibrator(Norm(name="days", rate=6.72 * times)).fit(scaled).forecast(size)
    assert other.effort == pytest.approx(one.effort * times, rel=1e-6)
    assert other.high == pytest.approx(one.high * times, rel=1e-6)


@given(PROJECTS, SIZES, st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_a_higher_level_is_never_narrower(
    projects: list[FinishedProject], size: float, one: float, other: float
) -> None:
    """Intervals nest, around the effort, above zero."""
    calibration = Calibrator(STANDARD).fit(projects)
    narrow, wide = (calibration.forecast(size, level=level) for level in sorted((one, other)))
    assert 0 < wide.low <= narrow.low <= narrow.effort <= narrow.high <= wide.high < math.inf


@given(PROJECTS, SIZES)
def test_a_calibration_comes_back_from_json(projects: list[FinishedProject], size: float) -> None:
    """The same projects, the same forecast to the last bit, the same text."""
    calibration = Calibrator(STANDARD).fit(projects)
    again = load_calibration(dump_calibration(calibration))
    assert again == calibration
    assert again.forecast(size) == calibration.forecast(size)
    assert dump_calibration(again) == dump_calibration(calibration)


def test_learning_one_more_is_fitting_all() -> None:
    """A history that grows gives what the whole gives."""
    history = vendor(12, dated=True)
    calibration = Calibrator(STANDARD).fit(history[:-1])
    assert calibration.learn(history[-1]) == Calibrator(STANDARD).fit(history)


def test_days_put_projects_in_order() -> None:
    """A dated history may be given in any order, and its intervals adapt."""
    history = vendor(12, dated=True)
    calibration = Calibrator(STANDARD).fit(history)
    assert Calibrator(STANDARD).fit(history[::-1]) == calibration
    assert calibration.basis is Basis.ADAPTIVE
    assert Calibrator(STANDARD).fit(vendor(12)).basis is Basis.LEAVE_ONE_OUT


def test_the_report_tells_how_far_it_can_be_trusted() -> None:
    """Number, bias, error, coverage, the vendor's rate and its place in the industry."""
    report = Calibrator(STANDARD).fit(vendor(30)).report()
    assert report.projects == 30
    assert report.rate == pytest.approx(6.72 / 2, rel=0.1)
    assert report.percentile == pytest.approx(0.22, abs=0.04)
    assert report.bias is not None
    assert -0.2 < report.bias < 0.1
    assert report.coverage is not None
    assert report.coverage > 0.6
    empty = Calibrator(STANDARD).fit([]).report()
    assert (empty.projects, empty.bias, empty.error, empty.coverage) == (0, None, None, None)
    assert empty.percentile == pytest.approx(0.5)


def test_one_project_is_reported_as_it_was_foretold() -> None:
    """Twice what the standard foretold: 100 % above, an error of half of what it took."""
    double = FinishedProject(size=10, effort=2 * 67.2)
    report = Calibrator(STANDARD).fit([double]).report()
    assert (report.bias, report.error) == (pytest.approx(1.0), pytest.approx(0.5))
    assert report.coverage == 1


def test_the_report_is_told_in_both_languages() -> None:
    """In a few lines; what is not known without projects is left out."""
    told = Calibrator(STANDARD).fit(vendor(30)).report()
    assert "finished projects: 30" in told.text()
    assert "已完成项目：30 个" in told.text("zh")
    assert len(told.text().splitlines()) == len(told.text("zh").splitlines()) == 7
    empty = Calibrator(Norm(name="own", rate=3)).fit([]).report().text("zh")
    assert empty == "已完成项目：0 个\n单位规模工作量：3.00\n权重：行业基准 100%，规模 0%，特征 0%"


@pytest.mark.parametrize(
    ("rate", "percentile"),
    [(2.20, 0.1), (3.77, 0.25), (6.72, 0.5), (12.28, 0.75), (17.35, 0.9), (1.0, 0.005), (30, 0.99)],
)
def test_the_published_quantiles_have_their_percentiles(rate: float, percentile: float) -> None:
    """CSBMK-202510, p. 9; beyond its ends the tails go on as they were."""
    assert STANDARD.percentile(rate) == pytest.approx(percentile, abs=0.01)
    assert Norm(name="own", rate=3).percentile(rate) is None


def test_a_profile_takes_the_productivity() -> None:
    """Calibrated hours and their spread take the place of the standard's in a profile."""
    found = Calibrator(estimates.CSBMK_P50).fit(vendor(12)).productivity(200, {"team": "old"})
    profile = attrs.evolve(estimates.CSBMK_P50, productivity=found)
    assert profile.hours_per_point("all").value == found.hours
    assert found.hours == pytest.approx(Decimal("3.36"), rel=Decimal("0.2"))
    assert found.spread.at(0.5) == pytest.approx(1)
    assert found.spread.at(0.1) < 1 < found.spread.at(0.9)
    assert "12 projects" in found.source


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=1, max_size=8), st.randoms()
)
def test_a_belief_is_the_closed_form_in_any_order(points, chance) -> None:
    """One observation after the other gives what the normal equations give, solved by hand."""
    shuffled = list(points)
    chance.shuffle(shuffled)
    belief = Belief.around_zero((0.6, 0.2), 0.8, 10)
    for x, y in shuffled:
        belief = belief.learn((1.0, x), y)
    a, b, d = 0.64 / 0.36, 0.0, 0.64 / 0.04
    p, q, total = 0.0, 0.0, 0.0
    for x, y in points:
        a, b, d = a + 1, b + x, d + x * x
        p, q, total = p + y, q + x * y, total + y * y
    determinant = a * d - b * b
    mean = ((d * p - b * q) / determinant, (a * q - b * p) / determinant)
    assert belief.mean == pytest.approx(mean, abs=1e-9)
    assert belief.shape == 5 + len(points) / 2
    rest = 5 * 0.64 + (total - mean[0] * p - mean[1] * q) / 2
    assert belief.rate == pytest.approx(rest, abs=1e-9)
    assert belief.leverage((1.0, 0.0)) == pytest.approx(d / determinant, abs=1e-9)


@given(PROJECTS)
def test_leaving_one_out_is_done_without_fitting_again(projects: list[FinishedProject]) -> None:
    """The error of the model of size on each project equals that of a fit without it."""
    assume(len(projects) > 2)
    rows = [((1.0, math.log(project.size) - 5), math.log(project.effort)) for project in projects]
    whole = _learned(rows)
    for at, (x, y) in enumerate(rows):
        kept = _learned([*rows[:at], *rows[at + 1 :]])
        quick = (y - whole.expect(x)) / (1 - whole.leverage(x))
        assert quick == pytest.approx(y - kept.expect(x), abs=1e-6)


@given(PROJECTS)
def test_an_error_on_a_left_out_project_is_that_of_the_blend_without_it(
    projects: list[FinishedProject],
) -> None:
    """With the weights kept, error and scale are those of a fit without the project."""
    assume(len(projects) > 2)
    calibration = Calibrator(STANDARD).fit(projects)
    blend, weights = calibration.blend, calibration.blend.weights
    rows = [calibration.columns.row(project.size, project.features) for project in projects]
    pairs = list(zip(rows, (step.actual for step in calibration.steps), strict=True))
    for at, (row, actual) in enumerate(pairs):
        kept = Blend.before(Prior(), len(row) - 2)
        for other in pairs[:at] + pairs[at + 1 :]:
            kept = kept.learn(*other)
        error = (
            weights.standard * actual
            + weights.size * (actual - kept.size.expect(row[:2]))
            + weights.features * (actual - kept.features.expect(row))
        )
        spread = (weights.standard + weights.size) * _noise(blend.size)
        scale = spread * math.sqrt(1 + kept.size.leverage(row[:2])) + weights.features * _noise(
            blend.features
        ) * math.sqrt(1 + kept.features.leverage(row))
        assert blend.without(row, actual) == pytest.approx(error / scale, abs=1e-6)


@given(st.floats(1e-9, 1e12), st.floats(1e-9, 1e12), st.floats(1e-9, 1e12), st.floats(-1e12, 1e12))
def test_extreme_projects_give_finite_forecasts(
    size: float, effort: float, other: float, feature: float
) -> None:
    """Whatever is accepted, the interval is made of numbers above zero."""
    features = [{"a": value} for value in (feature, 0, 1e12, -1e12)]
    projects = [FinishedProject(size=size, effort=effort, features=one) for one in features] * 3
    foretold = Calibrator(STANDARD).fit(projects).forecast(other, {"a": -feature}, level=0.99)
    assert 0 <= foretold.low <= foretold.effort <= foretold.high < math.inf


@pytest.mark.parametrize(
    ("count", "alpha", "rank"),
    [(9, 0.1, 9), (8, 0.1, None), (4, 0.2, 4), (3, 0.2, None), (99, 0.2, 80), (4, 1.2, 1)],
)
def test_ranks_of_conformal_intervals(count: int, alpha: float, rank: int | None) -> None:
    """ceil((n + 1)(1 - alpha)) of n sorted scores; none where n is too small."""
    assert conformal_rank(count, alpha) == rank


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [(0.75, 10, 0.6998), (0.9, 10, 1.3722), (0.95, 10, 1.8125), (0.975, 12, 2.1788)],
)
def test_quantiles_of_student(probability: float, freedom: float, quantile: float) -> None:
    """The published tables, to four digits; symmetrical."""
    assert student_quantile(probability, freedom) == pytest.approx(quantile, abs=5e-5)
    assert student_quantile(1 - probability, freedom) == pytest.approx(-quantile, abs=5e-5)


@given(st.lists(st.floats(0, 5), min_size=300, max_size=400), st.floats(0.1, 10))
def test_adaptive_intervals_keep_their_level_when_errors_grow(
    errors: list[float], growth: float
) -> None:
    """Whatever the errors do, the long-run share of hits comes near the level that was asked."""
    count = len(errors)
    steps = [
        Step(expected=0, scale=1, freedom=10, actual=(error + 0.01) * growth ** (at / count))
        for at, error in enumerate(errors)
    ]
    assert replay(steps, 0.8, adaptive=True).share > 0.6


@pytest.mark.parametrize(
    ("make", "error", "path"),
    [
        (lambda: FinishedProject(size=0, effort=1), InvalidValue, "size"),
        (lambda: FinishedProject(size=math.nan, effort=1), InvalidValue, "size"),
        (lambda: FinishedProject(size=10**400, effort=1), InvalidValue, "size"),
        (lambda: FinishedProject(size=1e13, effort=1), OutOfRange, "size"),
        (lambda: FinishedProject(size=1e-300, effort=1), OutOfRange, "size"),
        (lambda: FinishedProject(size="12", effort=1), WrongType, "size"),
        (lambda: FinishedProject(size=True, effort=1), WrongType, "size"),
        (lambda: FinishedProject(size=1, effort=-1), InvalidValue, "effort"),
        (lambda: FinishedProject(size=1, effort=Decimal("sNaN")), InvalidValue, "effort"),
        (lambda: one(features=[]), WrongType, "features"),
        (lambda: one(features={"a": None}), WrongType, "features.a"),
        (lambda: one(features={"a": math.inf}), InvalidValue, "features.a"),
        (lambda: one(features={1: 1}), WrongType, "features"),
        (lambda: one(ended="2026"), WrongType, "ended"),
        (lambda: one(ended=datetime(2026, 1, 1)), WrongType, "ended"),
        (lambda: Norm(name="own", rate=0), InvalidValue, "rate"),
        (lambda: Norm(name="own", rate=1, exponent=4), InvalidValue, "exponent"),
        (lambda: Norm(name="own", rate=1, quantiles=(1, 2)), InvalidValue, "quantiles"),
        (lambda: Norm(name="own", rate=1, quantiles=(5, 4, 3, 2, 1)), InvalidValue, "quantiles"),
        (lambda: Prior(noise=0), InvalidValue, "noise"),
        (lambda: Calibrator(STANDARD).fit([(1, 2)]), WrongType, "projects[0]"),
        (lambda: Calibrator(STANDARD).fit([]).forecast(0), InvalidValue, "size"),
        (lambda: Calibrator(STANDARD).fit([]).forecast(1, level=1), InvalidValue, "level"),
        (lambda: Calibrator(STANDARD).fit([]).report(80), InvalidValue, "level"),
        (lambda: LEARNED.forecast(1, {"tema": "old"}), UnknownField, "features.tema"),
        (lambda: Calibrator(STANDARD).fit(_mixed()), WrongType, "projects[1].features.team"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(make, error, path: str) -> None:
    """Zero size, NaN, words for numbers: one error, which names the field."""
    with pytest.raises(error) as caught:
        make()
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda whole: whole.update(calibration=2), "calibration"),
        (lambda whole: whole.update(more=1), "more"),
        (lambda whole: whole.pop("prior"), "prior"),
        (lambda whole: whole.update(projects={}), "projects"),
        (lambda whole: whole.update(standard=[]), "standard"),
        (lambda whole: whole["standard"].update(rate="6"), "standard.rate"),
        (lambda whole: whole["prior"].update(level=0), "prior.level"),
        (lambda whole: whole["projects"].append(1), "projects[2]"),
        (lambda whole: whole["projects"][1].update(size=0), "projects[1].size"),
        (lambda whole: whole["projects"][1].update(ended="soon"), "projects[1].ended"),
        (lambda whole: whole["projects"][0].pop("effort"), "projects[0].effort"),
        (lambda whole: whole["projects"][0].update(features={"a": []}), "projects[0].features.a"),
    ],
)  # fmt: skip
def test_damaged_json_is_refused_with_its_place(change, path: str) -> None:
    """Nothing is guessed, nothing is left over."""
    whole = json.loads(dump_calibration(Calibrator(STANDARD).fit(vendor(2))))
    change(whole)
    with pytest.raises(CrmkitError) as caught:
        load_calibration(json.dumps(whole))
    assert caught.value.path == path


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, '{"a": 1, "a": 2}'])
def test_what_is_not_json_is_a_broken_file(text: str) -> None:
    """So is a key that is given twice."""
    with pytest.raises(BrokenFile):
        load_calibration(text)


def test_nan_is_not_read() -> None:
    """JSON has no NaN, and neither has a calibration."""
    text = dump_calibration(Calibrator(STANDARD).fit(vendor(1))).replace("6.72", "NaN")
    with pytest.raises(InvalidValue, match="NaN is not a number"):
        load_calibration(text)


def _learned(rows) -> Belief:
    belief = Belief.around_zero((0.6, 0.2), 0.8, 10)
    for x, y in rows:
        belief = belief.learn(x, y)
    return belief


def _noise(belief: Belief) -> float:
    return math.sqrt(belief.rate / belief.shape)


def _mixed() -> list[FinishedProject]:
    one, other = vendor(2)
    return [one, attrs.evolve(other, features={"team": 3})]
