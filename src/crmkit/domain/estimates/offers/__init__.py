"""Offers: an estimate as a document for the client, as text and as a page to print."""

from crmkit.domain.estimates.offers.offer import Offer

__all__ = ["Offer"]
