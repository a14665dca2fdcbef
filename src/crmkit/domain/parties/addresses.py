"""Addresses: where somebody is, written as the country writes it."""

import re
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_BIG_TO_SMALL: Final = frozenset({"CN", "TW", "HK", "MO", "JP", "KR"})
Line = Annotated[str, Text(max_length=500, searchable=True)]


@attrs.frozen(kw_only=True)
class Address:
    """A postal address; `country` is a code of ISO 3166, `region` a province or state."""

    country: Annotated[str, Text(max_length=2)] = "CN"
    region: Line | None = None
    city: Line | None = None
    district: Line | None = None
    street: Line | None = None
    postal_code: Annotated[str, Text(max_length=20)] | None = None

    def __attrs_post_init__(self) -> None:
        """Check every field."""
        check_fields(self)
        if not _COUNTRY.fullmatch(self.country):
            raise refuse(
                f"{self.country!r} is not a country code", "country", "write two capitals, as CN"
            )

    @property
    def line(self) -> str:
        """Return the address on one line: from big to small in East Asia, else small to big."""
        parts = [self.region, self.city, self.district, self.street]
        if self.country in _BIG_TO_SMALL:
            joined = "".join(part for part in parts if part)
            return f"{self.postal_code} {joined}" if self.postal_code else joined
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        small = (self.street, self.district, place, self.region, self.country)
        return ", ".join(part for part in small if part)
