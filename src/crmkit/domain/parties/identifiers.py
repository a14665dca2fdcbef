"""Identifiers: registered numbers of organisations, checked where their rule is public."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse

USCC: Final = "uscc"
VAT: Final = "vat"
_USCC_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_VAT_SHAPES: Final[Mapping[str, str]] = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"\d{9}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[0-9A-Z]\d{7}[0-9A-Z]",
    "FI": r"\d{8}",
    "FR": r"[0-9A-HJ-NP-Z]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[0-9A-Z+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"[0-9A-Z+*]{10}\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{12}",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
}


@attrs.frozen(kw_only=True)
class Identifier:
    """A registered number: `scheme` is `uscc` (统一社会信用代码), `vat`, or one of your own.

    The value is kept in its normal form: NFKC, capitals, without blanks.
    """

    scheme: Annotated[str, Text(max_length=50)]
    value: Annotated[str, Text(max_length=100)]

    def __attrs_post_init__(self) -> None:
        """Bring the value to its normal form and check it where the rule is known."""
        check_fields(self)
        check = _CHECKS.get(self.scheme, normal)
        object.__setattr__(self, "value", check(self.value))


def normal(text: str) -> str:
    """Return a number in its normal form, or raise when nothing is left."""
    folded = unicodedata.normalize("NFKC", text).upper()
    kept = "".join(sign for sign in folded if not sign.isspace() and sign not in "-.·")
    if not kept:
        raise refuse("the number is empty", "value")
    return kept


def check_uscc(text: str) -> str:
    """Return a 统一社会信用代码 in its normal form, or raise `InvalidValue`.

    Checked are its 18 signs, the check sign (GB 32100-2015: weights 3^i mod 31) and the check sign
    of the organisation code inside it (GB 11714-1997: mod 11).
    """
    code = normal(text)
    if len(code) != 18 or any(sign not in _USCC_SIGNS for sign in code):
        raise refuse("a 统一社会信用代码 has 18 digits and capitals without I, O, S, V, Z", "value")
    whole = sum(_USCC_SIGNS.index(sign) * pow(3, at, 31) for at, sign in enumerate(code[:17]))
    if _USCC_SIGNS[-whole % 31] != code[17]:
        raise refuse(
            "the check digit of the 统一社会信用代码 is wrong", "value", "compare it again"
        )
    _check_organisation_code(code[8:17])
    return code


def check_vat(text: str) -> str:
    """Return a VAT number of the EU with its country in front, or raise `InvalidValue`.

    Checked is its shape; of Germany also the check digit (ISO 7064, MOD 11,10).
    """
    number = normal(text)
    shape = _VAT_SHAPES.get(number[:2])
    if shape is None or not re.fullmatch(shape, number[2:]):
        raise refuse("is not shaped like a VAT number of the EU", "value", "write DE136695976")
    if number.startswith("DE") and not _fits_mod_11_10(number[2:]):
        raise refuse("the check digit of the VAT number is wrong", "value", "compare it again")
    return number


def _check_organisation_code(code: str) -> None:
    whole = sum(
        _ORGANISATION_SIGNS.index(sign) * weight
        for sign, weight in zip(code[:8], _ORGANISATION_WEIGHTS, strict=True)
    )
    if "0123456789X0"[11 - whole % 11] != code[8]:
        raise refuse("the check digit of the organisation code is wrong", "value")


def _fits_mod_11_10(digits: str) -> bool:
    product = 10
    for digit in digits[:-1]:
        rest = (int(digit) + product) % 10 or 10
        product = rest * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {USCC: check_uscc, VAT: check_vat}
