"""Business in China: fields that every company there has, and clean numbers from its files."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from crmkit.domain.custom_fields import CustomField, FieldKind
from crmkit.domain.parties.identifiers import check_uscc
from crmkit.domain.text import search_key
from crmkit.errors import InvalidValue
from crmkit.plugins.fields import shared_field
from crmkit.plugins.hookspecs import hookimpl

SIZES: Final = ("大型", "中型", "小型", "微型")
"""By the division of the National Bureau of Statistics of 2017."""
OWNERSHIPS: Final = ("国有", "集体", "民营", "外商投资", "港澳台投资", "合资", "个体工商户")

_CODE_COLUMNS: Final = "统一社会信用代码 社会信用代码 信用代码 纳税人识别号 税号 uscc"
_PHONE_COLUMNS: Final = (
    "电话 手机 手机号 手机号码 联系电话 电话号码 固定电话 phone mobile tel telephone"
)
_CAPITAL_COLUMNS: Final = "注册资本 注册资金 registered_capital"
_LOOK_ALIKES: Final = str.maketrans("OISZ", "0152")
_DASHES: Final = re.compile(r"\s*[-‐‑‒–—―−]\s*")
_CAPITAL: Final = re.compile(
    r"([\d,]*\d(?:\.\d+)?)(万亿|亿|万)?(元)?(人民币|美元|港元|港币|欧元|日元)?"
)
_UNITS: Final = {"": 1, "万": 10**4, "亿": 10**8, "万亿": 10**12}
_CURRENCIES: Final = {
    "": "CNY",
    "人民币": "CNY",
    "美元": "USD",
    "港元": "HKD",
    "港币": "HKD",
    "欧元": "EUR",
    "日元": "JPY",
}


class ChinaBusiness:
    """Gives customers 企业规模, 企业性质, 注册资本 and 法定代表人, and cleans imported numbers.

    Cleaned are columns called like 统一社会信用代码, 联系电话 or 注册资本: of full-width signs,
    of letters that look like digits where the check sign then agrees, and of 万 and 亿.
    """

    name = "crmkit.china_business"

    @hookimpl
    def register_fields(self) -> tuple[CustomField, ...]:
        """Give every tenant the fields of a Chinese business licence."""
        choice, text, money = FieldKind.CHOICE, FieldKind.TEXT, FieldKind.MONEY
        return (
            _field("enterprise_size", choice, "Enterprise size", "企业规模", options=SIZES),
            _field("ownership", choice, "Ownership", "企业性质", options=OWNERSHIPS),
            _field("registered_capital", money, "Registered capital", "注册资本"),
            _field("legal_representative", text, "Legal representative", "法定代表人"),
        )

    @hookimpl
    def import_row(self, values: Mapping[str, str]) -> dict[str, str]:
        """Write codes, telephone numbers and capital as they are read best."""
        return {column: _cleaner_of(column)(text) for column, text in values.items()}


def clean_code(text: str) -> str:
    """Return a 统一社会信用代码 that agrees with its check signs, else the text as it is."""
    for attempt in (text, _narrow(text).upper().translate(_LOOK_ALIKES)):
        try:
            return check_uscc(attempt)
        except InvalidValue:
            continue
    return text


def clean_phone(text: str) -> str:
    """Write a telephone number in narrow signs, with plain dashes and single blanks."""
    return _DASHES.sub("-", " ".join(_narrow(text).split()))


def clean_capital(text: str) -> str:
    """Write a capital such as 500万元人民币 as `5000000 CNY`; a bare number stays as it is."""
    found = _CAPITAL.fullmatch("".join(_narrow(text).split()))
    if found is None or not any(found.groups()[1:]):
        return text
    amount, unit, _yuan, currency = (part or "" for part in found.groups())
    whole = Decimal(amount.replace(",", "")) * _UNITS[unit]
    return f"{whole.normalize():f} {_CURRENCIES[currency]}"


def _field(
    key: str, kind: FieldKind, english: str, chinese: str, *, options: tuple[str, ...] = ()
) -> CustomField:
    labels = {"en": english, "zh": chinese}
    return shared_field("customer", key, kind, labels=labels, options=options)


def _cleaner_of(column: str) -> Callable[[str], str]:
    return _CLEANERS.get(search_key(column).strip(), str)


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


_CLEANERS: Final[Mapping[str, Callable[[str], str]]] = {
    **dict.fromkeys(_CODE_COLUMNS.split(), clean_code),
    **dict.fromkeys(_PHONE_COLUMNS.split(), clean_phone),
    **dict.fromkeys(_CAPITAL_COLUMNS.split(), clean_capital),
}
