"""Second methods: the same project, looked at in another way, and how far the answers lie apart."""

from crmkit.domain.estimates.methods.cocomo2 import Cocomo2
from crmkit.domain.estimates.methods.cocomo81 import BasicCocomo81, IntermediateCocomo81, Mode
from crmkit.domain.estimates.methods.cross_check import CrossCheck, Opinion, cross_check
from crmkit.domain.estimates.methods.nesma import NesmaEstimated, NesmaIndicative, SizedBy
from crmkit.domain.estimates.methods.ratings import Rating
from crmkit.domain.estimates.methods.three_point import ThreePointTasks
from crmkit.domain.estimates.methods.use_cases import UseCasePoints

__all__ = [
    "BasicCocomo81",
    "Cocomo2",
    "CrossCheck",
    "IntermediateCocomo81",
    "Mode",
    "NesmaEstimated",
    "NesmaIndicative",
    "Opinion",
    "Rating",
    "SizedBy",
    "ThreePointTasks",
    "UseCasePoints",
    "cross_check",
]
