"""CSBMK-202510: the figures are those that were published."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from crmkit import estimates
from crmkit.errors import InvalidValue

STANDARD = estimates.CSBMK_202510


def test_price_of_a_function_point_in_beijing() -> None:
    """32,198 yuan x 6.72 hours / 174 hours is the published 1,243.52 (p.16) to two fen."""
    assert abs(STANDARD.price_per_point("北京") - Decimal("1243.52")) <= Decimal("0.02")


def test_price_of_a_function_point_in_jinan() -> None:
    """Other cities scale by their rate (p.16)."""
    assert round(STANDARD.price_per_point("Jinan"), 2) == Decimal("901.37")
    scaled = Decimal("1243.52") * 23339 / 32198
    assert abs(STANDARD.price_per_point("济南") - scaled) <= Decimal("0.02")


def test_unknown_city_is_named() -> None:
    """With those there are."""
    with pytest.raises(InvalidValue, match=r"scope\.city: .+'聊城' \(take the nearest of 北京"):
        STANDARD.city("聊城")


def test_phases_are_the_whole() -> None:
    """The five shares add up to one (p.12)."""
    assert sum(phase.value for phase in STANDARD.phases.values()) == 1


def test_figures_are_those_of_the_transcription(shared: Path) -> None:
    """Every rate and quantile, compared with the file that keeps the page numbers."""
    folder = shared / "data/estimation/params"
    read = json.loads((folder / "csbmk_202510.json").read_text("utf-8"), parse_float=Decimal)
    for name, row in read["city_rate_cny_per_pm"].items():
        if not name.startswith("_"):
            city = STANDARD.cities[name]
            assert [city.build, city.upkeep, city.grade] == row
    hours = [row for name, row in read["pdr_dev_h_per_fp"].items() if name != "_page"]
    assert [list(found.values) for found in STANDARD.build_hours.values()] == hours
    assert list(STANDARD.upkeep_hours["all"].values) == read["pdr_ops_h_per_fp_year"]["全行业"]
    shares = [row for name, row in read["phase_effort"].items() if name != "_page"]
    assert [phase.value for phase in STANDARD.phases.values()] == shares
    assert list(STANDARD.upkeep_share.values) == read["ops_to_build_cost_ratio"]["values"]
    growth = [factor.value for factor in STANDARD.choices["stage"].values()]
    assert growth == [row for name, row in read["scale_change_CF"].items() if name != "_source"]
