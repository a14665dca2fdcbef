"""Pointers: functions that pick out of the stock of an aim what a service is to be called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.parties.turns import Turn
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.product import Component
from crmkit.domain.sales.share_link import sign_share_link
from crmkit.domain.support.complaint_stages import ComplaintStage
from crmkit.domain.support.mail.marks import Marks
from tests.access.aim import Aim

SECRET_KEY: Final = b"s" * 32


def of(entity: str, **fields: Any) -> Callable[[Aim], Any]:
    """Aim at the id of the first record in stock with these values."""

    def find(aim: Aim) -> Any:
        return aim.first(entity, **fields).id

    return find


def named(ending: str, entity: str, field: str = "name") -> Callable[[Aim], Any]:
    """Aim at the id of the record whose name ends so."""

    def find(aim: Aim) -> Any:
        return aim.first(entity, **{field: f"{aim.word_of_stock} {ending}"}).id

    return find


def record(entity: str) -> Callable[[Aim], Any]:
    """Aim at the record itself."""

    def find(aim: Aim) -> Any:
        return aim.record(entity)

    return find


def second(entity: str) -> Callable[[Aim], Any]:
    """Aim at the id of another record than the usual one."""

    def find(aim: Aim) -> Any:
        others = [one for one in aim.stock[entity] if one.id != aim.record(entity).id]
        return others[0].id

    return find


def of_code(entity: str) -> Callable[[Aim], Any]:
    """Aim at the id of the record that bears the code of the stock as its name."""

    def find(aim: Aim) -> Any:
        return aim.first(entity, name=aim.code).id

    return find


def record_of(entity: str, ending: str) -> Callable[[Aim], Any]:
    """Aim at the record whose name ends so."""

    def find(aim: Aim) -> Any:
        return aim.first(entity, name=f"{aim.word_of_stock}{ending}")

    return find


def is_asked(aim: Aim) -> Any:
    """Aim at the response of somebody who was asked."""
    return next(one.id for one in aim.stock["survey_response"] if one.asked_at is not None)


def code(aim: Aim) -> str:
    """Give the code by which records of the stock are asked for."""
    return aim.code


def other(aim: Aim) -> Any:
    """Name the other of the two people."""
    return aim.other.id


def me(aim: Aim) -> Any:
    """Name the user who is aimed at."""
    return aim.record("user").id


def marks(aim: Aim) -> Marks:
    """Make the marks of the tenant."""
    return Marks(secret=SECRET_KEY, tenant=aim.tenant)


def nodes(aim: Aim) -> tuple[Node, ...]:
    """Ask one user."""
    return (Node(name="any", approvers=(Approvers.users(aim.record("user").id),)),)


def turns(aim: Aim) -> tuple[Turn, ...]:
    """Let one user take turns."""
    return (Turn(user_id=aim.record("user").id),)


def third(aim: Aim) -> Any:
    """Name somebody who is neither of the two."""
    return aim.third.id


def old_deals(aim: Aim) -> list[Deal]:
    """Make a deal that another system has won."""
    return [Deal(id=DealId(uuid4()), name="old", stage="new", owner_id=aim.record("user").id)]


def components(aim: Aim) -> tuple[Component, ...]:
    """Put another product into a bundle."""
    return (Component(product_id=second("product")(aim)),)


def _version_of(name: str) -> Callable[[Aim], Any]:
    def find(aim: Aim) -> Any:
        return aim.first("quote_version", words=f"{aim.word_of_stock} {name}").id

    return find


sent, accepted, guarded = map(_version_of, ("sent", "accepted", "guarded"))
order = named("open", "order")


def allocation(aim: Aim) -> Any:
    """Aim at the id of an entry that allocates money."""
    entries = aim.stock["receivable_entry"]
    return next(one.id for one in entries if one.receipt_id and one.amount.minor < 0)


def other_ticket(aim: Aim) -> Any:
    """Aim at another ticket than the usual one."""
    return aim.record("ticket").replaced(id=second("ticket")(aim))


def link(aim: Aim) -> str:
    """Sign a link to the version that was sent."""
    version = sent(aim)
    until = datetime(2099, 1, 1, tzinfo=UTC)
    return sign_share_link(version, until=until, tenant=aim.tenant, secret=SECRET_KEY)


def flow(suffix: str = "") -> Callable[[Aim], str]:
    """Give the code of a flow."""

    def find(aim: Aim) -> str:
        return f"{aim.code}{suffix}"

    return find


def at(stage: ComplaintStage) -> Mapping[str, Any]:
    """Aim at a complaint at a stage."""
    return {"complaint_id": of("complaint", stage=stage)}
