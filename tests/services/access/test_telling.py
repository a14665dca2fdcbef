"""What is told about records: exports, views, rehearsals, undoing, explanations, the actions."""

from pathlib import Path
from typing import Any

import pytest

from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import PolicyUnsound, Rules
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.rules import FieldLevel, FieldRule, Grant, Restriction, Role, Scope
from crmkit.domain.filters.where import where
from crmkit.domain.sales.deal import Deal
from crmkit.errors import NotFound, NotPermitted, UnknownField
from crmkit.services import parties, sales
from crmkit.services.access import (
    add_user,
    apply_policy,
    current_rules,
    explain,
    look_through,
    preview_policy_change,
    tell_apart,
    who_can,
)
from crmkit.services.exports import export
from crmkit.services.history import history
from crmkit.services.listing import actions, actions_table
from crmkit.services.sales.deals import WIN_DEAL
from crmkit.services.saved_views import open_view, save_view
from crmkit.services.searching import search
from crmkit.services.support.tickets import open_ticket, reply_to_ticket, update_ticket
from crmkit.services.undoing import undo
from tests.services.access.conftest import Company

NEAR = pytest.mark.parametrize("near_url", ["memory"], indirect=True)
EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
NO_AMOUNTS = Rules(
    roles=(Role(name="salesperson"),),
    grants=(
        Grant(
            role="salesperson",
            entity="deal",
            actions=("read", "export", "edit", "restore"),
        ),
        Grant(role="salesperson", entity="saved_view", actions=("read", "create")),
        Grant(role="salesperson", entity="contact", actions=("read", "export"), scope=Scope.ALL),
    ),
    field_rules=(
        FieldRule(role="salesperson", entity="deal", fields=("value",), level=FieldLevel.HIDDEN),
        FieldRule(
            role="salesperson",
            entity="contact",
            fields=("contact_points",),
            level=FieldLevel.MASKED,
        ),
    ),
)


@NEAR
def test_an_export_has_what_may_be_exported(company: Company, tmp_path: Path) -> None:
    """Only records that may be exported, without hidden columns, with masks; or it is refused."""
    target = tmp_path / "deals.csv"
    with pytest.raises(NotPermitted), company.work("li") as work:
        export(work, "deal", target, where={"all": []})
    assert not target.exists()
    with company.work("fang") as work:
        assert export(work, "deal", target, where={"all": []}) == 2
    assert "100.00 CNY" in target.read_text()
    company.apply(NO_AMOUNTS)
    with company.work("li") as work:
        assert export(work, "deal", target, where={"all": []}) == 1
        assert "100.00" not in target.read_text()
        assert "value" not in target.read_text().splitlines()[0]
        assert export(work, "contact", target, where={"all": []}) == 2
        assert "0000" not in target.read_text()
        assert "***" in target.read_text()
        with pytest.raises(UnknownField):
            export(work, "deal", target, where={"field": "value", "op": "is_none", "value": None})


@NEAR
def test_a_view_is_saved_and_opened_as_far_as_its_reader_sees(company: Company) -> None:
    """Hidden fields are refused when it is saved, and when one who may not ask opens it."""
    deal = where(Deal)
    with company.as_program() as work:
        rich = save_view(work, Deal, "rich", where=~deal.value.is_none())
        plain = save_view(work, Deal, "plain", order=["name"])
        work.saved_views.save_many(
            view.evolve(owner_id=company.people["li"].id) for view in (rich, plain)
        )
    company.apply(NO_AMOUNTS)
    with company.work("li") as work:
        opened = open_view(work, plain.id)
        assert "value" not in {column.path.name for column in opened.columns}
        assert len(list(opened.rows())) == 1
        hidden: list[dict[str, Any]] = [
            {"where": ~deal.value.is_none()},
            {"order": ["-value"]},
            {"columns": ["value"]},
        ]
        for at, parts in enumerate(hidden):
            with pytest.raises(UnknownField):
                save_view(work, Deal, f"mine {at}", **parts)
    with pytest.raises(UnknownField), company.work("li") as work:
        open_view(work, rich.id)


@NEAR
def test_undoing_takes_back_what_may_be_changed(company: Company) -> None:
    """A record that is not seen is not spoken of; a hidden field is not taken back."""
    with company.as_program() as work:
        for name in ("li", "zhao"):
            sales.move_deal(work, company.deals[name].id, to="proposal")
        moved = work.changeset_id
    with company.as_program() as work:
        deal = work.deals.get(company.deals["li"].id)
        work.deals.save(deal.evolve(value=None))
        emptied = work.changeset_id
    company.apply(NO_AMOUNTS)
    with company.work("li") as work:
        done = undo(work, moved)
        assert [one.record_id for one in done.undone] == [company.deals["li"].id]
        assert done.kept == ()
    with pytest.raises(NotPermitted), company.work("li") as work:
        undo(work, emptied)


