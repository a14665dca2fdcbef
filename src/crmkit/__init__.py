"""crmkit: the core of a CRM, to build your own on.

The names here are the ones that most programs need; each is imported when it is first used, so that
`import crmkit` is quick and brings no database driver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmkit.crm import CRM
    from crmkit.domain import estimates
    from crmkit.domain.access.user import User
    from crmkit.domain.aggregate import Aggregate, Event, UserId
    from crmkit.domain.custom_fields import CustomField, FieldKind
    from crmkit.domain.entity import Index, Unique, entity
    from crmkit.domain.filters.summary import (
        Summary,
        average,
        by,
        by_time,
        count,
        distinct,
        greatest,
        least,
        total,
    )
    from crmkit.domain.filters.where import where
    from crmkit.domain.kinds import Number, Text
    from crmkit.domain.money import Money
    from crmkit.domain.parties.activity import Activity
    from crmkit.domain.parties.contact import Affiliation, Contact
    from crmkit.domain.parties.customer import Customer
    from crmkit.domain.parties.lead import Lead
    from crmkit.domain.privacy.keeping import keeps
    from crmkit.domain.sales.deal import Deal
    from crmkit.domain.sales.pipeline import Pipeline, Stage
    from crmkit.domain.sales.price_list import PriceList
    from crmkit.domain.sales.product import Product
    from crmkit.domain.sales.quote import Quote
    from crmkit.domain.sales.quote_version import QuoteVersion
    from crmkit.domain.saved_view import SavedView
    from crmkit.plugins.hookspecs import hookimpl
    from crmkit.ports import Action, Actor
    from crmkit.work import Collection, UnitOfWork
    from crmkit.work.policies import Policies

__version__ = "0.1.0"

_HOMES = {
    "crmkit.crm": ("CRM",),
    "crmkit.domain.access.user": ("User",),
    "crmkit.domain.aggregate": ("Aggregate", "Event", "UserId"),
    "crmkit.domain.custom_fields": ("CustomField", "FieldKind"),
    "crmkit.domain.entity": ("Index", "Unique", "entity"),
    "crmkit.domain.filters.summary": (
        "Summary",
        "average",
        "by",
        "by_time",
        "count",
        "distinct",
        "greatest",
        "least",
        "total",
    ),
    "crmkit.domain.filters.where": ("where",),
    "crmkit.domain.kinds": ("Number", "Text"),
    "crmkit.domain.money": ("Money",),
    "crmkit.domain.parties.activity": ("Activity",),
    "crmkit.domain.parties.contact": ("Affiliation", "Contact"),
    "crmkit.domain.parties.customer": ("Customer",),
    "crmkit.domain.parties.lead": ("Lead",),
    "crmkit.domain.saved_view": ("SavedView",),
    "crmkit.domain.privacy.keeping": ("keeps",),
    "crmkit.domain.sales.deal": ("Deal",),
    "crmkit.domain.sales.pipeline": ("Pipeline", "Stage"),
    "crmkit.domain.sales.price_list": ("PriceList",),
    "crmkit.domain.sales.product": ("Product",),
    "crmkit.domain.sales.quote": ("Quote",),
    "crmkit.domain.sales.quote_version": ("QuoteVersion",),
    "crmkit.plugins.hookspecs": ("hookimpl",),
    "crmkit.ports": ("Action", "Actor"),
    "crmkit.work": ("Collection", "UnitOfWork"),
    "crmkit.work.policies": ("Policies",),
}
_PARTS = {"estimates": "crmkit.domain.estimates"}
"""Whole parts under their own name, for those who need nothing else."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CRM",
    "Action",
    "Activity",
    "Actor",
    "Affiliation",
    "Aggregate",
    "Collection",
    "Contact",
    "CustomField",
    "Customer",
    "Deal",
    "Event",
    "FieldKind",
    "Index",
    "Lead",
    "Money",
    "Number",
    "Pipeline",
    "Policies",
    "PriceList",
    "Product",
    "Quote",
    "QuoteVersion",
    "SavedView",
    "Stage",
    "Summary",
    "Text",
    "Unique",
    "UnitOfWork",
    "User",
    "UserId",
    "average",
    "by",
    "by_time",
    "count",
    "distinct",
    "entity",
    "estimates",
    "greatest",
    "hookimpl",
    "keeps",
    "least",
    "total",
    "where",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used."""
    if name in _PARTS:
        return import_module(_PARTS[name])
    home = _HOME_OF.get(name)
    if home is None:
        message = f"module 'crmkit' has no attribute {name!r}"
        raise AttributeError(message)
    found = getattr(import_module(home), name)
    globals()[name] = found
    return found
