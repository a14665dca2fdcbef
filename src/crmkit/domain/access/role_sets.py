"""Ready role sets: the roles that most companies begin with, in English and Chinese.

administrator   everything, also users and the policy
sales_manager   the records of their unit and of all units below
salesperson     their own records
marketing       leads and contacts of everybody, without phone numbers and e-mail addresses
finance         amounts of deals, which else only sales sees; invoices, receipts, credit
support         customers and contacts of everybody, and activities
read_only       sees everything, changes nothing
system          jobs of the program itself: delivering, following up, importing
"""

from collections.abc import Iterable
from typing import Final

from crmkit.domain.access.acting import Right
from crmkit.domain.access.policy import Rules
from crmkit.domain.access.rules import (
    ALL,
    FieldLevel,
    FieldRule,
    Grant,
    ParentRule,
    Role,
    Scope,
)

_SEE: Final = (Right.READ,)
_WORK: Final = (Right.READ, Right.CREATE, Right.EDIT)
_LEAD: Final = (*_WORK, Right.DELETE, Right.RESTORE, Right.ASSIGN, Right.SHARE, Right.MERGE)
_APPROVED: Final = ("content", "changes", "base")
"""What a case keeps of its record; who submits or decides is shown as much as they see of it."""
_SOLD: Final = ("customer", "contact", "affiliation", "lead", "deal", "stakeholder", "activity")
_AGREED: Final = (
    *("lines", "amendments", "confirmed_at", "cancelled_at", "cancel_reason", "credit_approval"),
)
"""What of an order is sales' to change; whoever invoices it counts its progress."""
_BOOKED: Final = (
    *("order", "fulfilment", "invoice", "payment_plan", "instalment"),
    *("receipt", "receivable_entry", "contract"),
)
_MONEY: Final = (
    *("invoice", "payment_plan", "instalment", "receipt", "receivable_entry", "credit_limit"),
)
_CONTRACTING: Final = ("contract:sign", "contract:terminate", "contract:void")
_RATES: Final = ("exchange_rate", "tax_rate")
_KNOWN: Final = ("user", "team", "unit", "product", "pipeline", "pool", "saved_view", *_RATES)
_FORECAST: Final = ("quota", "forecast_judgement", "forecast_snapshot", "win_model")
_EARNED: Final = ("commission_refund", "commission_row", "commission_payout")
_COMMISSION: Final = ("commission_plan", *_EARNED)
_DESK: Final = (
    *("ticket", "ticket_moment", "ticket_link", "time_entry", "complaint", "survey_response"),
    *("filed_letter", "letter_part", "mail_address", "intake_record"),
)
_MAIL: Final = ("ticket", "filed_letter", "letter_part", "mail_address", "intake_record")
_DESK_RULES: Final = (
    *("queue", "agent", "ticket_status", "sla_policy", "macro", "automation_rule"),
    *("calendar", "calendar_source", "absence", "complaint_rule", "survey", "mailbox"),
    "intake_form",
)

_ARTICLES: Final = ("article", "article_version", "article_vote", "article_use")
_ON_ARTICLES: Final = tuple(
    f"article:{deed}"
    for deed in ("review", "archive", "vote", "use", "read_customers", "read_internal")
)
_COMPLAINTS: Final = tuple(
    f"complaint:{deed}"
    for deed in (
        *("accuse", "register", "acknowledge", "assess", "investigate", "contain", "propose"),
        *("communicate", "review", "escalate", "deliver", "correct", "check", "close", "rate"),
    )
)

ROLES: Final = (
    Role(name="administrator", labels={"en": "Administrator", "zh": "系统管理员"}, watched=True),
    Role(name="sales_manager", labels={"en": "Sales manager", "zh": "销售经理"}),
    Role(name="salesperson", labels={"en": "Salesperson", "zh": "销售人员"}),
    Role(name="marketing", labels={"en": "Marketing", "zh": "市场人员"}),
    Role(name="finance", labels={"en": "Finance", "zh": "财务人员"}),
    Role(name="support", labels={"en": "Support agent", "zh": "客服人员"}),
    Role(name="read_only", labels={"en": "Read only", "zh": "只读用户"}),
    Role(name="system", labels={"en": "System jobs", "zh": "系统任务"}, watched=True),
)


