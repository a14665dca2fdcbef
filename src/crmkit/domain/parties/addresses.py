"""Addresses: where somebody is."""

from typing import Annotated

import attrs

from crmkit.domain.kinds import Text


@attrs.frozen(kw_only=True)
class Address:
    """A postal address; `country` is a two-letter ISO 3166 code."""

    country: Annotated[str, Text(max_length=2)] = "CN"
    region: str | None = None
    city: str | None = None
    district: str | None = None
    street: str | None = None
    postal_code: str | None = None
