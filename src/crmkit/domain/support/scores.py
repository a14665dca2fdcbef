"""What answers to a survey come to: CSAT, NPS and CES, each with its interval.

Shares have the score interval of Wilson (1927), which stays within 0 and 1 and is honest for few
answers. The variance of NPS is (p + d - (p - d)²) / n for the shares of promoters and detractors.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Final

import attrs

from crmkit.errors import InvalidValue

Z95: Final = Decimal("1.959963985")
"""The normal quantile of an interval that holds 95 times of 100."""
_PLACES: Final = Decimal("0.0001")


class SurveyKind(StrEnum):
    """What a survey asks for."""

    CSAT = "csat"
    """How content somebody is, 1 to 5; the score is the share of 4 and 5."""
    NPS = "nps"
    """Whether somebody would recommend us, 0 to 10: the share of 9 and 10 less that of 0 to 6."""
    CES = "ces"
    """How easy it was, 1 to 7; the score is the share of 5 to 7."""

    @property
    def scale(self) -> range:
        """Return the answers that can be given."""
        return {"csat": range(1, 6), "nps": range(11), "ces": range(1, 8)}[self.value]


@attrs.frozen(kw_only=True)
class Score:
    """A score with its 95 % interval, from so many answers to so many that were asked.

    CSAT and CES are from 0 to 1, NPS from -1 to 1; without answers there is none.
    """

    kind: SurveyKind
    asked: int
    answered: int
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None

    def __str__(self) -> str:
        """Write it as people read it, never without how many answered."""
        if self.value is None or self.low is None or self.high is None:
            return f"{self.kind}: nobody of {self.asked} answered"
        value, low, high = (f"{100 * one:.0f}" for one in (self.value, self.low, self.high))
        return f"{self.kind}: {value} ({low} to {high}), {self.answered} of {self.asked} answered"


def score(kind: SurveyKind, answers: Sequence[int], asked: int) -> Score:
    """Return what answers come to."""
    for answer in answers:
        check_answer(kind, answer)
    count = len(answers)
    if not answers:
        return Score(kind=kind, asked=asked, answered=0, value=None, low=None, high=None)
    if kind is SurveyKind.NPS:
        value, low, high = _net(answers)
    else:
        happy = sum(answer >= (4 if kind is SurveyKind.CSAT else 5) for answer in answers)
        value, (low, high) = Decimal(happy) / count, wilson(happy, count)
    figures = {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high)}
    return Score(kind=kind, asked=asked, answered=count, **figures)


def check_answer(kind: SurveyKind, answer: int) -> None:
    """Raise `InvalidValue` for an answer that is not on the scale."""
    if answer not in kind.scale:
        raise InvalidValue(
            f"{answer!r} is not from {kind.scale[0]} to {kind.scale[-1]}",
            path="survey_response.score",
            fix="give a number of the scale",
        )


def wilson(hits: int, count: int) -> tuple[Decimal, Decimal]:
    """Return the 95 % interval of the share of `hits` among `count`, which is at least one."""
    share, square = Decimal(hits) / count, Z95 * Z95
    middle = share + square / (2 * count)
    half = Z95 * (share * (1 - share) / count + square / (4 * count * count)).sqrt()
    whole = 1 + square / count
    return max(Decimal(0), (middle - half) / whole), min(Decimal(1), (middle + half) / whole)


def _net(answers: Sequence[int]) -> tuple[Decimal, Decimal, Decimal]:
    count = len(answers)
    promoters = Decimal(sum(answer >= 9 for answer in answers)) / count
    detractors = Decimal(sum(answer <= 6 for answer in answers)) / count
    net = promoters - detractors
    half = Z95 * ((promoters + detractors - net * net) / count).sqrt()
    return net, max(Decimal(-1), net - half), min(Decimal(1), net + half)


def _rounded(figure: Decimal) -> Decimal:
    return figure.quantize(_PLACES, rounding=ROUND_HALF_EVEN)
