"""Batches: many cases decided in one call, each in a work of its own, each with its outcome."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import attrs

from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.step import Verdict
from crmkit.domain.approvals.telling import ApprovalId
from crmkit.errors import CrmkitError
from crmkit.ports import Actor
from crmkit.services.approvals.deciding import approve, reject

R = TypeVar("R")


class RunsServices(Protocol):
    """What a batch asks of the CRM."""

    def run(
        self,
        service: Callable[..., R],
        *args: Any,
        by: Actor | str,
        tenant: str,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> R:
        """Run a service in a work of its own, again after a conflict."""
        ...


@attrs.frozen(kw_only=True)
class Decided:
    """What became of one case of a batch: the case as it is now, or why it was refused."""

    approval_id: ApprovalId
    approval: Approval | None = None
    refusal: CrmkitError | None = None


def decide_many(
    crm: RunsServices,
    approval_ids: Iterable[ApprovalId],
    verdict: Verdict,
    *,
    by: Actor | str,
    tenant: str,
    idempotency_key: str | None = None,
    **said: Any,
) -> tuple[Decided, ...]:
    """Say yes or no to many cases; return the outcome of each, in the order given.

    A case that is refused, or whose commit stays unknown, changes nothing for the others. `said`
    are the `comment` and the `calendar` of `approve`. Under an `idempotency_key` the whole batch
    can be repeated.
    """
    service = approve if verdict is Verdict.YES else reject
    outcomes: list[Decided] = []
    for approval_id in dict.fromkeys(approval_ids):
        key = None if idempotency_key is None else f"{idempotency_key}/{approval_id}"
        marks: dict[str, Any] = {"by": by, "tenant": tenant, "idempotency_key": key}
        try:
            case = crm.run(service, approval_id, **marks, **said)
        except CrmkitError as refusal:
            outcomes.append(Decided(approval_id=approval_id, refusal=refusal))
        else:
            outcomes.append(Decided(approval_id=approval_id, approval=case))
    return tuple(outcomes)