def _grants(
    role: str, entities: Iterable[str], actions: tuple[str, ...], scope: Scope
) -> tuple[Grant, ...]:
    return tuple(
        Grant(role=role, entity=entity, actions=actions, scope=scope) for entity in entities
    )


_EVERYBODY_KNOWS: Final = tuple(
    grant
    for role in ROLES
    if role.name not in ("administrator", "system")
    for grant in _grants(role.name, _KNOWN, _SEE, Scope.ALL)
)
_EVERYBODY_IS_ASKED: Final = tuple(
    grant
    for role in ROLES
    if role.name not in ("administrator", "system", "read_only")
    for grant in (
        *_grants(role.name, ("approval",), (Right.APPROVE,), Scope.ALL),
        *_grants(role.name, ("approval", "delegation"), _WORK, Scope.OWN),
    )
)
"""The flow says who decides; whom it does not ask is refused all the same."""

STANDARD: Final = Rules(
    roles=ROLES,
    grants=(
        Grant(role="administrator", entity=ALL, actions=(ALL,), scope=Scope.ALL),
        *_EVERYBODY_KNOWS,
        *_EVERYBODY_IS_ASKED,
        *_grants("sales_manager", _SOLD, (*_LEAD, Right.EXPORT, Right.BULK), Scope.BELOW),
        *_grants("salesperson", _SOLD, (*_WORK, Right.SHARE), Scope.OWN),
        *_grants("sales_manager", _BOOKED, (*_LEAD, Right.EXPORT), Scope.BELOW),
        *_grants("sales_manager", ("credit_limit",), _SEE, Scope.ALL),
        *_grants("sales_manager", ("order",), ("order:approve_credit",), Scope.BELOW),
        *_grants("sales_manager", ("contract",), _CONTRACTING, Scope.BELOW),
        *_grants("salesperson", ("order", "contract", "fulfilment"), _WORK, Scope.OWN),
        *_grants("salesperson", ("payment_plan", "instalment"), _WORK, Scope.OWN),
        *_grants("salesperson", ("receivable_entry",), (Right.READ, Right.CREATE), Scope.OWN),
        *_grants("salesperson", ("invoice", "receipt"), _SEE, Scope.OWN),
        *_grants("salesperson", ("contract",), ("contract:sign",), Scope.OWN),
        *_grants("marketing", ("customer", "contact", "affiliation"), _SEE, Scope.ALL),
        *_grants("marketing", ("lead",), (*_WORK, Right.BULK), Scope.ALL),
        *_grants("finance", ("customer", "deal", "affiliation"), _SEE, Scope.ALL),
        *_grants("finance", ("deal",), (Right.EXPORT,), Scope.ALL),
        *_grants("finance", ("contract", "fulfilment"), _SEE, Scope.ALL),
        *_grants("finance", ("order",), (Right.READ, Right.EDIT), Scope.ALL),
        *_grants("finance", _MONEY, (*_WORK, Right.EXPORT), Scope.ALL),
        *_grants("support", ("customer", "contact", "affiliation"), _SEE, Scope.ALL),
        *_grants("support", ("activity", *_DESK), _WORK, Scope.ALL),
        *_grants("support", ("ticket",), (Right.ASSIGN, Right.MERGE, Right.RESTORE), Scope.ALL),
        *_grants("support", _DESK_RULES, _SEE, Scope.ALL),
        *_grants("support", ("complaint",), _COMPLAINTS, Scope.ALL),
        *_grants("support", _ARTICLES, _WORK, Scope.ALL),
        *_grants("support", ("article",), _ON_ARTICLES, Scope.ALL),
        *_grants("support", ("survey",), ("survey:ask",), Scope.ALL),
        *_grants("support", ("survey_response",), ("survey_response:answer",), Scope.ALL),
        *(
            Grant(role=role.name, entity="saved_view", actions=(*_WORK, Right.DELETE))
            for role in ROLES
            if role.name not in ("administrator", "read_only", "system")
        ),
        Grant(role="sales_manager", entity="deal", actions=("report:pipeline",), scope=Scope.BELOW),
        *_grants("sales_manager", _FORECAST, _WORK, Scope.ALL),
        *_grants("sales_manager", ("forecast_line",), (Right.READ, Right.CREATE), Scope.BELOW),
        *_grants("salesperson", ("quota", "forecast_line"), _SEE, Scope.OWN),
        *_grants("salesperson", ("forecast_snapshot", "win_model"), _SEE, Scope.ALL),
        *_grants("finance", (*_FORECAST, "forecast_line"), _SEE, Scope.ALL),
        *_grants("finance", _RATES, _WORK, Scope.ALL),
        *_grants("sales_manager", ("deal",), ("report:forecast",), Scope.BELOW),
        *_grants("salesperson", ("deal",), ("report:forecast",), Scope.OWN),
        *_grants("finance", ("deal",), ("report:forecast",), Scope.ALL),
        *_grants("sales_manager", ("subscription",), (*_WORK, "report:mrr"), Scope.BELOW),
        *_grants("salesperson", ("subscription",), _WORK, Scope.OWN),
        *_grants("finance", ("subscription",), (Right.READ, "report:mrr"), Scope.ALL),
        *_grants("finance", _COMMISSION, _WORK, Scope.ALL),
        *_grants("sales_manager", _EARNED, _SEE, Scope.BELOW),
        *_grants("salesperson", _EARNED, _SEE, Scope.OWN),
        *_grants("sales_manager", ("commission_plan",), _SEE, Scope.ALL),
        *_grants("salesperson", ("commission_plan",), _SEE, Scope.ALL),
        Grant(role="sales_manager", entity="import_run", actions=_WORK),
        Grant(role="read_only", entity=ALL, actions=_SEE, scope=Scope.ALL),
        *_grants("system", (*_SOLD, *_KNOWN), _SEE, Scope.ALL),
        *_grants("system", ("activity",), _WORK, Scope.ALL),
        *_grants("system", ("approval",), ("approval:escalate",), Scope.ALL),
        *_grants("system", ("pool",), ("pool:recycle",), Scope.ALL),
        *_grants("system", ("contract",), (Right.READ, Right.EDIT), Scope.ALL),
        *_grants("system", ("ticket",), (Right.READ, Right.EDIT, Right.BULK), Scope.ALL),
        *_grants("system", _MAIL, _WORK, Scope.ALL),
        *_grants("system", ("mailbox", "intake_form"), _SEE, Scope.ALL),
        *_grants("system", ("contact",), ("contact:add",), Scope.ALL),
    ),
    field_rules=(
        FieldRule(entity="user", fields=("roles", "kind", "delegator_id"), level=FieldLevel.READ),
        FieldRule(
            role="administrator",
            entity="user",
            fields=("roles", "kind", "delegator_id"),
            level=FieldLevel.EDIT,
        ),
        FieldRule(entity="absence", fields=("deputy_id",), level=FieldLevel.READ),
        FieldRule(
            role="administrator", entity="absence", fields=("deputy_id",), level=FieldLevel.EDIT
        ),
        FieldRule(entity="deal", fields=("value",), level=FieldLevel.HIDDEN),
        FieldRule(role="administrator", entity="deal", fields=("value",), level=FieldLevel.EDIT),
        FieldRule(role="sales_manager", entity="deal", fields=("value",), level=FieldLevel.EDIT),
        FieldRule(role="salesperson", entity="deal", fields=("value",), level=FieldLevel.EDIT),
        FieldRule(role="finance", entity="deal", fields=("value",), level=FieldLevel.READ),
        FieldRule(role="read_only", entity="deal", fields=("value",), level=FieldLevel.READ),
        FieldRule(role="finance", entity="order", fields=_AGREED, level=FieldLevel.READ),
        FieldRule(entity="approval", fields=_APPROVED, level=FieldLevel.HIDDEN),
        FieldRule(role="administrator", entity="approval", fields=_APPROVED, level=FieldLevel.READ),
        *(
            FieldRule(
                role="marketing",
                entity=entity,
                fields=("contact_points",),
                level=FieldLevel.MASKED,
            )
            for entity in ("customer", "contact", "lead")
        ),
    ),
    parent_rules=(
        ParentRule(entity="contact", through="affiliation", back="contact_id", path="customer_id"),
        ParentRule(entity="affiliation", path="customer_id"),
    ),
)
"""Everything above; `STANDARD` can be applied as it is, or with rules of one's own added."""
