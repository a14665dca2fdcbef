"""The words on a printed quote, in Chinese and English."""

from collections.abc import Mapping
from typing import Final

from crmkit.errors import InvalidValue

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "title": "报价单",
        "number": "编号",
        "version": "版本",
        "dated": "报价日期",
        "valid": "有效期至",
        "seller": "供方",
        "buyer": "需方",
        "position": "序号",
        "item": "名称及说明",
        "quantity": "数量",
        "unit": "单位",
        "price": "单价",
        "price_with_tax": "含税单价",
        "off": "优惠",
        "tax": "税率",
        "net": "金额",
        "gross": "含税金额",
        "optional": "可选，未计入合计",
        "chosen": "可选，已选",
        "subtotal": "小计",
        "amount": "原价合计",
        "discount": "优惠合计",
        "net_total": "不含税金额",
        "vat": "增值税 {percent}",
        "vat_base": "（税基 {net}）",
        "total": "价税合计",
        "capital": "大写金额",
        "terms": "说明",
        "bank": "收款账户",
        "seller_signs": "供方（盖章）",
        "buyer_signs": "需方（盖章）",
        "date": "日期",
        "draft": "草稿",
        "unapproved": "待批准",
        "superseded": "已更新",
        "closed": "已失效",
        "page": "第 {page} 页 / 共 {pages} 页",
        "checksum": "内容校验",
    },
    "en": {
        "title": "Quotation",
        "number": "No.",
        "version": "Version",
        "dated": "Date",
        "valid": "Valid until",
        "seller": "Seller",
        "buyer": "Buyer",
        "position": "#",
        "item": "Item",
        "quantity": "Quantity",
        "unit": "Unit",
        "price": "Unit price",
        "price_with_tax": "Unit price incl. VAT",
        "off": "Discount",
        "tax": "VAT",
        "net": "Amount",
        "gross": "Amount incl. VAT",
        "optional": "optional, not in the total",
        "chosen": "optional, chosen",
        "subtotal": "Subtotal",
        "amount": "Before discounts",
        "discount": "Discounts",
        "net_total": "Net amount",
        "vat": "VAT {percent}",
        "vat_base": " on {net}",
        "total": "Total",
        "capital": "In words",
        "terms": "Terms",
        "bank": "Payment to",
        "seller_signs": "For the seller",
        "buyer_signs": "For the buyer",
        "date": "Date",
        "draft": "Draft",
        "unapproved": "Awaiting approval",
        "superseded": "Superseded",
        "closed": "No longer valid",
        "page": "Page {page} of {pages}",
        "checksum": "Content checksum",
    },
}


_UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "台": "unit",
        "套": "set",
        "个": "pc",
        "件": "pc",
        "次": "time",
        "车次": "trip",
        "米": "m",
        "吨": "t",
        "公斤": "kg",
        "小时": "hour",
        "人天": "person-day",
        "人月": "person-month",
        "年": "year",
    },
}


def unit_in(language: str, unit: str) -> str:
    """Return a unit in a language, as it is when it is not known there."""
    return _UNITS.get(language, {}).get(unit, unit)


def words_in(language: str) -> Mapping[str, str]:
    """Return the words of a language, or raise `InvalidValue` with those there are."""
    found = WORDS.get(language)
    if found is None:
        raise InvalidValue(
            f"no quote is printed in {language!r}",
            path="language",
            fix=f"one of {', '.join(WORDS)}",
        )
    return found
