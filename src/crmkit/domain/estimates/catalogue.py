"""The modules of a CRM and the functions that each counts."""

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from crmkit.domain.estimates.figures import ASSUMED
from crmkit.domain.estimates.sizes import FunctionCount
from crmkit.domain.estimates.words import NO_WORDS, Label
from crmkit.errors import InvalidSettings, InvalidValue


@attrs.frozen(kw_only=True)
class ModuleKind:
    """One module that a scope may name; `follows_process` says whether processes shape it."""

    name: str
    label: Label
    functions: FunctionCount
    follows_process: bool = False
    included: Label = NO_WORDS
    source: str = ASSUMED


class Catalogue:
    """Modules by name; one name means one module."""

    def __init__(self, kinds: Iterable[ModuleKind]) -> None:
        """Take the modules, and refuse two of one name."""
        self._kinds: dict[str, ModuleKind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise InvalidSettings(
                    "two modules have this name",
                    path=f"catalogue.{kind.name}",
                    fix="give one of them another name",
                )
            self._kinds[kind.name] = kind
        self._places = {name: at for at, name in enumerate(self._kinds)}

    def __iter__(self) -> Iterator[ModuleKind]:
        """Give the modules in the order in which they were listed."""
        return iter(self._kinds.values())

    def place(self, kind: ModuleKind) -> int:
        """Return where a module stands in the list."""
        return self._places[kind.name]

    def kind(self, name: str) -> ModuleKind:
        """Return the module of a name, or raise with those there are."""
        if name in self._kinds:
            return self._kinds[name]
        raise InvalidValue(
            "there is no such module in the catalogue",
            path=f"scope.modules.{name}",
            fix=f"one of {', '.join(self._kinds)}",
        )


def _kind(
    name: str, en: str, zh: str, functions: str, included: tuple[str, str], *, process: bool = False
) -> ModuleKind:
    counts = FunctionCount(*map(int, functions.split(",")))
    return ModuleKind(
        name=name,
        label=Label(en, zh),
        functions=counts,
        follows_process=process,
        included=Label(*included),
    )


CRM_MODULES: Final = (
    _kind(
        "customers",
        "Customers",
        "客户管理",
        "1,0,3,1,2",
        ("records, search, duplicates, import and export", "客户档案、查询、查重、导入导出"),
    ),
    _kind(
        "contacts",
        "Contacts",
        "联系人管理",
        "1,0,3,0,2",
        ("persons, their ties to customers, contact history", "联系人、任职关系、联系记录"),
    ),
    _kind(
        "reports",
        "Basic reports",
        "基础报表",
        "0,0,0,2,0",
        ("two lists with totals", "两张汇总报表"),
    ),
    _kind(
        "pipeline",
        "Sales pipeline",
        "销售过程管理",
        "2,0,7,2,4",
        ("leads, deals, stages, follow-ups, forecast", "线索、商机、阶段、跟进、预测"),
        process=True,
    ),
    _kind(
        "quotes",
        "Quotes and orders",
        "报价与订单",
        "4,0,11,3,6",
        ("products, prices, quotes, orders, payments", "产品、价格、报价、订单、回款"),
        process=True,
    ),
    _kind(
        "marketing",
        "Marketing",
        "市场营销",
        "2,0,6,2,3",
        ("campaigns, lists, messages, results", "活动、名单、群发、效果"),
    ),
    _kind(
        "marketing_automation",
        "Marketing automation",
        "营销自动化",
        "2,0,5,3,2",
        ("journeys, triggers, scoring", "自动化旅程、触发、评分"),
        process=True,
    ),
    _kind(
        "service",
        "Customer service",
        "客户服务",
        "4,0,12,4,6",
        ("tickets, complaints, service levels, visits", "工单、投诉、服务级别、回访"),
        process=True,
    ),
    _kind(
        "analytics",
        "Analytics",
        "数据分析",
        "2,0,3,14,6",
        ("dashboards, funnels, forecasts, own reports", "看板、漏斗、预测、自定义报表"),
    ),
    _kind(
        "workflow",
        "Workflow and approvals",
        "流程与审批",
        "2,0,6,1,3",
        ("approval flows, rules, reminders", "审批流、规则、提醒"),
        process=True,
    ),
    _kind(
        "mobile",
        "Mobile",
        "移动端",
        "0,0,6,0,8",
        ("the daily screens on phones", "手机上的常用页面"),
    ),
)
FOUNDATION: Final = _kind(
    "foundation",
    "Users, roles and settings",
    "用户、角色与系统设置",
    "2,0,6,0,3",
    ("accounts, roles, permissions, settings", "账号、角色、权限、系统设置"),
)
"""What every CRM needs, whatever is named in the scope."""

UNIT_PERMISSIONS: Final = FunctionCount(ei=3, eq=1)
FIELD_PERMISSIONS: Final = FunctionCount(ilf=1, ei=4, eq=2)
"""Functions that finer permissions add to the foundation."""

CRM_CATALOGUE: Final = Catalogue(CRM_MODULES)
