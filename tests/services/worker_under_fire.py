"""A worker process that delivers until it is killed: `worker_under_fire.py URL LEDGER SEED`."""

import random
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from crmkit.crm import CRM
from crmkit.domain.changes import OutboxMessage
from crmkit.domain.parties.customer import CustomerId, CustomerRegistered
from crmkit.plugins import hookimpl
from crmkit.services import parties
from crmkit.services.outbox import Retries
from crmkit.work import UnitOfWork

RETRIES = Retries(attempts=1_000, first_rest=timedelta(0), longest_rest=timedelta(milliseconds=20))
LEASE = timedelta(seconds=2)


class Welcomes:
    """Plans a welcome call, and notes the message in a file outside; often fails in between."""

    name = "welcomes"
    topics = (CustomerRegistered,)

    def __init__(self, ledger: Path, chance: random.Random) -> None:
        self.ledger = ledger
        self.chance = chance

    @hookimpl
    def after_commit(self, message: OutboxMessage, crm: CRM) -> None:
        """Fail before, between or after the two effects, or not at all."""
        self._fail_sometimes()
        crm.run(
            plan_welcome,
            CustomerId(UUID(message.payload["customer_id"])),
            message.payload["name"],
            by="welcomes",
            tenant=message.tenant,
            idempotency_key=str(message.id),
            attempts=100,
        )
        self._fail_sometimes()
        with self.ledger.open("a", encoding="utf-8") as file:
            file.write(f"{message.record_key} {message.position} {message.id}\n")
        self._fail_sometimes()

    def _fail_sometimes(self) -> None:
        if self.chance.random() < 0.07:
            raise ConnectionError


def plan_welcome(work: UnitOfWork, customer_id: CustomerId, name: str) -> None:
    """Plan a call under the name that the customer had."""
    parties.follow_up(work, work.customers.get(customer_id), f"welcome {name}")


def main(url: str, ledger: str, seed: str) -> None:
    """Deliver until the process is killed."""
    plugin = Welcomes(Path(ledger), random.Random(int(seed)))
    crm = CRM.open(url, plugins=[plugin], plugin_names=())
    while True:
        crm.deliver_due(limit=5, worker=f"w{seed}", lease=LEASE, retries=RETRIES)


if __name__ == "__main__":
    main(*sys.argv[1:])
