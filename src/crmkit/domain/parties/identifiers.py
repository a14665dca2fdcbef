"""Identifiers: registered numbers of organisations, checked where their rule is public."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import attrs

from crmkit.domain.kinds import Text
from crmkit.domain.parties.checks import check_fields, refuse
from crmkit.domain.parties.vat_numbers import check_vat_number
from crmkit.domain.text import check_text

USCC: Final = "uscc"
VAT: Final = "vat"
MAX_VALUE: Final = 100
_USCC_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_SEPARATORS: Final = str.maketrans("", "", "-.·/‐‑‒–—")


@attrs.frozen(kw_only=True)
class Identifier:
    """A registered number: `scheme` is `uscc` (统一社会信用代码), `vat`, or one of your own.

    The value is kept in its normal form: NFKC, capitals, without blanks. `raw` keeps what was
    given; two identifiers are equal when scheme and value are.
    """

    scheme: Annotated[str, Text(max_length=50)]
    value: Annotated[str, Text(max_length=MAX_VALUE)]
    raw: Annotated[str, Text(max_length=MAX_VALUE)] = attrs.field(default="", eq=False)

    def __attrs_post_init__(self) -> None:
        """Bring the value to its normal form and check it where the rule is known."""
        check_fields(self)
        if not self.scheme.strip():
            raise refuse("is empty", "scheme", "write uscc, vat or a name of your own")
        check = _CHECKS.get(self.scheme, normal)
        value = check(self.value)
        if not self.raw or check(self.raw) != value:
            object.__setattr__(self, "raw", self.value)
        object.__setattr__(self, "value", value)


def normal(text: str) -> str:
    """Return a number in its normal form, or raise `InvalidValue` when nothing is left.

    Invisible signs, which come along when text is copied from a page, are dropped with the blanks.
    """
    given = check_text(text, path="value", max_length=MAX_VALUE)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", given).upper())
    kept = "".join(
        sign for sign in folded if not sign.isspace() and unicodedata.category(sign) != "Cf"
    )
    if any(unicodedata.category(sign) == "Cc" for sign in kept):
        raise refuse("the number holds a control character", "value", "remove it")
    if not kept:
        raise refuse("the number is empty", "value", "give its digits and letters")
    return check_text(unicodedata.normalize("NFKC", kept), path="value", max_length=MAX_VALUE)


def check_uscc(text: str) -> str:
    """Return a 统一社会信用代码 in its normal form, or raise `InvalidValue`.

    Checked are its 18 signs, the check sign (GB 32100-2015: weights 3^i mod 31) and the check sign
    of the organisation code inside it (GB 11714-1997: mod 11).
    """
    code = normal(text).translate(_SEPARATORS)
    if len(code) != 18 or any(sign not in _USCC_SIGNS for sign in code):
        raise refuse(
            "a 统一社会信用代码 has 18 digits and capitals without I, O, S, V, Z",
            "value",
            "compare it with the business licence; 0 and 1 are digits",
        )
    whole = sum(_USCC_SIGNS.index(sign) * pow(3, at, 31) for at, sign in enumerate(code[:17]))
    if _USCC_SIGNS[-whole % 31] != code[17]:
        raise refuse(
            "the check sign of the 统一社会信用代码 is wrong",
            "value",
            "compare it with the business licence",
        )
    _check_organisation_code(code[8:17])
    return code


def check_vat(text: str) -> str:
    """Return a VAT number of the EU with its country in front, or raise `InvalidValue`.

    Checked is how it is made up and, for most countries, its check digits; whether it was issued
    and is still valid only the tax office knows.
    """
    return check_vat_number(normal(text).translate(_SEPARATORS))


def _check_organisation_code(code: str) -> None:
    whole = sum(
        _ORGANISATION_SIGNS.index(sign) * weight
        for sign, weight in zip(code[:8], _ORGANISATION_WEIGHTS, strict=True)
    )
    if "0123456789X0"[11 - whole % 11] != code[8]:
        raise refuse(
            "the check sign of the organisation code inside the 统一社会信用代码 is wrong",
            "value",
            "compare signs 9 to 17 with the business licence",
        )


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {USCC: check_uscc, VAT: check_vat}
