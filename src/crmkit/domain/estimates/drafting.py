"""The lines that every estimate has: software by parts, days of people, what is bought, upkeep."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crmkit.domain.estimates.costing import Costing
from crmkit.domain.estimates.figures import ASSUMED, EXACT, GIVEN, Factor
from crmkit.domain.estimates.levels import Cloud, Interface
from crmkit.domain.estimates.lines import DAYS, PIECES, POINTS, Draft, LineGroup
from crmkit.domain.estimates.scope_parts import Maintenance, ThirdParty
from crmkit.domain.estimates.three_points import Amount, likeliest
from crmkit.domain.estimates.words import NO_WORDS, Label

DAYS_PER_USER: Final = Decimal("0.08")
DAYS_PER_ROLE: Final = Decimal("0.25")
DAYS_PER_TRAINING: Final = Decimal("1.5")
DAYS_PER_SOURCE: Final = Decimal(1)
DAYS_PER_RECORD: Final = Decimal("0.0001")
DAYS_OF_BACKUP: Final = Decimal(2)
INTERFACE_DAYS: Final = {Interface.BRANDED: Decimal(3), Interface.REDESIGNED: Decimal(10)}
CLOUD_DAYS: Final = {
    Cloud.OWN_SERVER: Decimal(1),
    Cloud.CLOUD: Decimal(2),
    Cloud.SEVERAL: Decimal(5),
}
BIG_DATA_DAYS: Final = Decimal(5)
AVAILABILITY_DAYS: Final = Decimal(3)
SITES_DAYS: Final = Decimal(2)
"""Days of people are assumptions of this library; a vendor's plugin may bring lines of its own."""


def software(costing: Costing) -> Iterator[Draft]:
    """Draft a line for each module and integration."""
    for part in costing.sized.parts:
        yield Draft(
            key=part.key,
            group=LineGroup.SOFTWARE,
            label=part.label,
            included=part.included,
            unit=POINTS,
            quantity_from=part.factors,
            price_from=costing.point_price,
        )


def services(costing: Costing) -> Iterator[Draft]:
    """Draft the days of people."""
    scope = costing.scope
    yield _days(costing, "seats", Label("Set-up of users", "用户开通"), scope.users, DAYS_PER_USER)
    yield _days(
        costing, "roles", Label("Set-up of roles", "角色权限配置"), scope.roles, DAYS_PER_ROLE
    )
    if scope.interface in INTERFACE_DAYS:
        label = Label("Design of the pages", "界面定制")
        yield _days(costing, "interface", label, 1, INTERFACE_DAYS[scope.interface])
    yield from _migration(costing)
    yield _days(costing, "deployment", Label("Deployment", "部署上线"), 1, _deployment(costing))
    label = Label("Training, by the day", "培训（按天）")
    yield _days(costing, "training", label, scope.training, DAYS_PER_TRAINING)


def bought(costing: Costing) -> Iterator[Draft]:
    """Draft what is bought for the client; what is paid yearly counts for the first year."""
    for item in costing.scope.third_party:
        yield _bought(item)


def upkeep(costing: Costing) -> Iterator[Draft]:
    """Draft the upkeep that the scope asks for, by function point and year."""
    wanted = costing.scope.maintenance
    if wanted is None:
        return
    years = Factor(
        name="years",
        label=Label("years", "年数"),
        value=EXACT.plus(likeliest(wanted.years)),
        source=GIVEN,
    )
    yield Draft(
        key="upkeep",
        group=LineGroup.UPKEEP,
        label=Label("Maintenance and support", "运维支持"),
        included=_said(wanted),
        unit=Label("FP x years", "功能点·年"),
        quantity_from=(_whole_size(costing), years),
        price_from=costing.upkeep_price,
        yearly=True,
    )
    if wanted.backup:
        yield Draft(
            key="backup",
            group=LineGroup.UPKEEP,
            label=Label("Backups, checked", "数据备份与恢复演练"),
            unit=DAYS,
            quantity_from=(_assumed_days(DAYS_OF_BACKUP, Label("days a year", "每年人天")), years),
            price_from=costing.day_price,
            yearly=True,
        )


STANDARD_LINES: Final = (software, services, bought, upkeep)


def _days(costing: Costing, key: str, label: Label, count: Amount, days: Decimal) -> Draft:
    counted = Factor(name=key, label=label, value=EXACT.plus(likeliest(count)), source=GIVEN)
    each = _assumed_days(days, Label("days each", "每项人天"))
    return Draft(
        key=key,
        group=LineGroup.SERVICES,
        label=label,
        unit=DAYS,
        quantity_from=(counted, each) if count != 1 else (each,),
        price_from=costing.day_price,
    )


def _assumed_days(days: Decimal, label: Label) -> Factor:
    return Factor(name="days", label=label, value=days, source=ASSUMED)


def _migration(costing: Costing) -> Iterator[Draft]:
    migration = costing.scope.migration
    label = Label("Migration: sources", "数据迁移：来源分析")
    yield _days(costing, "sources", label, migration.sources, DAYS_PER_SOURCE)
    label = Label("Migration: records", "数据迁移：记录清洗导入")
    yield _days(costing, "records", label, migration.records, DAYS_PER_RECORD)


def _deployment(costing: Costing) -> Decimal:
    technology = costing.scope.technology
    return (
        CLOUD_DAYS[technology.cloud]
        + BIG_DATA_DAYS * technology.big_data
        + AVAILABILITY_DAYS * technology.high_availability
        + SITES_DAYS * technology.multi_site
    )


def _bought(item: ThirdParty) -> Draft:
    quantity = Factor(
        name="pieces", label=PIECES, value=EXACT.plus(likeliest(item.quantity)), source=GIVEN
    )
    price = Factor(
        name="price", label=Label("price", "单价"), value=item.price.amount, source=GIVEN
    )
    return Draft(
        key=f"bought:{item.name}",
        group=LineGroup.BOUGHT,
        label=Label(item.name, item.name),
        included=Label("by the year, first year", "按年，首年") if item.yearly else NO_WORDS,
        unit=PIECES,
        quantity_from=(quantity,),
        price_from=(price,),
        yearly=item.yearly,
    )


def _whole_size(costing: Costing) -> Factor:
    return Factor(
        name="size",
        label=Label("function points kept up", "运维功能点"),
        value=costing.sized.points,
        source=GIVEN,
    )


def _said(wanted: Maintenance) -> Label:
    return Label(
        f"updates {wanted.updates}, {wanted.support.replace('_', ' ')}, response "
        f"{wanted.response.replace('_', ' ')}",
        f"更新{_UPDATES[wanted.updates]}，{_SUPPORT[wanted.support]}，"
        f"{wanted.response[7:-1]} 小时内响应",
    )


_UPDATES: Final = {"quarterly": "每季度", "monthly": "每月", "more": "每月多次"}
_SUPPORT: Final = {"remote": "远程支持", "mostly_on_site": "现场为主", "on_site": "驻场"}
