"""Follow-ups: what should be done next is planned as an activity, so that nobody forgets it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Operation, OutboxMessage
from crmkit.domain.parties.activity import Activity, ActivityId, ActivityKind, link_to
from crmkit.domain.parties.lead import Lead
from crmkit.domain.sales.contract import Contract, NoticeReminded
from crmkit.domain.sales.deal import Deal, DealId, DealLost, DealOutcome, DealWon
from crmkit.errors import InvalidSettings
from crmkit.plugins.hookspecs import hookimpl
from crmkit.work.telling import RecordChanged

if TYPE_CHECKING:
    from crmkit.work import UnitOfWork

_SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "first_call": {"en": "First call: {name}", "zh": "首次联系：{name}"},
    "onboarding": {"en": "Begin with the customer: {name}", "zh": "启动交付：{name}"},
    "win_back": {"en": "Ask again: {name}", "zh": "回访：{name}"},
    "notice": {"en": "Decide whether to go on: {name}", "zh": "决定是否续签：{name}"},
}


class FollowUps:
    """Plans a first call for each new lead, the beginning of each won deal, and asks again.

    First call and beginning are planned in the transaction of the lead or deal; asking again after
    a lost deal comes through the outbox, and only while the deal is lost. Who is reminded of the
    notice of a contract has until its last day to decide. Each belongs to the owner of its record;
    a span of None leaves that kind of follow-up out.
    """

    name = "crmkit.follow_up"
    topics = frozenset({DealLost})

    def __init__(
        self,
        *,
        first_call: timedelta | None = timedelta(days=1),
        onboarding: timedelta | None = timedelta(days=3),
        win_back: timedelta | None = timedelta(days=180),
        language: str = "en",
    ) -> None:
        """Plan after these spans, in English (`en`) or Chinese (`zh`)."""
        self._spans = {"first_call": first_call, "onboarding": onboarding, "win_back": win_back}
        self._language = language
        if language not in _SUBJECTS["win_back"]:
            raise InvalidSettings(
                f"does not speak {language!r}", path="language", fix="one of en, zh"
            )

    @hookimpl
    def before_commit(self, event: Any, work: "UnitOfWork") -> None:
        """Plan what belongs to a new lead or a won deal."""
        match event:
            case RecordChanged(entity="lead", operation=Operation.CREATED, record_id=lead_id):
                self._plan(work, "first_call", work.of(Lead).get(lead_id), ActivityKind.CALL)
            case DealWon(deal_id=deal_id):
                self._plan(work, "onboarding", work.of(Deal).get(deal_id), ActivityKind.TASK)
            case NoticeReminded(contract_id=contract_id):
                self._decide(work, work.of(Contract).get(contract_id))
            case _:
                return

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: Any) -> None:
        """Plan to ask again after a lost deal, once however often this is called."""
        crm.run(
            self.ask_again,
            UUID(message.payload["deal_id"]),
            by=self.name,
            tenant=message.tenant,
            idempotency_key=str(message.id),
            cause_id=message.changeset_id,
        )

    def ask_again(self, work: "UnitOfWork", deal_id: DealId) -> None:
        """Plan a call about a deal that is still lost."""
        deal = work.of(Deal).look_up([deal_id]).get(deal_id)
        if deal is not None and deal.outcome is DealOutcome.LOST:
            self._plan(work, "win_back", deal, ActivityKind.CALL)

    def _plan(self, work: "UnitOfWork", what: str, record: Lead | Deal, kind: ActivityKind) -> None:
        span = self._spans[what]
        if span is not None:
            self._add(work, what, record, record.name, kind, work.now + span)

    def _decide(self, work: "UnitOfWork", contract: Contract) -> None:
        self._add(work, "notice", contract, contract.name, ActivityKind.TASK, contract.notice_until)

    def _add(
        self,
        work: "UnitOfWork",
        what: str,
        record: Aggregate,
        name: str,
        kind: ActivityKind,
        due_at: datetime | None,
    ) -> None:
        work.of(Activity).add(
            Activity(
                id=ActivityId(work.new_id()),
                kind=kind,
                subject=_SUBJECTS[what][self._language].format(name=name),
                links=(link_to(record),),
                due_at=due_at,
                owner_id=record.owner_id,
            )
        )
