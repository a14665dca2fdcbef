"""Writes one customer and dies at the given statement; run by test_crashes, not by itself."""

import os
import sys

import sqlalchemy as sa

from crmkit.crm import CRM
from crmkit.plugins.hookspecs import hookimpl
from crmkit.services import parties


class Subscriber:
    """Wants every event, so that the outbox is written."""

    @hookimpl
    def after_commit(self, message):
        """Hear nothing."""


def main(url, point):
    """Die before the statement of that number; later ones are never run."""
    engine = sa.create_engine(url)
    told = iter(range(1, 10_000))

    def count(_statement):
        if next(told) == point:
            os._exit(42)

    crm = CRM.open(engine, plugins=[Subscriber()])
    sa.event.listen(engine, "checkout", lambda driver, *_: driver.set_trace_callback(count))
    with crm.work(by="t", tenant="t", idempotency_key="once") as work:
        parties.register_customer(work, "鲁西科技")
    count("after the commit")


main(sys.argv[1], int(sys.argv[2]))
