"""Estimates: the price of a CRM project, as a range with reasons, without a database."""

from crmkit.domain.estimates.catalogue import CRM_CATALOGUE, Catalogue, ModuleKind
from crmkit.domain.estimates.estimate import Estimate
from crmkit.domain.estimates.figures import Factor, Quantiles
from crmkit.domain.estimates.lines import Draft, EstimateLine, LineGroup
from crmkit.domain.estimates.practice import STANDARD_PRACTICE, Practice, estimate
from crmkit.domain.estimates.profiles import CSBMK_P50, LIAOCHENG, PROFILES, Productivity, Profile
from crmkit.domain.estimates.protocols import EffortModel, SizingMethod
from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.scope_parts import (
    Integration,
    Maintenance,
    Migration,
    Module,
    Technology,
    ThirdParty,
)
from crmkit.domain.estimates.sizes import FunctionCount
from crmkit.domain.estimates.sizing import SizedScope, measure
from crmkit.domain.estimates.spreads import Lognormal, QuantileSpread, Spread
from crmkit.domain.estimates.standards import CSBMK_202510, Standard
from crmkit.domain.estimates.three_points import ThreePoint
from crmkit.domain.estimates.words import Label

__all__ = [
    "CRM_CATALOGUE",
    "CSBMK_202510",
    "CSBMK_P50",
    "LIAOCHENG",
    "PROFILES",
    "STANDARD_PRACTICE",
    "Catalogue",
    "Draft",
    "EffortModel",
    "Estimate",
    "EstimateLine",
    "Factor",
    "FunctionCount",
    "Integration",
    "Label",
    "LineGroup",
    "Lognormal",
    "Maintenance",
    "Migration",
    "Module",
    "ModuleKind",
    "Practice",
    "Productivity",
    "Profile",
    "QuantileSpread",
    "Quantiles",
    "Scope",
    "SizedScope",
    "SizingMethod",
    "Spread",
    "Standard",
    "Technology",
    "ThirdParty",
    "ThreePoint",
    "estimate",
    "measure",
]
