"""The history of an approval on each store, through the services, beside the same plain model."""

import uuid
from functools import partial
from typing import Any

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.case import ApprovalStatus
from crmkit.domain.approvals.node import Node
from crmkit.domain.approvals.step import Place
from crmkit.domain.approvals.telling import ApprovalRequired
from crmkit.domain.sales.deal import DealOutcome
from crmkit.services import approvals, sales
from tests.domain.approvals.sample_people import LI
from tests.domain.approvals.test_model import PEOPLE, ApprovalHistory
from tests.machines import Length, run_machine
from tests.services.approvals.office import BIG, FLOW, publish

QUICK = Length(memory=(5, 15), others=(1, 10))
FULL = Length(memory=(100, 40), others=(10, 30))


class StoredHistory(ApprovalHistory):
    """Anybody tries anything by the services, and what is kept is what the model says."""

    def __init__(self, crm: CRM) -> None:
        """Begin in a tenant of its own."""
        super().__init__()
        self.crm, self.tenant = crm, f"t{uuid.uuid4().hex}"

    def begin(self, *nodes: Node) -> None:
        """Submit a deal of Li's through a flow of these nodes."""
        with self.crm.work(by="setup", tenant=self.tenant) as work:
            work.users.insert_many(
                User(id=user, name=str(user), login=str(user)) for user in [*PEOPLE, LI]
            )
            publish(work, *nodes)
            pipeline = sales.define_pipeline(work, "usual")
            self.deal = sales.open_deal(work, name="CRM", pipeline=pipeline.id, value=BIG)
        self.case = self.run(LI, approvals.submit_for_approval, self.deal, FLOW)

    def run(self, by: UserId, service: Any, *args: Any, **said: Any) -> Any:
        """Run a service for somebody; return the case as it is kept, and look at the gate."""
        done = self.crm.run(service, *args, by=str(by), tenant=self.tenant, **said)
        with self.crm.work(by="setup", tenant=self.tenant) as work:
            kept = work.approvals.get(done.id)
        assert kept == done
        self.look(kept)
        return kept

    def look(self, case: Any) -> None:
        """The deal is won in a rehearsal when the case is approved, and only then."""
        with self.crm.rehearse(by="setup", tenant=self.tenant) as work:
            try:
                outcome = sales.win_deal(work, self.deal.id).outcome
            except ApprovalRequired:
                outcome = DealOutcome.OPEN
        assert (outcome is DealOutcome.WON) is (case.status is ApprovalStatus.APPROVED)

    def said(self, user: UserId, *, yes: bool) -> Any:
        """Say yes or no."""
        service = approvals.approve if yes else approvals.reject
        return self.run(user, service, self.case.id, comment="x")

    def added(self, user: UserId, who: UserId, place: Place) -> Any:
        """Ask one more."""
        return self.run(user, approvals.add_signer, self.case.id, who, place=place)

    def sent_back(self, user: UserId, node: str | None) -> Any:
        """Send it back."""
        return self.run(user, approvals.send_back, self.case.id, to=node, comment="x")

    def resubmitted(self, user: UserId) -> Any:
        """Submit it again."""
        return self.run(user, approvals.resubmit, self.case.id)

    def withdrawn(self, user: UserId) -> Any:
        """Take it back."""
        return self.run(user, approvals.withdraw_approval, self.case.id)


def test_every_store_keeps_what_was_decided(ready_url: str) -> None:
    """Any history gives the same turns, outcomes and refusals as the model, and the same gate."""
    with CRM.open(ready_url, plugin_names=()) as crm:
        run_machine(partial(StoredHistory, crm), ready_url, quick=QUICK, full=FULL)
