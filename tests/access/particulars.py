"""Particulars: what services are called with where their annotations do not say it.

A value that is a function is asked with the aim. Names of records are their `CODE`, which tells
nothing, for a refusal may repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crmkit.domain.calendars.hours import Week
from crmkit.domain.commission.plan import Tier
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.money import Money
from crmkit.domain.parties.scorecard import ScoreRule
from crmkit.domain.sales.offer import Offer
from crmkit.domain.sales.payment_plan import Part
from crmkit.domain.sales.quote_line import item
from crmkit.domain.span import Span
from crmkit.domain.support.article import Audience
from crmkit.domain.support.clock_rules import resolution, targets
from crmkit.domain.support.complaint_stages import ComplaintStage
from crmkit.domain.support.metrics import Period
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.remedies import RemedyKind
from tests.access.pointers import (
    accepted,
    allocation,
    at,
    code,
    components,
    flow,
    guarded,
    is_asked,
    link,
    marks,
    named,
    nodes,
    of,
    of_code,
    old_deals,
    order,
    other,
    other_ticket,
    record,
    record_of,
    second,
    sent,
    third,
    turns,
)

MAY: Final = Span.month(2026, 5)
_YEAR: Final = Period(
    begins_at=datetime(2026, 1, 1, tzinfo=UTC), ends_at=datetime(2027, 1, 1, tzinfo=UTC)
)
_OFFER: Final = Offer(
    lines=(item("old", price=Money(3, "CNY"), price_reason="old"),), valid_until=date(2099, 1, 1)
)
_AHEAD: Final = date(2099, 1, 1)
_ONE: Final = {"1": Decimal(1)}
_IS_THERE: Final = {"field": "name", "op": "ne", "value": "nobody"}
_CLOCKS: Final = (resolution(targets({Priority.NORMAL: timedelta(hours=4)})),)
_ABOUT: Final = {"field": "subject", "op": "ne", "value": "nothing"}


PARTICULARS: Final[dict[str, Mapping[str, Any]]] = {
    "access.users.leave": {"deputy": other},
    "access.users.move_unit": {"below": None},
    "approvals.deciding.approve": {"approval_id": of("approval", status="pending")},
    "approvals.deciding.add_signer": {"user_id": third, "comment": "more eyes"},
    "approvals.deciding.reject": {"comment": "no"},
    "approvals.deciding.send_back": {"comment": "why"},
    "approvals.flows.flow_of": {"code": code},
    "approvals.flows.publish_flow": {"nodes": nodes},
    "approvals.flows.retire_flow": {"code": code},
    "approvals.flows.revise_flow": {"code": code, "asks_why": False},
    "approvals.keeping_up.void_approval": {"approval_id": of("approval", status="approved")},
    "approvals.submitting.preview_route": {"flow": code},
    "approvals.submitting.propose_change": {"flow": flow("-free"), "notes": "probe"},
    "approvals.submitting.propose_record": {"flow": code, "name": "probe"},
    "approvals.submitting.submit_for_approval": {
        "flow": code,
        "record": record_of("customer", " second"),
    },
    "approvals.submitting.submit_removal": {"flow": flow("-out")},
    "calendars.keeping.change_hours": {
        "week": Week.read("mon-fri 09:00-17:00", from_on=date(2026, 6, 1))
    },
    "calendars.absences.note_absence": {
        "ends_at": datetime(2027, 1, 2, tzinfo=UTC),
        "deputy": other,
    },
    "chances.learning.predict_open_deals": {"model_id": of("win_model")},
    "chances.learning.predict_with": {"model_id": of("win_model")},
    "commission.payouts.pay_commission": {"plan_id": of("commission_plan"), "span": MAY},
    "commission.payouts.commission_statement": {"plan_id": of("commission_plan"), "span": MAY},
    "commission.paying.plan_commission": {
        "tiers": (Tier(attained=Decimal(0), rate=Decimal(5)),),
        "currency": "CNY",
    },
    "commission.paying.run_commission": {"plan_id": of("commission_plan")},
    "conditions.read_condition": {"written": _IS_THERE},
    "custom_fields.define_field": {"kind": FieldKind.TEXT, "key": "shape"},
    "duplicates.find_duplicates": {"threshold": 0.0},
    "duplicates.find_duplicates_of": {"threshold": 0.0},
    "forecasts.quotas.set_quota": {"unit": None},
    "forecasts.snapshots.movement": {
        "before": named("snapshot", "forecast_snapshot"),
        "after": named("snapshot", "forecast_snapshot"),
        "span": MAY,
    },
    "imports.taking_over.take_over": {"records": old_deals},
    "leads.assigning.assign_by_rule": {"record": record("lead"), "rule_name": code},
    "leads.assigning.define_assignment_rule": {"turns": turns},
    "leads.assigning.explain_turn": {"record": record("lead"), "rule_name": code},
    "leads.claiming.claim": {"pool_id": of_code("pool"), "record_id": named("pooled", "lead")},
    "leads.claiming.pool_of": {"name": code},
    "leads.claiming.records_in": {"pool_id": of_code("pool")},
    "leads.pooling.recycle": {"pool_id": of_code("pool")},
    "leads.pooling.release_to_pool": {"record": record("lead")},
    "leads.scoring.define_scorecard": {
        "rules": (ScoreRule(name="any", when={"all": []}, points=1),)
    },
    "leads.scoring.explain_score": {"card_name": code},
    "leads.scoring.score_leads": {"card_name": code},
    "merging.merge_contacts": {"loser_id": second("contact")},
    "merging.merge_customers": {"loser_id": second("customer")},
    "parties.capture_lead": {"company": "probe"},
    "privacy.erasing.erase_person": {"person": record("contact")},
    "privacy.exporting.export_person": {"person": record("contact")},
    "privacy.exporting.write_person": {"person": record("contact")},
    "sales.contracts.amend_contract": {"notice_days": 5},
    "sales.contracts.renew_contract": {"contract_id": named("renewable", "contract")},
    "sales.deal_team.involve": {"contact_id": second("contact")},
    "sales.deals.move_deal": {"to": "qualification"},
    "sales.deals.reopen_deal": {"deal_id": of("deal", outcome="lost")},
    "sales.invoices.credit_invoice": {
        "invoice_id": named("open bill", "invoice", "number"),
        "quantities": _ONE,
    },
    "sales.invoices.issue_invoice": {"quantities": _ONE, "order_id": order},
    "sales.orders.amend_order": {"order_id": order},
    "sales.orders.deliver": {"quantities": _ONE, "order_id": order},
    "sales.orders.order_quote": {"version_id": accepted},
    "sales.orders.return_goods": {"quantities": _ONE},
    "sales.payment_plans.plan_contract": {
        "contract_id": named("free", "contract"),
        "parts": (Part(label="all", percent=Decimal(100), due_on=date(2026, 3, 1)),),
    },
    "sales.payment_plans.plan_order": {
        "order_id": order,
        "parts": (Part(label="all", percent=Decimal(100), due_on=date(2026, 3, 1)),),
    },
    "sales.payment_plans.replan": {
        "parts": (Part(label="all", percent=Decimal(100), due_on=date(2026, 3, 1)),),
    },
    "sales.payment_plans.reach_milestone": {
        "instalment_id": named("milestone", "instalment", "label")
    },
    "sales.price_lists.add_price": {"tiers": Decimal(3)},
    "sales.price_lists.withdraw_price_list": {"price_list_id": named("used", "price_list")},
    "sales.price_lists.write_price_list": {"currency": "CNY", "valid_from": date(2026, 1, 1)},
    "sales.products.make_variants": {"axes": {"size": ("s", "m")}},
    "sales.products.set_components": {"components": components},
    "sales.quote_answers.accept_version": {"version_id": sent},
    "sales.quote_answers.open_shared": {"link": link},
    "sales.quote_approvals.submit_version": {"version_id": guarded},
    "sales.quotes.choose_lines": {"keys": ()},
    "sales.quote_history.take_over_quote": {"name": "old", "offer": _OFFER},
    "sales.receipts.pay_order": {
        "receipt_id": named("free receipt", "receipt", "number"),
        "order_id": named("billed", "order"),
    },
    "sales.receipts.pay_instalment": {
        "receipt_id": named("free receipt", "receipt", "number"),
        "instalment_id": named("milestone", "instalment", "label"),
    },
    "sales.receipts.pay_invoice": {
        "invoice_id": named("open bill", "invoice", "number"),
        "receipt_id": named("free receipt", "receipt", "number"),
    },
    "sales.receipts.release_allocation": {"entry_id": allocation},
    "sales.receipts.refund_receipt": {"receipt_id": named("free receipt", "receipt", "number")},
    "sales.stages.move_in_pipeline": {"record": record("deal"), "to": "qualification"},
    "sales.stages.time_at_stages": {"record": record("deal")},
    "subscriptions.running.cancel_subscription": {
        "subscription_id": named("running", "subscription", "number")
    },
    "subscriptions.running.change_subscription": {
        "subscription_id": named("running", "subscription", "number")
    },
    "subscriptions.running.pause_subscription": {
        "subscription_id": named("running", "subscription", "number")
    },
    "subscriptions.running.resume_subscription": {
        "subscription_id": named("halted", "subscription", "number")
    },
    "support.articles.confirm_article": {"review_by": _AHEAD},
    "support.articles.publish_article": {
        "article_id": named("sent", "article", "key"),
        "review_by": _AHEAD,
    },
    "support.articles.read_article": {
        "key": code,
        "locales": ("en",),
        "audience": Audience.INTERNAL,
    },
    "support.articles.send_back_article": {"article_id": named("sent", "article", "key")},
    "support.articles.submit_article": {"article_id": named("draft", "article", "key")},
    "support.complaints.acknowledge_complaint": at(ComplaintStage.REGISTERED),
    "support.complaints.assess_complaint": at(ComplaintStage.ACKNOWLEDGED),
    "support.complaints.communicate_decision": at(ComplaintStage.RESPONSE_PROPOSED),
    "support.complaints.escalate_complaint": at(ComplaintStage.DECISION_COMMUNICATED),
    "support.complaints.investigate_complaint": at(ComplaintStage.ASSESSED),
    "support.complaints.note_findings": at(ComplaintStage.INVESTIGATING),
    "support.complaints.note_ruling": at(ComplaintStage.EXTERNAL),
    "support.complaints.propose_response": at(ComplaintStage.IN_REVIEW),
    "support.complaints.rate_complaint": at(ComplaintStage.CLOSED) | {"satisfaction": 3},
    "support.complaints.reject_decision": at(ComplaintStage.DECISION_COMMUNICATED),
    "support.correcting.check_correction": {
        "complaint_id": named("owed", "complaint", "subject"),
        "name": "done",
        "checker": other,
    },
    "support.correcting.deliver_remedy": {
        "complaint_id": named("owed", "complaint", "subject"),
        "kind": RemedyKind.APOLOGY,
    },
    "support.correcting.finish_correction": {"complaint_id": named("owed", "complaint", "subject")},
    "support.fitting.fits": {"condition": _ABOUT},
    "support.macros.run_macro": {"name": code},
    "support.mailboxes.define_mailbox": {"address": "probe@example.com"},
    "support.measuring.measure_tickets": {"period": _YEAR, "metric": "first_reply"},
    "support.measuring.reopen_rate": {"period": _YEAR},
    "support.merging.merge_tickets": {"lose": second("ticket")},
    "support.merging.unmerge_ticket": {"ticket_id": of("ticket", category="merged")},
    "support.receiving.receive_letter": {"marks": marks},
    "support.sending.reply_by_mail": {"marks": marks, "to": ("x@else.example",)},
    "support.setting_up.define_policy": {"clocks": _CLOCKS},
    "support.setting_up.register_agent": {"user_id": third},
    "support.surveys.answer_survey": {"response_id": is_asked, "score": 4},
    "support.surveys.ask_about": {"ticket_id": of("ticket", category="resolved")},
    "support.tickets.move_ticket": {"to": "open"},
    "support.tickets.open_ticket": {"description": "probe"},
    "support.tickets.reopen_ticket": {"ticket_id": of("ticket", category="resolved")},
    "support.ties.link_tickets": {"other_id": second("ticket")},
    "support.ties.tie": {"other": other_ticket},
}
"""By the name of the service and of its parameter; names it takes by `**` may be given as well."""
