"""Quotes on paper: as texts ready to be set, as HTML to print, as PDF."""

from crmkit.services.sales.papers.page import quote_html
from crmkit.services.sales.papers.paper import Paper, paper_of
from crmkit.services.sales.papers.pdf import quote_pdf

__all__ = ["Paper", "paper_of", "quote_html", "quote_pdf"]
