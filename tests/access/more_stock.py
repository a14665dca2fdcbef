"""More stock: what people do with each other, and records in each state that a service asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

import attrs

from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.access.unit import Unit, UnitId
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.flow import Gate
from crmkit.domain.approvals.node import Node, WhenNobody, WhenOwn
from crmkit.domain.approvals.people import Approvers
from crmkit.domain.chances.trained import Weight
from crmkit.domain.commission.plan import Tier
from crmkit.domain.commission.row import Row, RowId, RowKind
from crmkit.domain.money import Money
from crmkit.domain.parties.scorecard import ScoreRule
from crmkit.domain.parties.turns import Turn
from crmkit.domain.sales.contract_terms import ContractTerms, Renewal
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.order_line import AgreedLine
from crmkit.domain.sales.payment_plan import Part
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.stage import ForecastCategory
from crmkit.domain.span import Span
from crmkit.domain.subscriptions.billing import Terms
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_events import ComplaintId
from crmkit.domain.support.complaint_parts import Decision, ReceivedVia
from crmkit.domain.support.complaint_stages import ComplaintStage
from crmkit.domain.support.corrections import CorrectiveAction
from crmkit.domain.support.remedies import Remedy, RemedyKind
from crmkit.domain.support.scores import SurveyKind
from crmkit.services import approvals, leads, parties, sales
from crmkit.services.commission import paying, payouts
from crmkit.services.forecasts import quotas, snapshots
from crmkit.services.subscriptions import running
from crmkit.services.support import article_uses, articles, merging, setting_up, surveys, tickets
from crmkit.work import UnitOfWork
from tests.access.stock import give_new, known_ids
from tests.access.words import AMOUNT, CODE, GATED

APRIL: Final = Span.month(2026, 4)
MAY: Final = Span.month(2026, 5)
DAY: Final = date(2026, 5, 1)
LATER: Final = date(2099, 1, 1)


def more_stock(work: UnitOfWork, word: str, owner: UserId, colleague: UserId) -> None:
    """Write the records that the owner makes with a colleague; whoever works here is the owner."""
    before = known_ids(work)
    customer = parties.register_customer(work, f"{word} fourth", notes=word, owner_id=owner)
    _approvals(work, word, customer, owner, colleague)
    _leads(work, word, owner)
    _forecasts(work, word, owner)
    _money(work, word, customer.id)
    _orders(work, word, customer.id)
    _quotes(work, word, customer.id, owner, colleague)
    _tickets(work, word)
    for one in _complaints(work, word, owner):
        work.complaints.add(one)
    give_new(work, before, owner)


def _approvals(
    work: UnitOfWork, word: str, customer: Any, owner: UserId, colleague: UserId
) -> None:
    gated: Any = {"field": "name", "op": "eq", "value": GATED}
    node = Node(name="node", approvers=(Approvers.users(colleague, owner),))
    code, labels = CODE[word], {"en": word}
    approvals.publish_flow(work, code, "customer", when=gated, nodes=(node,), labels=labels)
    approvals.publish_flow(
        work, f"{code}-out", "customer", when=gated, nodes=(node,), gate=Gate.REMOVE
    )
    mine = (Approvers.users(owner),)
    skipped = Node(name="skipped", approvers=mine, own=WhenOwn.SKIP, nobody=WhenNobody.PASS)
    approvals.publish_flow(work, f"{code}-free", "customer", when=gated, nodes=(skipped,))
    approvals.submit_for_approval(work, customer, code)
    approvals.submit_for_approval(work, customer, f"{code}-free")
    approvals.delegate_approvals(work, colleague, until=work.now.replace(year=2099))


def _leads(work: UnitOfWork, word: str, owner: UserId) -> None:
    code = CODE[word]
    leads.define_assignment_rule(work, code, turns=(Turn(user_id=owner),), tags=(word,))
    every: Any = {"all": []}
    leads.define_scorecard(work, code, ScoreRule(name=word, when=every, points=5))
    pool = leads.define_pool(work, code, tags=(word,))
    lead = parties.capture_lead(work, f"{word} pooled", company=word, owner_id=owner)
    leads.release_to_pool(work, lead, pool.id, reason=word)


def _forecasts(work: UnitOfWork, word: str, owner: UserId) -> None:
    amount = Money(AMOUNT[word], "CNY")
    unit = work.units.add(Unit(id=UnitId(work.new_id()), name=f"{word} unit", owner_id=owner))
    work.teams.add(Team(id=TeamId(work.new_id()), name=f"{word} team", owner_id=owner))
    model = work.win_models.find()[-1]
    scores = {"brier": Decimal(0), "stage_brier": Decimal(2)}
    weights = (Weight(feature="", weight=Decimal(0)),)
    work.win_models.save(model.evolve(weights=weights, **scores))
    quotas.set_quota(work, amount, MAY, user=owner)
    quotas.set_quota(work, amount, MAY, unit=unit.id)
    quotas.judge_forecast(work, unit.id, MAY, ForecastCategory.COMMIT, amount, reason=word)
    snapshots.take_snapshot(work, f"{word} snapshot", into="CNY")
    tiers = (Tier(attained=Decimal(0), rate=Decimal(5)),)
    plan = paying.plan_commission(
        work, f"{word} plan", role="seller", currency="CNY", tiers=tiers, cap=amount
    )
    deal = work.deals.find()[-1]
    row: dict[str, Any] = {"kind": RowKind.EARNED, "credit": amount, "owed": amount}
    row |= {"found_at": work.now, "amount": amount, "plan_id": plan.id, "deal_id": deal.id}
    for span in (APRIL, MAY):
        days = {"first_on": span.first, "last_on": span.last}
        work.commission_rows.add(Row(id=RowId(work.new_id()), user_id=owner, **row, **days))
    payouts.pay_commission(work, plan.id, APRIL)
    paying.record_refund(work, deal.id, amount, reason=word)


def _money(work: UnitOfWork, word: str, customer_id: Any) -> None:
    net = Money(AMOUNT[word], "CNY")
    terms = ContractTerms(
        starts_on=DAY, ends_on=date(2099, 12, 31), value=net, renewal=Renewal.MANUAL
    )
    office = work.contracts.find()[-1].calendar_id
    name = f"{word} renewable"
    contract = sales.write_contract(work, name, customer_id, terms, calendar=office, number=name)
    sales.sign_contract(work, contract.id)
    unplanned = sales.write_contract(
        work, f"{word} free", customer_id, terms, calendar=office, number=f"{word} free"
    )
    sales.sign_contract(work, unplanned.id)
    part = Part(label=f"{word} milestone", amount=net, milestone=word)
    sales.plan_contract(work, contract.id, [part])
    sales.note_receipt(work, customer_id, net, payer=word, number=f"{word} free receipt")
    prices = sales.write_price_list(
        work, f"{word} used", currency="EUR", valid_from=DAY, priority=len(word)
    )
    sales.publish_price_list(work, prices.id)
    paid = Terms(plan=f"{word} paid plan", quantity=1, price=net)
    running.start_subscription(work, customer_id, paid, on=DAY, number=f"{word} running")
    halted = running.start_subscription(work, customer_id, paid, on=DAY, number=f"{word} halted")
    running.pause_subscription(work, halted.id, reason=word)


def _orders(work: UnitOfWork, word: str, customer_id: Any) -> None:
    net = Money(AMOUNT[word], "CNY")
    line = AgreedLine(key="1", name=word, quantity=Decimal(9), net=net * 9, tax=net)
    for name in ("open", "billed"):
        order = sales.write_order(
            work, customer_id, [line], name=f"{word} {name}", number=f"{word} {name}"
        )
        sales.confirm_order(work, order.id)
        if name == "billed":
            asked = {"1": Decimal(1)}
            sales.issue_invoice(work, order.id, f"{word} open bill", asked, due_on=DAY)


def _quotes(
    work: UnitOfWork, word: str, customer_id: Any, owner: UserId, colleague: UserId
) -> None:
    sales.add_product(work, f"{word} part", code=f"{word} part")
    offer = Offer(lines=(item(word, price=Money(3, "CNY"), price_reason=word),), valid_until=LATER)
    for name in ("sent", "accepted", "guarded"):
        quote = sales.open_quote(work, f"{word} {name}", customer=customer_id, currency="CNY")
        version = sales.write_version(work, quote.id, attrs.evolve(offer, words=f"{word} {name}"))
        if name == "guarded":
            it: Any = {"field": "id", "op": "eq", "value": str(version.id)}
            node = Node(name="node", approvers=(Approvers.users(colleague, owner),))
            approvals.publish_flow(
                work, CODE[word] + "-quote", "quote_version", when=it, nodes=(node,)
            )
            continue
        sales.send_version(work, version.id)
        if name == "accepted":
            sales.accept_version(work, version.id, by=word)


def _tickets(work: UnitOfWork, word: str) -> None:
    contact = parties.add_contact(work, f"{word} asker", notes=word)
    done = tickets.open_ticket(work, f"{word} done", description=word, requester_id=contact.id)
    tickets.resolve_ticket(work, done.id, resolution=word)
    kept, lost = (tickets.open_ticket(work, f"{word} {name}") for name in ("kept", "lost"))
    merging.merge_tickets(work, kept.id, lost.id)
    setting_up.define_macro(work, CODE[word], Command(do=Do.TAG, to=word))
    asked = surveys.define_survey(work, f"{word} survey", SurveyKind.CSAT, question={"en": word})
    surveys.ask_about(work, asked.id, done.id)
    drafted = articles.write_article(work, f"{word} draft", "en", title=word, body=word)
    sent = articles.write_article(work, f"{word} sent", "en", title=word, body=word)
    articles.submit_article(work, sent.id)
    assert drafted.id != sent.id
    read = articles.write_article(work, CODE[word], "en", title=word, body=word)
    version = work.article_versions.find()[-1]
    published = articles.submit_article(work, read.id).publish(
        version, by=f"{word} reviewer", at=work.now, review_by=LATER
    )
    work.articles.save(published)
    article_uses.vote_on_article(work, read.id, f"{word} voter", is_helpful=True, comment=word)


def _complaints(work: UnitOfWork, word: str, owner: UserId) -> Iterator[Complaint]:
    """Bring a complaint at each stage, and one with a remedy and actions under way."""
    facts: dict[str, Any] = {"via": ReceivedVia.PHONE, "description": word, "owner_id": owner}
    for stage in ComplaintStage:
        found = {"findings": word, "decision": Decision.UPHELD} if stage.is_answered else {}
        name = f"{word} {stage}"
        yield Complaint(id=ComplaintId(work.new_id()), subject=name, stage=stage, **facts, **found)
    plan = CorrectiveAction(name="probe", evidence=word)
    done = CorrectiveAction(name="done", done_at=work.now, owner_id=owner)
    yield Complaint(
        id=ComplaintId(work.new_id()),
        subject=f"{word} owed",
        stage=ComplaintStage.DECISION_COMMUNICATED,
        findings=word,
        remedies=(Remedy(kind=RemedyKind.APOLOGY, note=word),),
        corrective_actions=(plan, done),
        is_safety_matter=True,
        **facts,
    )
