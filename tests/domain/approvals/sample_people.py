"""A small company: who leads whom, and flows to run through it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.case import Decision, Route
from crmkit.domain.approvals.flow import ApprovalFlow, ApprovalFlowId
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.telling import ApprovalId

AT = datetime(2026, 11, 24, tzinfo=UTC)
LI, WANG, ZHAO, SUN, QIAN = (UserId(UUID(int=at)) for at in range(1, 6))


class Company:
    """Li is led by Wang, Wang by Zhao; Sun and Qian are the finance people, without a superior."""

    def __init__(self, *absent: UserId) -> None:
        """Begin with everybody there but some."""
        self.absent = absent
        self.managers = {LI: WANG, WANG: ZHAO}
        self.heads = {LI: [WANG, ZHAO], WANG: [ZHAO]}
        self.roles = {"finance": [SUN, QIAN]}

    def manager_of(self, user: UserId) -> UserId | None:
        """Return the superior."""
        return self.managers.get(user)

    def heads_of(self, user: UserId) -> Iterable[UserId]:
        """Bring the heads upwards."""
        return self.heads.get(user, [])

    def in_role(self, role: str) -> Iterable[UserId]:
        """Bring those of a role."""
        return self.roles.get(role, [])

    def is_there(self, user: UserId) -> bool:
        """Say whether somebody is there."""
        return user not in self.absent


def flow_of(*nodes: Node, **settings: Any) -> ApprovalFlow:
    """Return a flow of these nodes."""
    return ApprovalFlow(
        id=ApprovalFlowId(UUID(int=100)), code="deals", entity="deal", nodes=nodes, **settings
    )


def route_of(flow: ApprovalFlow, submitter: UserId = LI) -> Route:
    """Return whom the flow asks."""
    return [node.ask(submitter, None, Company(), due_at=None) for node in flow.nodes]


def submitted(flow: ApprovalFlow, submitter: UserId = LI, route: Route | None = None) -> Approval:
    """Return a case that was just submitted."""
    case = Approval(
        id=ApprovalId(UUID(int=200)),
        flow_id=flow.id,
        flow=flow.code,
        entity="deal",
        record_id=UUID(int=300),
        submitter_id=submitter,
        submitted_at=AT,
        content={"value": 1},
        content_hash="0" * 64,
    )
    return case.submit(flow, route_of(flow, submitter) if route is None else route)


def said(by: UserId, *in_place_of: UserId, comment: str | None = "so") -> Decision:
    """Return what somebody says."""
    return Decision(by=by, users=frozenset((by, *in_place_of)), at=AT, comment=comment)
