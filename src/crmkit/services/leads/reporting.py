"""Reporting on leads: how many of each source became customers."""

from decimal import Decimal

import attrs

from crmkit.domain.access.acting import Right
from crmkit.domain.filters.summary import Summary, by, count
from crmkit.domain.filters.tree import EVERYTHING, Filter
from crmkit.domain.parties.lead import Lead, LeadStatus
from crmkit.ports import Action
from crmkit.work import UnitOfWork

SEE_CONVERSION = Action(
    "report:conversion", "See the conversion of leads", zh="查看线索转化报表", right=Right.READ
)


@attrs.frozen(kw_only=True)
class SourceConversion:
    """The leads of one source, None for those that name none, and how many were converted."""

    source: str | None
    leads: int
    converted: int

    @property
    def rate(self) -> Decimal:
        """Return the share that was converted, between 0 and 1."""
        return Decimal(self.converted) / self.leads


def report_conversion(work: UnitOfWork, fits: Filter = EVERYTHING) -> list[SourceConversion]:
    """Report how many leads of each source were converted, sources with most leads first."""
    work.permit(SEE_CONVERSION)
    lead = work.where(Lead)
    summary = Summary(
        spec=work.leads.spec,
        where=fits,
        by={"source": by(lead.source), "status": by(lead.status)},
        measures={"leads": count()},
    )
    every: dict[str | None, list[int]] = {}
    for row in work.leads.summarise(summary):
        counted = every.setdefault(row["source"], [0, 0])
        counted[0] += row["leads"]
        counted[1] += row["leads"] if row["status"] is LeadStatus.CONVERTED else 0
    figures = [
        SourceConversion(source=source, leads=leads, converted=converted)
        for source, (leads, converted) in every.items()
    ]
    return sorted(figures, key=lambda one: (-one.leads, one.source or ""))
