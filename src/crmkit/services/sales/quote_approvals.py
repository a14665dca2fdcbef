"""Quotes through approval flows: submitted to those they need, let go by what these granted.

A flow on `quote_version` guards its exit by itself; here its approval also stands for the roles
that the pricing policy asks for.
"""

from crmkit.domain.access.acting import Right
from crmkit.domain.approvals.approval import Approval
from crmkit.domain.approvals.flow import Gate
from crmkit.domain.approvals.gatekeeper import Gatekeeper
from crmkit.domain.filters.where import where
from crmkit.domain.sales.quote import QuoteVersionId
from crmkit.domain.sales.quote_version import QuoteVersion
from crmkit.domain.working_time import AROUND_THE_CLOCK, WorkingTime
from crmkit.errors import NotFound
from crmkit.ports import Action
from crmkit.services.approvals import submit_for_approval
from crmkit.services.approvals.people import UserDirectory
from crmkit.work import UnitOfWork

SUBMIT_QUOTE = Action(
    "quote:submit", "Submit a version of a quote for approval", zh="提交报价审批", right=Right.EDIT
)


def submit_version(
    work: UnitOfWork, version_id: QuoteVersionId, *, calendar: WorkingTime = AROUND_THE_CLOCK
) -> list[Approval]:
    """Submit a version to every flow in force that is about it and has not granted it yet.

    Raises `NotFound` when no flow is about it: then `approve_version` is the way.
    """
    version = work.quote_versions.get(version_id)
    work.permit(SUBMIT_QUOTE, on=version)
    version.must_be_live()
    keepers = _keepers(work, version)
    if not keepers:
        raise NotFound(
            "no approval flow in force is about this version",
            path="quote_version.approval",
            fix="publish a flow on quote_version, or approve_version",
        )
    return [
        submit_for_approval(work, version, keeper.flow.code, calendar=calendar)
        for keeper in keepers
        if _granted(work, keeper, version) is None
    ]


def approved_by_flow(work: UnitOfWork, version: QuoteVersion) -> QuoteVersion:
    """Return a version as approved when a flow granted it by people of all roles it asks for."""
    if version.is_approved:
        return version
    for keeper in _keepers(work, version):
        approval = _granted(work, keeper, version)
        if approval is None or approval.closed_at is None:
            continue
        if _play(work, approval, version.approver_roles):
            work.guard(approval)
            by = ", ".join(sorted(map(str, approval.granted_by)))[:200]
            return version.approve(by=by, at=approval.closed_at, note=approval.flow)
    return version


def _keepers(work: UnitOfWork, version: QuoteVersion) -> list[Gatekeeper]:
    found = work.gates.of(work.registry[QuoteVersion])
    return [one for one in found if one.flow.gate is Gate.ENTER and one.is_about(version)]


def _granted(work: UnitOfWork, keeper: Gatekeeper, version: QuoteVersion) -> Approval | None:
    """Return the approval of a flow that stands for what a version says now."""
    hashed = keeper.hash_of(version)
    cases = work.behind(Approval).find(where(Approval).record_id.eq(version.id))
    passed = (case for case in cases if keeper.is_passed_by(case, hashed, at=work.now))
    return next(passed, None)


def _play(work: UnitOfWork, approval: Approval, roles: tuple[str, ...]) -> bool:
    """Say whether, of those who said yes, somebody plays each role."""
    people = UserDirectory(work)
    return all(approval.granted_by.intersection(people.in_role(role)) for role in roles)
