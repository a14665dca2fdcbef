"""The benchmark CSBMK-202510 (中国软件行业基准数据 2025), transcribed with its page numbers.

Whoever quotes it names the source. The figures were taken from two independent transcriptions
that agree in every number they share; the scale factors of the stages are those of its earlier
editions, as both carry them on.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from crmkit.domain.estimates.figures import EXACT, Factor, Quantiles
from crmkit.domain.estimates.standards.standard import CityRate, Standard
from crmkit.domain.estimates.words import Label

NAME: Final = "CSBMK-202510"
_CITY_PAGES: Final = "13-15"
_CITIES: Final = """
北京 Beijing 32198 26335 A
天津 Tianjin 24641 19374 C
上海 Shanghai 31309 25262 A
重庆 Chongqing 23849 19632 C
石家庄 Shijiazhuang 20410 16507 D
太原 Taiyuan 22920 18860 C
呼和浩特 Hohhot 19883 16311 E
西安 Xian 25415 21041 B
成都 Chengdu 26112 20966 B
昆明 Kunming 23635 19214 C
武汉 Wuhan 23806 19167 C
长沙 Changsha 23292 18934 C
合肥 Hefei 24881 20596 C
长春 Changchun 20954 16474 D
沈阳 Shenyang 22752 18621 C
大连 Dalian 23216 18817 C
哈尔滨 Harbin 22614 18341 C
济南 Jinan 23339 18566 C
青岛 Qingdao 24085 19541 C
郑州 Zhengzhou 21836 18317 D
南京 Nanjing 27795 22048 B
苏州 Suzhou 27471 22257 B
杭州 Hangzhou 28813 23717 B
宁波 Ningbo 26241 21810 B
福州 Fuzhou 26586 21988 B
厦门 Xiamen 26823 22051 B
广州 Guangzhou 27748 22550 B
深圳 Shenzhen 32122 26666 A
南昌 Nanchang 23296 18003 C
南宁 Nanning 22659 18843 C
海口 Haikou 22963 18822 C
兰州 Lanzhou 20923 16834 D
贵阳 Guiyang 23155 19224 C
银川 Yinchuan 19234 15627 E
乌鲁木齐 Urumqi 20495 16294 D
拉萨 Lhasa 23919 19217 C
西宁 Xining 20746 16774 D
"""
"""City, pinyin, yuan per person-month of building and of upkeep, grade."""


def _quantiles(text: str, page: str) -> Quantiles:
    p10, p25, p50, p75, p90 = map(Decimal, text.split())
    return Quantiles((p10, p25, p50, p75, p90), page)


def _cities() -> dict[str, CityRate]:
    rows = (line.split() for line in _CITIES.strip().splitlines())
    return {
        zh: CityRate(
            name=Label(en, zh),
            build=Decimal(build),
            upkeep=Decimal(upkeep),
            grade=grade,
            page=_CITY_PAGES,
        )
        for zh, en, build, upkeep, grade in rows
    }


def _table(name: str, label: Label, page: str, **rows: str) -> dict[str, Factor]:
    return {
        row: Factor(name=name, label=label, value=Decimal(value), source=NAME, page=page)
        for row, value in rows.items()
    }


_THIRD: Final = EXACT.divide(Decimal(1), Decimal(3))
_UPKEEP_PAGES: Final = "27-29"
_FIT: Final = Label("reuse (how well the product fits)", "复用程度调整")
_PHASES: Final[Mapping[str, tuple[Label, str]]] = {
    "requirements": (Label("requirements", "需求"), "0.1425"),
    "design": (Label("design", "设计"), "0.1238"),
    "construction": (Label("construction", "构建"), "0.3956"),
    "testing": (Label("testing", "测试"), "0.2301"),
    "rollout": (Label("rollout", "实施"), "0.1080"),
}
_STAGES: Final = "CSBMK, earlier editions (haidsoft.com/157382.html)"

CSBMK_202510: Final = Standard(
    name=NAME,
    title=Label("China Software Benchmark 2025", "中国软件行业基准数据 2025"),
    published=date(2025, 10, 1),
    hours_per_month=Decimal(174),
    days_per_month=Decimal("21.75"),
    build_hours={
        "all": _quantiles("2.20 3.77 6.72 12.28 17.35", "9"),
        "government": _quantiles("2.04 2.87 6.41 10.99 15.36", "9"),
        "finance": _quantiles("3.08 5.09 10.46 15.69 27.15", "9"),
        "telecom": _quantiles("2.36 4.57 9.98 16.37 27.68", "9"),
        "manufacturing": _quantiles("2.08 3.31 7.69 15.93 23.78", "9"),
        "energy": _quantiles("2.15 3.79 7.30 17.42 22.13", "9"),
        "transport": _quantiles("2.03 3.07 6.86 15.57 21.55", "9"),
    },
    upkeep_hours={"all": _quantiles("0.21 0.44 0.74 1.43 2.07", "10")},
    upkeep_share=_quantiles("0.0226 0.0517 0.0902 0.1448 0.2553", "16"),
    cities=_cities(),
    phases={
        name: Factor(name=name, label=label, value=Decimal(share), source=NAME, page="12")
        for name, (label, share) in _PHASES.items()
    },
    choices={
        "stage": {
            row: Factor(
                name="stage",
                label=Label("growth of the scope until the end", "规模变更调整"),
                value=Decimal(value),
                source=_STAGES,
            )
            for row, value in (
                ("budget", "1.39"),
                ("bid", "1.21"),
                ("specified", "1.10"),
                ("delivered", "1.00"),
            )
        },
        "change": _table(
            "change",
            Label("kind of change", "变更类型"),
            "25",
            add="1.0",
            modify="0.8",
            delete="0.2",
        ),
        "fit": {
            row: Factor(name="fit", label=_FIT, value=share, source=NAME, page="25")
            for row, share in (
                ("standard", _THIRD),
                ("adapted", EXACT.add(_THIRD, _THIRD)),
                ("new", Decimal(1)),
            )
        },
        "application": _table(
            "application",
            Label("kind of application", "应用类型"),
            "25",
            business="1.0",
            science="1.2",
            multimedia="1.3",
            intelligence="1.5",
            platform="1.7",
            communication="1.9",
            control="2.0",
        ),
        "integrity": _table(
            "integrity",
            Label("integrity level", "完整性级别"),
            "26",
            normal="1.0",
            high="1.1",
            full="1.3",
        ),
        "platform": _table(
            "platform",
            Label("development platform", "开发平台"),
            "26",
            c="1.2",
            java="1.0",
            rapid="0.8",
        ),
        "team": _table(
            "team",
            Label("experience of the team", "团队背景"),
            "27",
            same_industry="0.8",
            related="1.0",
            none="1.2",
        ),
        "upkeep_team": _table(
            "upkeep_team",
            Label("experience of the team, in upkeep", "团队背景（运维）"),
            _UPKEEP_PAGES,
            same_industry="0.80",
            related="1.00",
            none="1.20",
        ),
        "update": _table(
            "update",
            Label("how often updates come", "更新频率"),
            _UPKEEP_PAGES,
            quarterly="0.78",
            monthly="1.00",
            more="1.12",
        ),
        "support": _table(
            "support",
            Label("support on site", "支持方式"),
            _UPKEEP_PAGES,
            remote="0.90",
            mostly_on_site="1.00",
            on_site="1.20",
        ),
        "response": _table(
            "response",
            Label("time to respond", "响应时间"),
            _UPKEEP_PAGES,
            within_72h="0.90",
            within_48h="1.00",
            within_24h="1.10",
        ),
        "users": _table(
            "users_of_upkeep",
            Label("number of users, in upkeep", "用户规模（运维）"),
            _UPKEEP_PAGES,
            up_to_1000="0.93",
            up_to_10000="1.00",
            more="1.12",
        ),
        "linked": _table(
            "linked_systems",
            Label("linked systems, in upkeep", "关联系统（运维）"),
            _UPKEEP_PAGES,
            none="0.97",
            some="1.00",
            many="1.14",
        ),
        "deployment": _table(
            "deployment",
            Label("central or spread, in upkeep", "部署方式（运维）"),
            _UPKEEP_PAGES,
            central="1.00",
            spread="1.06",
        ),
    },
)
