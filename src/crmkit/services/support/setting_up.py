"""Setting up a desk: its queues, agents, statuses, service levels, macros and rules."""

from typing import Any

from crmkit.domain.access.acting import Right
from crmkit.domain.access.team import TeamId
from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.filters.tree import EVERYTHING
from crmkit.domain.filters.where import where
from crmkit.domain.support.automation import (
    AutomationRule,
    AutomationRuleId,
    Command,
    Macro,
    MacroId,
)
from crmkit.domain.support.clock_rules import ClockRule
from crmkit.domain.support.desk import Agent, AgentId, Queue
from crmkit.domain.support.moments import When
from crmkit.domain.support.sla_policy import SlaPolicy
from crmkit.domain.support.statuses import StatusCategory, TicketStatus, TicketStatusId
from crmkit.domain.support.ticket import SlaPolicyId
from crmkit.domain.support.ticket_events import QueueId
from crmkit.errors import NotFound
from crmkit.ports import Action
from crmkit.services.drafting import changed, draft
from crmkit.services.support.fitting import Condition, written
from crmkit.work import UnitOfWork

DEFINE_QUEUE = Action("queue:define", "Define a queue", zh="定义工单队列", right=Right.CREATE)
REGISTER_AGENT = Action(
    "agent:register", "Register a support agent", zh="登记客服坐席", right=Right.CREATE
)
UPDATE_AGENT = Action("agent:update", "Change a support agent", zh="修改客服坐席", right=Right.EDIT)
DEFINE_STATUS = Action(
    "ticket_status:define", "Define a ticket status", zh="定义工单状态", right=Right.CREATE
)
DEFINE_SLA = Action(
    "sla_policy:define", "Define a service level policy", zh="定义服务级别协议", right=Right.CREATE
)
CHANGE_SLA = Action(
    "sla_policy:change", "Change a service level policy", zh="修改服务级别协议", right=Right.EDIT
)
DEFINE_MACRO = Action("macro:define", "Define a macro", zh="定义快捷操作", right=Right.CREATE)
DEFINE_RULE = Action(
    "automation_rule:define", "Define an automation rule", zh="定义自动化规则", right=Right.CREATE
)
CHANGE_RULE = Action(
    "automation_rule:change", "Change an automation rule", zh="修改自动化规则", right=Right.EDIT
)


def define_queue(
    work: UnitOfWork, name: str, *, team: TeamId | None = None, **fields: Any
) -> Queue:
    """Define a queue; `fields` are any others of `Queue`."""
    work.permit(DEFINE_QUEUE)
    return work.queues.add(draft(Queue, QueueId(work.new_id()), name=name, team_id=team, **fields))


def register_agent(work: UnitOfWork, user_id: UserId, **fields: Any) -> Agent:
    """Register a user as an agent; `fields` are any others of `Agent`."""
    work.permit(REGISTER_AGENT)
    return work.agents.add(draft(Agent, AgentId(work.new_id()), user_id=user_id, **fields))


def update_agent(work: UnitOfWork, user_id: UserId, **fields: Any) -> Agent:
    """Change some fields of the agent that a user is."""
    agent = work.agents.first(where(Agent).user_id.eq(user_id))
    if agent is None:
        raise NotFound(f"user {user_id} is no agent", path="user_id", fix="register_agent() first")
    work.permit(UPDATE_AGENT, on=agent)
    return work.agents.save(changed(agent, **fields))


def define_status(
    work: UnitOfWork, name: str, category: StatusCategory, **fields: Any
) -> TicketStatus:
    """Define a status in the client's own words, mapped to a category."""
    work.permit(DEFINE_STATUS)
    status_id = TicketStatusId(work.new_id())
    return work.ticket_statuses.add(
        draft(TicketStatus, status_id, name=name, category=category, **fields)
    )


def define_policy(
    work: UnitOfWork,
    name: str,
    calendar: CalendarId,
    *clocks: ClockRule,
    selector: Condition = EVERYTHING,
    **fields: Any,
) -> SlaPolicy:
    """Define a service level for the tickets that fit a filter; `fields` are any others."""
    work.permit(DEFINE_SLA)
    work.calendars.get(calendar)
    policy = draft(
        SlaPolicy,
        SlaPolicyId(work.new_id()),
        name=name,
        calendar_id=calendar,
        clocks=clocks,
        selector=written(work, selector),
        **fields,
    )
    return work.sla_policies.add(policy)


def change_policy(work: UnitOfWork, policy_id: SlaPolicyId, **fields: Any) -> SlaPolicy:
    """Change some fields of a policy; clocks that run follow it with their next moment."""
    policy = work.sla_policies.get(policy_id)
    work.permit(CHANGE_SLA, on=policy)
    if "selector" in fields:
        fields["selector"] = written(work, fields["selector"])
    return work.sla_policies.save(changed(policy, **fields))


def define_macro(work: UnitOfWork, name: str, *commands: Command) -> Macro:
    """Define commands under a name."""
    work.permit(DEFINE_MACRO)
    return work.macros.add(Macro(id=MacroId(work.new_id()), name=name, commands=commands))


def define_rule(
    work: UnitOfWork,
    name: str,
    on: When,
    *commands: Command,
    condition: Condition = EVERYTHING,
    rank: int = 0,
) -> AutomationRule:
    """Define what follows when something happens on a ticket that fits a filter."""
    work.permit(DEFINE_RULE)
    rule = AutomationRule(
        id=AutomationRuleId(work.new_id()),
        name=name,
        on=(on,),
        commands=commands,
        condition=written(work, condition),
        rank=rank,
    )
    return work.automation_rules.add(rule)


def change_rule(work: UnitOfWork, rule_id: AutomationRuleId, **fields: Any) -> AutomationRule:
    """Change some fields of a rule; it goes on under its next version."""
    rule = work.automation_rules.get(rule_id)
    work.permit(CHANGE_RULE, on=rule)
    if "condition" in fields:
        fields["condition"] = written(work, fields["condition"])
    return work.automation_rules.save(changed(rule, **fields))
