"""Runs one write on SQLite and dies at a chosen statement, in a process of its own.

`prepare TEMPLATE` makes a database to start from; `run TEMPLATE FOLDER SCENARIO STEP` first lets
the scenario pass whole in FOLDER/after.db, counting its statements, then forks once for each
STEP-th of them, before and after it, and lets that process end in FOLDER/NUMBER-PHASE.db without
a word.
Prints one line of JSON per process.
"""

import json
import os
import random
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from crmkit.crm import CRM
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.where import where
from crmkit.domain.ids import UuidSequence
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.domain.support.clock_rules import Alarm, first_response, resolution, targets
from crmkit.domain.support.priorities import Priority
from crmkit.plugins import hookimpl
from crmkit.services import custom_fields, merging, parties, sales
from crmkit.services.calendars import keeping
from crmkit.services.support import setting_up, tickets
from crmkit.work import UnitOfWork
from tests.deep.crashing_support import begin_support, support_calls
from tests.services.stopped_clock import A_SECOND, Ticking

TENANT = "acme"
DIED = 9
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LATER = START + timedelta(hours=1)
"""When the writes happen that are to be survived."""


class Fate:
    """Counts the statements of this process and ends it at one of them."""

    statements: ClassVar[list[str]] = []
    die_at: tuple[int, str] | None = None

    @classmethod
    def meet(cls, phase: str, sql: str) -> None:
        """Note a statement before it runs; die where it was said."""
        if phase == "before":
            cls.statements.append(sql)
        if cls.die_at == (len(cls.statements), phase):
            os._exit(DIED)


class DyingCursor(sqlite3.Cursor):
    """A cursor whose every statement may be the last; connections run theirs through it too."""

    def execute(self, sql: str, *values: Any) -> Any:
        """Run one statement, if the process lives so long."""
        Fate.meet("before", sql)
        done = super().execute(sql, *values)
        Fate.meet("after", sql)
        return done

    def executemany(self, sql: str, rows: Any) -> Any:
        """Run a statement for each row, if the process lives so long."""
        Fate.meet("before", sql)
        done = super().executemany(sql, rows)
        Fate.meet("after", sql)
        return done


class Dying(sqlite3.Connection):
    """A connection that dies with its cursors, or at its commit."""

    def execute(self, sql: str, *values: Any) -> Any:
        """Run one statement through a dying cursor."""
        return self.cursor().execute(sql, *values)

    def executemany(self, sql: str, rows: Any) -> Any:
        """Run a statement for each row through a dying cursor."""
        return self.cursor().executemany(sql, rows)

    def cursor(self, factory: Any = DyingCursor) -> Any:
        """Give a dying cursor."""
        return super().cursor(factory)

    def commit(self) -> None:
        """Commit, if the process lives so long."""
        Fate.meet("before", "COMMIT")
        super().commit()
        Fate.meet("after", "COMMIT")


class Listener:
    """Subscribes to everything, so that every write has messages."""

    name = "listener"

    @hookimpl
    def after_commit(self, message: Any) -> None:
        """Receive nothing here; nothing is delivered."""


