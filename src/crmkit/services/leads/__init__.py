"""Leads and pools: scored, handed out, claimed, recycled, converted."""

from crmkit.services.leads.assigning import (
    assign_by_rule,
    assign_record,
    define_assignment_rule,
    explain_turn,
)
from crmkit.services.leads.claiming import claim, pool_of, records_in
from crmkit.services.leads.converting import Conversion, Converted, DealPlan, convert
from crmkit.services.leads.ownership import tenures_of
from crmkit.services.leads.pooling import (
    Recycled,
    change_pool,
    define_pool,
    recycle,
    release_to_pool,
)
from crmkit.services.leads.reporting import SourceConversion, report_conversion
from crmkit.services.leads.scoring import define_scorecard, explain_score, score_leads

__all__ = [
    "Conversion",
    "Converted",
    "DealPlan",
    "Recycled",
    "SourceConversion",
    "assign_by_rule",
    "assign_record",
    "change_pool",
    "claim",
    "convert",
    "define_assignment_rule",
    "define_pool",
    "define_scorecard",
    "explain_score",
    "explain_turn",
    "pool_of",
    "records_in",
    "recycle",
    "release_to_pool",
    "report_conversion",
    "score_leads",
    "tenures_of",
]
