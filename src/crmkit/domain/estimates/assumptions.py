"""What an estimate takes for granted, what it leaves out, and how long it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import attrs

from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.words import Label

if TYPE_CHECKING:
    from crmkit.domain.estimates.estimate import Estimate

VALID_DAYS: Final = 30

_DEFAULTS: Final = {
    "users": Label("users: 15", "用户数：15"),
    "roles": Label("roles: 3", "角色数：3"),
    "permissions": Label("permissions by role", "权限按角色划分"),
    "integrations": Label("no link with other systems", "不与其他系统集成"),
    "interface": Label("pages as they are in the product", "界面沿用标准产品"),
    "process": Label("processes as they are in the product", "流程沿用标准产品"),
    "technology": Label(
        "one server of the client, no special demands on speed and availability",
        "部署在客户单台服务器，无特殊性能与可用性要求",
    ),
    "migration": Label("no old records to bring over", "无历史数据迁移"),
    "training": Label("one day of training", "培训一天"),
    "maintenance": Label("no paid maintenance; one year of warranty", "不含付费运维，质保一年"),
    "stage": Label(
        "written for a bid: the scope still grows by 21 %", "招投标阶段：规模预计增长 21%"
    ),
    "application": Label("business application", "业务处理类应用"),
    "integrity": Label("no proof of integrity asked for", "无特殊完整性要求"),
}
EXCLUSIONS: Final = (
    Label("hardware, networks and licences that are not listed", "未列出的硬件、网络与第三方许可"),
    Label("cleaning of old records beyond what is counted", "超出约定数量的历史数据清洗"),
    Label(
        "changes of scope after the contract; they are priced by function point",
        "合同签订后的需求变更，按功能点另行计价",
    ),
    Label("travel outside the city", "异地差旅"),
    Label(
        "source code and copyright, unless the contract says so", "源代码与著作权，合同另有约定除外"
    ),
)


def assumptions(estimate: "Estimate") -> tuple[Label, ...]:
    """Tell the defaults that the scope left standing, and what profile and library assume."""
    return (*_defaults(estimate.scope), *_of_profile(estimate), *_of_lines(estimate))


def _defaults(scope: Scope) -> Iterator[Label]:
    for field in attrs.fields(Scope):
        told = _DEFAULTS.get(field.name)
        factory = getattr(field.default, "factory", None)
        default = factory() if factory else field.default
        if told and getattr(scope, field.name) == default:
            yield told


def _of_profile(estimate: "Estimate") -> Iterator[Label]:
    profile = estimate.profile
    hours = profile.hours_per_point(estimate.scope.industry)
    yield Label(
        f"{hours.value} hours per function point ({hours.cited()})",
        f"每功能点 {hours.value} 人时（{hours.cited()}）",
    )
    if profile.locality != 1:
        why = profile.locality_why
        yield Label(
            f"rates of {estimate.city.en} x {profile.locality}" + (f": {why.en}" * bool(why.en)),
            f"按{estimate.city.zh}费率的 {profile.locality} 倍" + (f"：{why.zh}" * bool(why.zh)),
        )


def _of_lines(estimate: "Estimate") -> Iterator[Label]:
    days = [
        (line.label, factor.value)
        for line in estimate.lines
        for factor in line.factors
        if factor.name == "days" and factor.assumed
    ]
    if days:
        yield Label(
            "person-days each: " + ", ".join(f"{label.en} {value}" for label, value in days),
            "每项人天：" + "、".join(f"{label.zh} {value}" for label, value in days),
        )
    if any(line.key.startswith("module:") and line.assumed for line in estimate.lines):
        yield Label(
            "function points of the modules were counted by the authors of crmkit",
            "各模块功能点由 crmkit 作者计数",
        )