def open_crm(path: Path, *, seed: int, begin: datetime = LATER) -> CRM:
    """Open a CRM whose ids and times are the same each time."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, factory=Dying, check_same_thread=False),
        poolclass=StaticPool,
    )
    event.listen(engine, "connect", lambda made, _record: made.execute("PRAGMA journal_mode=WAL"))
    ids = UuidSequence(random.Random(seed).getrandbits)
    return CRM.open(
        engine, plugins=[Listener()], plugin_names=(), clock=Ticking(begin, A_SECOND), ids=ids
    )


def prepare(template: Path) -> None:
    """Write what the scenarios begin with, and where it is."""
    crm = open_crm(template, seed=1, begin=START)
    places = begin(crm)
    crm.close()
    crm.storage._engine.dispose()  # type: ignore[attr-defined]
    template.with_suffix(".json").write_text(json.dumps(places))


def begin(crm: CRM) -> dict[str, Any]:
    """Write what the scenarios begin with in any store; return where it is."""
    crm.schema.apply()
    with crm.work(by="li", tenant=TENANT) as work:
        custom_fields.define_field(work, "customer", "licence", FieldKind.TEXT, unique=True)
        stages = sales.define_pipeline(work, "sales")
    with crm.work(by="li", tenant=TENANT) as work:
        names = ("鲁西科技", "聊城贸易", "Acme", "Gone")
        customers = [
            parties.register_customer(work, name, number=f"C{at}", custom={"licence": f"L{at}"})
            for at, name in enumerate(names)
        ]
        contacts = [parties.add_contact(work, name) for name in ("Li", "Wang")]
        parties.relate_contact(work, contacts[0].id, customers[0].id, primary=True)
        parties.relate_contact(work, contacts[1].id, customers[1].id)
        lead = parties.capture_lead(work, "Zhao", company="新公司")
        task = parties.follow_up(work, customers[0], "call")
        deal = sales.open_deal(
            work, name="big", pipeline=stages.id, customer=customers[0].id, value=Money(5, "CNY")
        )
        work.customers.remove(customers[3])
        office = keeping.define_calendar(work, "office", "Asia/Shanghai", "mon-fri 09:00-18:00")
        queue = setting_up.define_queue(work, "machines")
        limits, at_once = targets({Priority.NORMAL: timedelta(hours=8)}), Alarm(name="x", percent=0)
        clocks = (first_response(limits, (at_once,)), resolution(limits))
        setting_up.define_policy(work, "standard", office.id, *clocks)
        ticket = tickets.open_ticket(work, "press stopped", queue=queue.id)
        places: dict[str, Any] = {
            "customers": [str(each.id) for each in customers],
            "contacts": [str(each.id) for each in contacts],
            "lead": str(lead.id),
            "task": str(task.id),
            "deal": str(deal.id),
            "queue": str(queue.id),
            "ticket": str(ticket.id),
        }
    with crm.work(by="li", tenant=TENANT) as work:
        parties.update_customer(work, customers[2].id, notes="to be undone")
        places["changeset"] = str(work.changeset_id)
    return places | {"support": begin_support(crm, queue.id, office.id)}


def insert_many(work: UnitOfWork, name: str) -> int:
    """Add sixty customers."""
    made = (Customer(id=CustomerId(work.new_id()), name=f"{name} {at}") for at in range(60))
    return len(work.customers.insert_many(made))


def save_many(work: UnitOfWork, note: str) -> int:
    """Change all customers."""
    found = work.customers.find(order=[where(Customer).name.asc()])
    return len(work.customers.save_many(each.evolve(notes=note) for each in found))


def upsert_many(work: UnitOfWork) -> list[str]:
    """Write one known and two new customers by their number."""
    given = [
        Customer(id=CustomerId(work.new_id()), name=f"upserted {at}", number=f"C{at}")
        for at in (1, 8, 9)
    ]
    done = work.customers.upsert_many(given, [where(Customer).number])
    return [str(each.outcome) for each in done]


def remove(work: UnitOfWork, customer: UUID) -> str:
    """Remove a customer, which lets go of its unique values."""
    return work.customers.remove(work.customers.get(customer)).name


def restore(work: UnitOfWork, customer: UUID) -> str:
    """Bring a customer back, which takes its unique values."""
    return work.customers.restore(work.customers.get(customer, removed=True)).name


def scenarios(places: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return each write by its name: the service and its arguments."""
    customers = [UUID(each) for each in places["customers"]]
    contacts = [UUID(each) for each in places["contacts"]]
    lead, task, deal = (UUID(places[name]) for name in ("lead", "task", "deal"))
    ticket = UUID(places["ticket"])
    return {
        "register_customer": (parties.register_customer, "new"),
        "update_customer": (parties.update_customer, customers[1]),
        "add_contact": (parties.add_contact, "Sun"),
        "relate_contact": (parties.relate_contact, contacts[1], customers[0]),
        "capture_lead": (parties.capture_lead, "Qian"),
        "convert_lead": (parties.convert_lead, lead),
        "complete_activity": (parties.complete_activity, task),
        "win_deal": (sales.win_deal, deal),
        "move_deal": (sales.move_deal, deal),
        "define_pipeline": (sales.define_pipeline, "second"),
        "merge_customers": (merging.merge_customers, customers[0], customers[1]),
        "define_field": (custom_fields.define_field, "customer", "grade", FieldKind.NUMBER),
        "retire_field": (custom_fields.retire_field, "customer", "licence"),
        "insert_many": (insert_many, "bulk"),
        "save_many": (save_many, "all"),
        "upsert_many": (upsert_many,),
        "remove": (remove, customers[1]),
        "restore": (restore, customers[3]),
        "open_ticket": (tickets.open_ticket, "second"),
        "reply_to_ticket": (tickets.reply_to_ticket, ticket),
        "move_ticket": (tickets.move_ticket, ticket, "pending_customer"),
        "resolve_ticket": (tickets.resolve_ticket, ticket),
        "undo": (),
    }


