"""Scores of surveys: known figures, and laws that their intervals keep."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.support.scores import SurveyKind, score, wilson
from crmkit.errors import InvalidValue


def test_the_interval_of_wilson_has_known_values() -> None:
    """Eight of ten, none and all of ten, as tables of the interval have them."""
    known = {8: ("0.4902", "0.9433"), 0: ("0.0000", "0.2775"), 10: ("0.7225", "1.0000")}
    for hits, interval in known.items():
        low, high = wilson(hits, 10)
        assert (f"{low:.4f}", f"{high:.4f}") == interval


def test_nps_is_promoters_less_detractors() -> None:
    """Of a hundred with 50 promoters and 20 detractors it is 30, give or take 15.3."""
    found = score(SurveyKind.NPS, [9] * 25 + [10] * 25 + [7] * 15 + [8] * 15 + [6] * 20, 200)
    assert found.value == Decimal("0.3")
    assert f"{100 * (found.high - found.value):.1f}" == "15.3"
    assert f"{100 * (found.value - found.low):.1f}" == "15.3"
    assert str(found) == "nps: 30 (15 to 45), 100 of 200 answered"


def test_csat_and_ces_are_shares() -> None:
    """The two best of five count, and the three best of seven."""
    assert score(SurveyKind.CSAT, [3, 4, 5, 1], 4).value == Decimal("0.5")
    assert score(SurveyKind.CES, [4, 5, 6, 7], 4).value == Decimal("0.75")
    assert str(score(SurveyKind.CES, [], 3)) == "ces: nobody of 3 answered"


@given(st.sampled_from(list(SurveyKind)), st.data())
def test_a_score_lies_in_its_interval(kind: SurveyKind, data: st.DataObject) -> None:
    """Whatever is answered in whatever order, and the interval stays on the scale."""
    answers = data.draw(st.lists(st.sampled_from(kind.scale), min_size=1, max_size=30))
    found = score(kind, answers, 30)
    floor = -1 if kind is SurveyKind.NPS else 0
    assert floor <= found.low <= found.value <= found.high <= 1
    assert score(kind, answers[::-1], 30) == found


@pytest.mark.parametrize(
    ("kind", "answer"), [("csat", 0), ("csat", 6), ("nps", -1), ("nps", 11), ("ces", 0), ("ces", 8)]
)
def test_an_answer_is_on_the_scale(kind: str, answer: int) -> None:
    """Other numbers are refused by the name of the field."""
    with pytest.raises(InvalidValue) as caught:
        score(SurveyKind(kind), [answer], 1)
    assert caught.value.path == "survey_response.score"
