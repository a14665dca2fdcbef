"""Estimates: the price of a CRM project, as a range with reasons, without a database."""

from crmkit.domain.estimates.calibration import (
    Calibration,
    CalibrationReport,
    Calibrator,
    FinishedProject,
    Forecast,
    Norm,
    dump_calibration,
    load_calibration,
)
from crmkit.domain.estimates.catalogue import CRM_CATALOGUE, Catalogue, ModuleKind
from crmkit.domain.estimates.estimate import Estimate
from crmkit.domain.estimates.figures import Factor, Quantiles
from crmkit.domain.estimates.lines import Draft, EstimateLine, LineGroup
from crmkit.domain.estimates.methods import (
    BasicCocomo81,
    Cocomo2,
    CrossCheck,
    IntermediateCocomo81,
    NesmaEstimated,
    NesmaIndicative,
    SizedBy,
    ThreePointTasks,
    UseCasePoints,
    cross_check,
)
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
    "BasicCocomo81",
    "Calibration",
    "CalibrationReport",
    "Calibrator",
    "Catalogue",
    "Cocomo2",
    "CrossCheck",
    "Draft",
    "EffortModel",
    "Estimate",
    "EstimateLine",
    "Factor",
    "FinishedProject",
    "Forecast",
    "FunctionCount",
    "Integration",
    "IntermediateCocomo81",
    "Label",
    "LineGroup",
    "Lognormal",
    "Maintenance",
    "Migration",
    "Module",
    "ModuleKind",
    "NesmaEstimated",
    "NesmaIndicative",
    "Norm",
    "Practice",
    "Productivity",
    "Profile",
    "QuantileSpread",
    "Quantiles",
    "Scope",
    "SizedBy",
    "SizedScope",
    "SizingMethod",
    "Spread",
    "Standard",
    "Technology",
    "ThirdParty",
    "ThreePoint",
    "ThreePointTasks",
    "UseCasePoints",
    "cross_check",
    "dump_calibration",
    "estimate",
    "load_calibration",
    "measure",
]
