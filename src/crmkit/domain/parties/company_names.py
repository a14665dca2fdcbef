"""Company names, brought down to their core."""

from crmkit.domain.text import search_key


def company_key(name: str) -> str:
    """Return the folded name."""
    return search_key(name)
