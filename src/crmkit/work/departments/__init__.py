"""The collections that crmkit itself brings, by the names that people use for them."""

from crmkit.domain.aggregate import Aggregate
from crmkit.work.departments import (
    access,
    approvals,
    calendars,
    commission,
    forecasts,
    parties,
    records,
    sales,
    subscriptions,
    support,
)

ENTITIES: tuple[type[Aggregate], ...] = (
    *records.ENTITIES,
    *access.ENTITIES,
    *calendars.ENTITIES,
    *parties.ENTITIES,
    *sales.ENTITIES,
    *forecasts.ENTITIES,
    *subscriptions.ENTITIES,
    *commission.ENTITIES,
    *approvals.ENTITIES,
    *support.ENTITIES,
)
"""The entities of crmkit, department by department."""


class Departments(
    records.Records,
    access.AccessRecords,
    calendars.CalendarRecords,
    parties.PartyRecords,
    sales.SalesRecords,
    forecasts.ForecastRecords,
    subscriptions.SubscriptionRecords,
    commission.CommissionRecords,
    approvals.ApprovalRecords,
    support.SupportRecords,
):
    """One property per entity of crmkit; a vendor's own are reached with `of`."""
