"""Chinese capital amounts (人民币大写), as cheques, contracts and invoices demand them."""

from typing import Final

from crmkit.domain.money import Money
from crmkit.errors import InvalidValue

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_STEPS: Final = ((10**8, "亿"), (10**4, "万"), (1000, "仟"), (100, "佰"), (10, "拾"))


def capital_cny(money: Money) -> str:
    """Write yuan in capital characters: 98000.50 is 玖万捌仟元零伍角.

    Follows 《正确填写票据和结算凭证的基本规定》 of 中国人民银行: 整 after 元, none after 角 and 分;
    one 零 for any zeros between digits, also where the yuan end in zero and 角 follow. An amount
    below zero begins with 负.
    """
    if money.currency != "CNY":
        raise InvalidValue(
            f"capital amounts are for CNY, not {money.currency}",
            path="currency",
            fix="convert it first",
        )
    yuan, cents = divmod(abs(money.minor), 100)
    written = (_whole(yuan) + "元" if yuan else "") + _part(yuan, cents)
    return ("负" if money.minor < 0 else "") + (written if money else "零元整")


def _whole(number: int) -> str:
    for size, unit in _STEPS:
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return _whole(high) + unit + gap + (_whole(low) if low else "")
    return _DIGITS[number]


def _part(yuan: int, cents: int) -> str:
    if not cents:
        return "整"
    tenths, hundredths = divmod(cents, 10)
    gap = "零" if yuan and (not tenths or yuan % 10 == 0) else ""
    return (
        gap
        + (_DIGITS[tenths] + "角" if tenths else "")
        + (_DIGITS[hundredths] + "分" if hundredths else "")
    )
