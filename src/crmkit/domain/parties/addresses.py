"""Addresses: where somebody is, written as the country writes it."""

import re
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse

_CODES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA "
    "ZM ZW"
)
_COUNTRIES: Final = frozenset(_CODES.split())
_BIG_TO_SMALL: Final = frozenset({"CN", "TW", "HK", "MO", "JP"})
_EAST_ASIAN: Final = re.compile("[぀-ヿ㐀-鿿]")
Line = Annotated[str, Text(max_length=500, searchable=True)]


@attrs.frozen(kw_only=True)
class Address:
    """A postal address; `country` is a code of ISO 3166-1, `region` a province or state.

    XK stands for Kosovo, as is usual.
    """

    country: Annotated[str, Text(max_length=2)] = "CN"
    region: Line | None = None
    city: Line | None = None
    district: Line | None = None
    street: Line | None = None
    postal_code: Annotated[str, Text(max_length=20)] | None = None

    def __attrs_post_init__(self) -> None:
        """Check every field."""
        if isinstance(self.country, str) and self.country not in _COUNTRIES:
            raise refuse(
                f"{self.country!r} is not a country code",
                "country",
                "write the two capitals of ISO 3166, as CN; GB for the United Kingdom",
            )
        check_fields(self)

    @property
    def line(self) -> str:
        """Return the address on one line, a blank between its parts and no line break.

        From big to small and without blanks where it is written in Chinese or Japanese there:
        252000 山东省聊城市东昌路1号. Elsewhere from small to big, with the country.
        """
        region, city, district, street, code = map(_one_line, self._parts())
        if self.country in _BIG_TO_SMALL and _EAST_ASIAN.search(region + city + district + street):
            joined = ("" if region == city else region) + city + district + street
            return f"{code} {joined}".strip()
        small = (street, district, f"{code} {city}".strip(), region, self.country)
        return ", ".join(part for part in small if part)

    def _parts(self) -> tuple[str | None, ...]:
        return self.region, self.city, self.district, self.street, self.postal_code


def _one_line(part: str | None) -> str:
    return " ".join((part or "").split())
