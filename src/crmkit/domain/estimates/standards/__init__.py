"""Published benchmarks as dated data: every figure with the page that it stands on."""

from crmkit.domain.estimates.standards.csbmk_202510 import CSBMK_202510
from crmkit.domain.estimates.standards.standard import CityRate, Standard

__all__ = ["CSBMK_202510", "CityRate", "Standard"]
