"""How people write money: signs, separators and order by language."""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from crmkit.domain.currencies import EXPONENTS
from crmkit.errors import InvalidValue

_SIGNS: Final = (
    "AUD=AU$ BRL=R$ CAD=CA$ CNY=CN¥ EUR=€ GBP=£ HKD=HK$ ILS=₪ INR=₹ JPY=JP¥ KRW=₩ MXN=MX$ NZD=NZ$ "
    "TWD=NT$ USD=US$ VND=₫ XAF=FCFA XCD=EC$ XOF=F\u202fCFA XPF=CFPF"
)


def _signs(changes: str, *, without: str = "") -> Mapping[str, str]:
    pairs = (pair.split("=") for pair in f"{_SIGNS} {changes}".split(" ") if pair)
    return {code: sign for code, sign in pairs if code not in without.split()}


@attrs.frozen
class _Writing:
    """The pattern for above and below zero, the separators, the digits of a group, the signs."""

    pattern: str
    below_zero: str
    thousands: str
    point: str
    signs: Mapping[str, str]
    grouping: re.Pattern[str] = re.compile(r"(?<=\d)(?=(?:\d{3})+$)")


_BEFORE: Final = ("{sign}{number}", "-{sign}{number}")
_SPACED: Final = ("{sign}\u00a0{number}", "-{sign}\u00a0{number}")
_AFTER: Final = ("{number}\u00a0{sign}", "-{number}\u00a0{sign}")
_LAKHS: Final = re.compile(r"(?<=\d)(?=(?:\d{2})*\d{3}$)")
_WRITINGS: Final[Mapping[str, _Writing]] = {
    "zh": _Writing(*_BEFORE, ",", ".", _signs("CNY=¥")),
    "en": _Writing(*_BEFORE, ",", ".", _signs("AUD=A$ JPY=¥ PHP=₱ USD=$")),
    "ja": _Writing(*_BEFORE, ",", ".", _signs("AUD=A$ CNY=元 JPY=￥ USD=$")),
    "de": _Writing(*_AFTER, ".", ",", _signs("JPY=¥ THB=฿ USD=$")),
    "de_CH": _Writing(
        _SPACED[0], "{sign}-{number}", "’", ".", _signs("JPY=¥ THB=฿ USD=$", without="EUR")
    ),
    "fr": _Writing(
        *_AFTER,
        "\u202f",
        ",",
        _signs(
            "AUD=$AU CAD=$CA GBP=£GB MXN=$MX NZD=$NZ SGD=$SG USD=$US XPF=FCFP",
            without="CNY HKD JPY TWD XCD",
        ),
    ),
    "sv": _Writing(
        *_AFTER,
        "\u00a0",
        ",",
        _signs(
            "BRL=BR$ DKK=Dkr NOK=Nkr SEK=kr",
            without="AUD CNY GBP HKD INR JPY KRW NZD TWD VND",
        ),
    ),
    "pt": _Writing(*_SPACED, ".", ",", _signs("THB=฿")),
    "hi": _Writing(*_BEFORE, ",", ".", _signs("AUD=A$ THB=฿ USD=$"), _LAKHS),
    "ar": _Writing(
        "\u200f{number}\u00a0{sign}",
        "\u200f-{number}\u00a0{sign}",
        ",",
        ".",
        _signs("GBP=UK£ KWD=د.ك.\u200f THB=฿"),
    ),
}


def format_minor(minor: int, currency: str, locale: str) -> str:
    """Write a count of minor units as people of a language do; `zh-CN` and `zh_CN` are `zh`."""
    name = locale.replace("-", "_")
    writing = _WRITINGS.get(name) or _WRITINGS.get(name.partition("_")[0])
    if writing is None:
        raise InvalidValue(
            f"no way to write money is known for {locale!r}",
            path="locale",
            fix=f"one of {', '.join(_WRITINGS)}",
        )
    exponent = EXPONENTS[currency]
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    whole, part = digits[: len(digits) - exponent], digits[len(digits) - exponent :]
    number = writing.grouping.sub(writing.thousands, whole) + (writing.point + part if part else "")
    pattern = writing.below_zero if minor < 0 else writing.pattern
    return pattern.format(sign=writing.signs.get(currency, currency), number=number)