OPTIONS: dict[str, dict[str, Any]] = {
    "register_customer": {"number": "C77", "custom": {"licence": "L77"}},
    "update_customer": {"notes": "changed", "custom": {"licence": "L78"}},
    "relate_contact": {"primary": True},
    "move_deal": {"to": "proposal"},
}
KEYLESS = frozenset({"undo", "define_field", "retire_field", "define_pipeline"})
"""Called without an idempotency key; the others all bring one, so that it is seen as well."""


def perform(crm: CRM, name: str, places: dict[str, Any], *, attempts: int = 5) -> None:
    """Run one scenario."""
    if name == "undo":
        crm.undo(UUID(places["changeset"]), by="wang", tenant=TENANT)
        return
    service, *args = (scenarios(places) | support_calls(places["support"]))[name]
    options = args.pop() if args and isinstance(args[-1], dict) else OPTIONS.get(name, {})
    key = None if name in KEYLESS else "only once"
    marks: dict[str, Any] = {"by": "wang", "tenant": TENANT, "idempotency_key": key}
    marks["attempts"] = attempts
    crm.run(service, *args, **marks, **options)


def run(template: Path, folder: Path, name: str, step: int) -> None:
    """Let one scenario pass, then die at every STEP-th of its statements, before and after it."""
    places = json.loads(template.with_suffix(".json").read_text())
    statements = _count(template, folder / "after.db", name, places)
    print(json.dumps({"statements": statements}), flush=True)
    points = [
        (number, phase) for number in range(1, len(statements) + 1) for phase in ("before", "after")
    ]
    for at, (number, phase) in enumerate(points):
        if at % step:
            continue
        path = folder / f"{number}-{phase}.db"
        shutil.copy(template, path)
        child = os.fork()
        if child == 0:
            _die(path, name, places, (number, phase))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = {"number": number, "phase": phase, "status": status, "sql": statements[number - 1]}
        print(json.dumps(told), flush=True)


def _count(template: Path, path: Path, name: str, places: dict[str, Any]) -> list[str]:
    shutil.copy(template, path)
    crm = open_crm(path, seed=2)
    crm.schema.check()
    Fate.statements = []
    perform(crm, name, places)
    counted = list(Fate.statements)
    crm.storage._engine.dispose()  # type: ignore[attr-defined]
    return counted


def _die(path: Path, name: str, places: dict[str, Any], die_at: tuple[int, str]) -> None:
    status = 1
    try:
        crm = open_crm(path, seed=2)
        crm.schema.check()
        Fate.statements, Fate.die_at = [], die_at
        perform(crm, name, places)
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        run(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
