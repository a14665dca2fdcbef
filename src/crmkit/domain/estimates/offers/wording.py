"""The words of an offer in English and Chinese."""

from typing import Final

from crmkit.domain.estimates.words import Label

OFFER: Final = Label("Offer", "项目报价书")
FOR: Final = Label("For", "致")
FROM: Final = Label("From", "报价单位")
NUMBER: Final = Label("No.", "编号")
DATE: Final = Label("Date", "报价日期")
VALID: Final = Label("Valid until", "有效期至")
PRICE: Final = Label("Price with VAT", "含税总价")
CAPITAL: Final = Label("in capitals", "大写")
NET: Final = Label("Net", "不含税")
WORK: Final = Label("Work", "工作量")
DURATION: Final = Label("Duration", "工期")
SCOPE: Final = Label("What you get", "报价明细")
ITEM: Final = Label("Item", "项目")
QUANTITY: Final = Label("Quantity", "数量")
UNIT_PRICE: Final = Label("Unit price", "单价（元）")
AMOUNT: Final = Label("Amount", "金额（元）")
SUBTOTAL: Final = Label("Subtotal", "小计")
TOTAL: Final = Label("Total", "合计")
PLAN: Final = Label("Schedule", "实施计划")
PAYMENTS: Final = Label("Payments", "付款方式")
ASSUMED: Final = Label("What we took for granted", "报价前提")
EXCLUDED: Final = Label("What is not included", "不含内容")
SOURCES: Final = Label("Where the figures come from", "数据来源")
SIGNED: Final = Label("Signature and stamp", "签字盖章")
CLIENT: Final = Label("Client", "甲方")
VENDOR: Final = Label("Vendor", "乙方")
MONTHS: Final = Label("months", "个月")
DAYS: Final = Label("person-days", "人天")
FROM_START: Final = Label("from the start", "自启动起")
ROUNDING: Final = Label(
    "Quantities and unit prices are shown rounded; the amounts add up to the total to the fen.",
    "数量与单价为四舍五入显示；各项金额之和精确到分，等于合计。",
)
"""Why a quantity times its unit price may differ from the amount by a few fen."""
