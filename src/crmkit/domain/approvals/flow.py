"""Flows: what needs approval, and through which nodes it goes; data, in numbered editions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.approvals.content import content_fields, content_hash, content_of
from crmkit.domain.approvals.node import ALWAYS, Node
from crmkit.domain.entity import EntitySpec, Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.errors import InvalidValue, RuleBroken

ApprovalFlowId = NewType("ApprovalFlowId", UUID)
_MAY_CHANGE = frozenset(
    {"retired_at", "labels", "deleted_at", "owner_id", "tags", "version", "events"}
    | {"updated_at", "updated_by", "created_at", "created_by", "tenant"}
)


class Gate(StrEnum):
    """Which step of a record needs the approval: entering a state, or being removed."""

    ENTER = "enter"
    REMOVE = "remove"


class Withdrawal(StrEnum):
    """Until when submitters may take back what they submitted."""

    ALWAYS = "always"
    UNDECIDED = "undecided"
    NEVER = "never"


class Repeats(StrEnum):
    """Who has said yes before is asked again at each node, not at the next one, or once only."""

    EACH = "each"
    ADJACENT = "adjacent"
    ONCE = "once"


@attrs.frozen(kw_only=True)
class FlowPublished(Event):
    """An edition of an approval flow came into force."""

    flow_id: ApprovalFlowId
    code: str
    number: int


class FlowIsInForce(RuleBroken):
    """What was published does not change; cases rely on it."""


@keeps()
@entity(
    "approval_flow",
    unique=[Unique(("code", "number"))],
    indexes=[Index(("entity", "retired_at"))],
    labels={"en": "Approval flow", "zh": "审批流程"},
    events=(FlowPublished,),
)
@attrs.frozen(kw_only=True)
class ApprovalFlow(Aggregate):
    """What needs approval and how it is given; one edition of the flow of a code.

    A record may not fit `exit` (a filter as JSON), or be removed, unless what it says was approved,
    where it fits `when`. What it says are the fields named in `content`, or all fields of its own
    but those that its class names as steps, and those in `moves`, which the step writes too.
    """

    id: ApprovalFlowId
    code: Annotated[str, Text(max_length=100)]
    number: int = 1
    labels: Mapping[str, str] = attrs.field(factory=dict)
    entity: Annotated[str, Text(max_length=63)]
    gate: Gate = Gate.ENTER
    exit: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALWAYS))
    when: Mapping[str, Any] = attrs.field(factory=lambda: dict(ALWAYS))
    moves: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    nodes: tuple[Node, ...]
    withdrawal: Withdrawal = Withdrawal.ALWAYS
    repeats: Repeats = Repeats.EACH
    adds_signers: bool = True
    asks_why: bool = True
    valid_days: int | None = None
    published_at: datetime | None = None
    retired_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a flow without nodes, with two of one name, or with two answers on content."""
        super().__attrs_post_init__()
        names = [node.name for node in self.nodes]
        if not names or len(set(names)) != len(names):
            raise InvalidValue(
                "a flow has nodes of different names", path="approval_flow.nodes", fix="name them"
            )
        if self.moves and self.content:
            raise InvalidValue(
                "says both which fields count and which do not",
                path="approval_flow.content",
                fix="give one of moves and content",
            )
        if self.valid_days is not None and self.valid_days < 1:
            raise InvalidValue("an approval holds a day or more", path="approval_flow.valid_days")

    @property
    def is_in_force(self) -> bool:
        """Say whether new cases go by it."""
        return self.published_at is not None and self.retired_at is None

    def publish(self, *, at: datetime) -> Self:
        """Come into force."""
        told = FlowPublished(flow_id=self.id, code=self.code, number=self.number)
        return self.evolve(published_at=at).recording(told)

    def retire(self, *, at: datetime) -> Self:
        """Let no new case go by it."""
        return self.evolve(retired_at=at)

    def check_step(self, before: Any) -> None:
        """Refuse to change what was published."""
        if before is None or before.published_at is None:
            return
        for field in attrs.fields(type(self)):
            name = field.name
            if name not in _MAY_CHANGE and getattr(self, name) != getattr(before, name):
                raise FlowIsInForce(
                    f"{self.code} {self.number} was published and cases rely on it",
                    path=f"approval_flow.{name}",
                    fix="publish another edition",
                )

    def node(self, name: str) -> Node:
        """Return the node of a name, or raise `InvalidValue` with those there are."""
        return self.nodes[self.place_of(name)]

    def place_of(self, name: str) -> int:
        """Return the place of a node, or raise `InvalidValue` with those there are."""
        names = [node.name for node in self.nodes]
        if name in names:
            return names.index(name)
        raise InvalidValue(
            f"{self.code} has no node {name!r}", path="node", fix=f"one of {', '.join(names)}"
        )

    def content_names(self, spec: EntitySpec) -> Sequence[str]:
        """Name the fields whose content is approved."""
        return content_fields(spec, only=self.content, but=self.moves)

    def content_of(self, spec: EntitySpec, record: Any) -> dict[str, Any]:
        """Return what a record says, as plain JSON."""
        return content_of(spec, record, self.content_names(spec))

    def hash_of(self, spec: EntitySpec, record: Any) -> str:
        """Return the hash of what a record says."""
        return content_hash(self.content_of(spec, record))