@NEAR
def test_history_tells_no_hidden_value(company: Company) -> None:
    """A change of a hidden field alone is not told; of several, the others are."""
    with company.as_program() as work:
        deal = work.deals.get(company.deals["li"].id)
        deal = work.deals.save(deal.evolve(value=None))
        work.deals.save(deal.evolve(name="renamed", value=company.deals["zhao"].value))
    company.apply(NO_AMOUNTS)
    with company.work("li") as work:
        told = history(work, company.deals["li"])
        assert [change.record_version for change in told] == [1, 3]
        assert all("value" not in change.after for change in told)


@EVERYWHERE
def test_search_finds_by_what_may_be_asked_for(company: Company) -> None:
    """Who does not see phone numbers does not find by them, and still finds by name."""
    number = "13800001234"
    with company.work("root") as work:
        assert len(search(work, number)) == 2
    with company.work("mei") as work:
        assert search(work, number) == []
        assert len(search(work, "联系人")) == 2


@EVERYWHERE
def test_an_explanation_names_the_rules(company: Company) -> None:
    """What decides, what is missing, and nothing of the record."""
    deal, people = company.deals["zhao"], company.people
    with company.work("root") as work:
        allowed = explain(work, people["zhao"], WIN_DEAL, deal)
        assert allowed.allowed
        assert [reason.rule.scope for reason in allowed.deciding] == [Scope.OWN]
        denied = explain(work, people["li"], WIN_DEAL, deal)
        assert not denied.allowed
        assert [reason.rule.scope for reason in denied.missing] == [Scope.OWN]
        assert "deal of zhao" not in repr(denied)
        assert [user.name for user in who_can(work, WIN_DEAL, deal)] == ["root", "zhao"]
        assert denied.policy_version == 1
    with pytest.raises(NotPermitted), company.work("li") as work:
        explain(work, people["li"], WIN_DEAL, deal)
    barred = Restriction(entity="deal", actions=("deal:win",))
    company.apply(STANDARD + Rules(restrictions=(barred,)))
    with company.work("root") as work:
        told = explain(work, people["zhao"], WIN_DEAL, deal)
        assert [reason.rule for reason in told.deciding] == [barred]


@EVERYWHERE
def test_a_preview_names_who_gains_and_loses_what(company: Company) -> None:
    """Exactly the records by which the lists of before and after differ."""
    wider = Rules(
        grants=(Grant(role="salesperson", entity="deal", actions=("read",), scope=Scope.ALL),)
    )
    with company.as_program() as work:
        impacts = list(preview_policy_change(work, STANDARD + wider, ["deal", "customer"]))
    found = {impact.user_id: impact for impact in impacts}
    li, zhao = company.people["li"], company.people["zhao"]
    assert found.keys() == {li.id, zhao.id}
    assert found[li.id].gained == (company.deals["zhao"].id,)
    assert found[li.id].lost == ()
    assert (found[li.id].entity, found[li.id].right) == ("deal", Right.READ)


@NEAR
def test_rules_are_compared_and_applied_whole(company: Company) -> None:
    """A difference names what comes and goes; an unsound policy is refused with its faults."""
    extra = Rules(restrictions=(Restriction(entity="deal", actions=("export",)),))
    with company.as_program() as work:
        difference = tell_apart(current_rules(work), STANDARD + extra)
        assert (difference.added, difference.removed) == (extra.restrictions, ())
        wrong = Rules(grants=(Grant(role="nobody", entity="deal", actions=("read",)),))
        assert look_through(work, wrong)
    with pytest.raises(PolicyUnsound) as caught, company.as_program() as work:
        apply_policy(work, wrong)
    assert caught.value.path == "grants[0]"
    with pytest.raises(NotPermitted), company.work("wang") as work:
        apply_policy(work, STANDARD)
    with company.work("root") as work:
        assert apply_policy(work, STANDARD + extra).version == 2


@NEAR
def test_a_user_of_another_tenant_is_nobody(company: Company) -> None:
    """A tenant's policy knows its own users only."""
    with company.free.work(by="setup", tenant="other") as work:
        apply_policy(work, STANDARD)
        kept = parties.register_customer(work, "theirs")
    with company.guarded.work(by=str(company.people["root"].id), tenant="other") as work:
        assert work.customers.count() == 0
        with pytest.raises(NotFound):
            work.customers.get(kept.id)


def test_every_action_can_be_named_to_people() -> None:
    """In English and Chinese, once each, by a noun and a verb."""
    found = actions()
    assert len(found) > 40
    for action in found:
        assert action.name.count(":") == 1
        assert action.summary
        assert any("一" <= sign <= "鿿" for sign in action.zh), action.name
        assert f"`{action.name}`" in actions_table()


@NEAR
def test_a_support_agent_works_with_tickets_and_a_salesperson_does_not(company: Company) -> None:
    """The ready role opens, answers and moves tickets; others do not even see them."""
    with company.as_program() as work:
        chen = add_user(work, "chen", roles=("support",))
    with company.guarded.work(by=str(chen.id), tenant="acme") as work:
        ticket = open_ticket(work, "打印机坏了", customer_id=company.customers["li"].id)
        ticket = reply_to_ticket(work, ticket.id)
        update_ticket(work, ticket.id, subject="打印机")
    with company.work("li") as work:
        assert work.tickets.count() == 0
        with pytest.raises(NotPermitted):
            open_ticket(work, "x")
