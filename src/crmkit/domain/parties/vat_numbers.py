"""VAT numbers of the EU: how each country makes them up, and their check digits.

Shapes follow the VIES list of the European Commission (Northern Ireland included). Check digits are
those of the countries whose rule is one weighted sum or a public standard; of Bulgaria, Cyprus,
the Czech Republic, Ireland, Latvia, Lithuania, Romania and Spain only the shape is checked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from crmkit.domain.parties.checks import refuse

_SHAPES: Final[Mapping[str, str]] = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"[1-9]\d{8}",
    "DK": r"[1-9]\d{7}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[0-9A-Z]\d{7}[0-9A-Z]",
    "FI": r"\d{8}",
    "FR": r"[0-9A-HJ-NP-Z]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[0-9A-Z+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{7}(0\d\d|100|120|121|888|999)\d",
    "LT": r"(\d{9}|\d{12})",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"[1-9]\d{7}",
    "NL": r"\d{9}B(?!00)\d{2}",
    "PL": r"\d{10}",
    "PT": r"[1-9]\d{8}",
    "RO": r"\d{2,10}",
    "SE": r"\d{10}01",
    "SI": r"[1-9]\d{7}",
    "SK": r"\d{10}",
    "XI": r"(\d{9}|\d{12}|(GD|HA)\d{3})",
}


def check_vat_number(number: str) -> str:
    """Return a number that is already capitals and digits, or raise `InvalidValue`.

    Greece writes EL; GR is taken for it.
    """
    if number.startswith("GR"):
        number = f"EL{number[2:]}"
    country, rest = number[:2], number[2:]
    shape = _SHAPES.get(country)
    if shape is None or not re.fullmatch(shape, rest, re.ASCII):
        raise refuse(
            "is not shaped like a VAT number of the EU",
            "value",
            "write the country in front, as DE136695976; use a scheme of your own elsewhere",
        )
    fits = _RULES.get(country)
    if fits is not None and not fits(rest):
        raise refuse("the check digit of the VAT number is wrong", "value", "compare it again")
    return number


def _weighted(weights: tuple[int, ...], modulus: int) -> Callable[[str], bool]:
    """Digits times weights add up to a multiple; the check digit has its weight too."""

    def fits(digits: str) -> bool:
        return _total(digits, weights) % modulus == 0

    return fits


def _total(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _mod_11_10(digits: str) -> bool:
    """ISO 7064, MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        rest = (int(digit) + product) % 10 or 10
        product = rest * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def _austria(rest: str) -> bool:
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(rest[1:8]))
    total = sum(number // 10 + number % 10 for number in doubled)
    return (96 - total) % 10 == int(rest[8])


def _france(rest: str) -> bool:
    """Two digits in front check the SIREN, which is a Luhn number but in Monaco.

    Two signs in front of which one is a letter are not checked.
    """
    if not rest.startswith("000", 2) and not _luhn(rest[2:]):
        return False
    return not rest[:2].isdecimal() or int(rest[:2]) == (12 + 3 * (int(rest[2:]) % 97)) % 97


def _greece(digits: str) -> bool:
    weights = (256, 128, 64, 32, 16, 8, 4, 2)
    return _total(digits[:8], weights) % 11 % 10 == int(digits[8])


def _netherlands(rest: str) -> bool:
    """Companies pass the rule of eleven, the self-employed ISO 7064 MOD 97,10 over all signs."""
    eleven = _total(rest[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11 == int(rest[8])
    digits = "".join(str(int(sign, 36)) for sign in f"NL{rest}")
    return eleven or int(digits) % 97 == 1


def _portugal(digits: str) -> bool:
    return -_total(digits[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10 == int(digits[8])


def _slovakia(digits: str) -> bool:
    """Companies have a multiple of eleven; persons their birth number."""
    return int(digits) % 11 == 0 or int(digits[:9]) % 11 % 10 == int(digits[9])


def _slovenia(digits: str) -> bool:
    rest = _total(digits[:7], (8, 7, 6, 5, 4, 3, 2)) % 11
    return "?1234567890?"[11 - rest] == digits[7]


_RULES: Final[Mapping[str, Callable[[str], bool]]] = {
    "AT": _austria,
    "BE": lambda rest: 97 - int(rest[:8]) % 97 == int(rest[8:]),
    "DE": _mod_11_10,
    "DK": _weighted((2, 7, 6, 5, 4, 3, 2, 1), 11),
    "EE": _weighted((3, 7, 1, 3, 7, 1, 3, 7, 1), 10),
    "EL": _greece,
    "FI": _weighted((7, 9, 10, 5, 8, 4, 2, 1), 11),
    "FR": _france,
    "HR": _mod_11_10,
    "HU": _weighted((9, 7, 3, 1, 9, 7, 3, 1), 10),
    "IT": _luhn,
    "LU": lambda rest: int(rest[:6]) % 89 == int(rest[6:]),
    "MT": _weighted((3, 4, 6, 7, 8, 9, 10, 1), 37),
    "NL": _netherlands,
    "PL": _weighted((6, 5, 7, 2, 3, 4, 5, 6, 7, -1), 11),
    "PT": _portugal,
    "SE": lambda rest: _luhn(rest[:10]),
    "SI": _slovenia,
    "SK": _slovakia,
}
