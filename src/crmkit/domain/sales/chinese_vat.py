"""Chinese value-added tax (增值税) as dated data: kinds, percentages, and where they are set."""

from datetime import date
from decimal import Decimal
from typing import Final

from crmkit.domain.sales.tax_rate import TaxRule

_LABELS: Final = {
    "goods": {
        "en": "Goods, processing, leasing of goods",
        "zh": "货物、加工修理修配、有形动产租赁",
    },
    "basics": {
        "en": "Transport, building, property, farm goods",
        "zh": "交通运输、建筑、不动产、农产品",
    },
    "services": {"en": "Services and intangible assets", "zh": "现代服务、无形资产"},
    "small_scale": {"en": "Small-scale taxpayer", "zh": "小规模纳税人征收率"},
    "small_scale_reduced": {"en": "Small-scale taxpayer, reduced", "zh": "小规模纳税人减征"},
    "export": {"en": "Export", "zh": "出口货物及跨境服务"},
    "exempt": {"en": "Exempt", "zh": "免税"},
}
_SOURCES: Final = {
    "1994": "增值税暂行条例",
    "2008": "国务院令第538号",
    "2016": "财税〔2016〕36号",
    "2017": "财税〔2017〕37号",
    "2018": "财税〔2018〕32号",
    "2019": "财政部 税务总局 海关总署公告2019年第39号",
    "2020": "财政部 税务总局公告2020年第13号",
    "2022": "财政部 税务总局公告2022年第15号",
    "2023": "财政部 税务总局公告2023年第1号、第19号",
}


def _rule(kind: str, percent: int, since: str, until: str | None, source: str) -> TaxRule:
    return TaxRule(
        kind=kind,
        percent=Decimal(percent),
        valid_from=date.fromisoformat(since),
        valid_to=None if until is None else date.fromisoformat(until),
        labels=_LABELS[kind],
        basis=_SOURCES[source],
    )


CHINESE_VAT: Final = (
    _rule("goods", 17, "1994-01-01", "2018-04-30", "1994"),
    _rule("goods", 16, "2018-05-01", "2019-03-31", "2018"),
    _rule("goods", 13, "2019-04-01", None, "2019"),
    _rule("basics", 11, "2017-07-01", "2018-04-30", "2017"),
    _rule("basics", 10, "2018-05-01", "2019-03-31", "2018"),
    _rule("basics", 9, "2019-04-01", None, "2019"),
    _rule("services", 6, "2016-05-01", None, "2016"),
    _rule("small_scale", 3, "2009-01-01", None, "2008"),
    _rule("small_scale_reduced", 1, "2020-03-01", "2022-03-31", "2020"),
    _rule("small_scale_reduced", 0, "2022-04-01", "2022-12-31", "2022"),
    _rule("small_scale_reduced", 1, "2023-01-01", "2027-12-31", "2023"),
    _rule("export", 0, "1994-01-01", None, "1994"),
    _rule("exempt", 0, "1994-01-01", None, "1994"),
)
"""The rates in force and those before them; a tenant may load these, others, or both.

Farm goods were taxed at 13 % until June 2017, transport, building and property at 11 % since May
2016: `basics` begins where they became one.
"""
