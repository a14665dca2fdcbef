"""Currencies: the codes of ISO 4217 and how many decimal places each is counted in."""

from collections.abc import Mapping
from typing import Final

from crmkit.errors import InvalidValue, WrongType

_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Final[Mapping[str, int]] = {
    code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()
}
"""Decimal places by code; metals, funds without a minor unit and test codes are not money here."""

_FIX: Final = "write a code such as CNY, EUR or USD"


def exponent_of(currency: object) -> int:
    """Return the decimal places of a currency, or raise naming `currency`."""
    if not isinstance(currency, str):
        raise WrongType(
            f"expected a currency code, got {type(currency).__name__}",
            path="currency",
            fix=_FIX,
        )
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise InvalidValue(
            f"{currency!r} is not a currency of ISO 4217 with a minor unit",
            path="currency",
            fix=_FIX,
        )
    return exponent
