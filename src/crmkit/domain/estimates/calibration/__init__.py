"""Calibration: what the vendor's own finished projects say about the standard."""

from crmkit.domain.estimates.calibration.calibrator import Calibration, Calibrator, Forecast
from crmkit.domain.estimates.calibration.history import FinishedProject
from crmkit.domain.estimates.calibration.keeping import dump_calibration, load_calibration
from crmkit.domain.estimates.calibration.norm import Norm
from crmkit.domain.estimates.calibration.prior import Prior
from crmkit.domain.estimates.calibration.report import CalibrationReport

__all__ = [
    "Calibration",
    "CalibrationReport",
    "Calibrator",
    "FinishedProject",
    "Forecast",
    "Norm",
    "Prior",
    "dump_calibration",
    "load_calibration",
]
