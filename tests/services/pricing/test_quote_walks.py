"""Random walks over all that is done to quotes never send or accept what was not approved."""

import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.domain.filters.where import where
from crmkit.domain.imports.attestation import Origin
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping
from crmkit.domain.money import Money
from crmkit.domain.parties.customer import CustomerKind
from crmkit.domain.sales.approval_requirement import Approved
from crmkit.domain.sales.discount import Discount
from crmkit.domain.sales.order_line import AgreedLine
from crmkit.domain.sales.quote import QuoteOutcome
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.quote_version import Acceptance, QuoteVersion
from crmkit.errors import CrmkitError
from crmkit.services import approvals, parties, sales
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.imports.taking_over import take_over
from crmkit.services.privacy.erasing import erase_person
from crmkit.services.tables.rows import Row
from tests.services.approvals.deeds import Deeds
from tests.services.pricing.quote_office import LIMIT, SEND, QuoteOffice, quoting

FULL = os.environ.get("CRMKIT_FULL") == "1"
WALKS, STEPS = (400, 60) if FULL else (25, 25)
SECRET = b"0123456789abcdef0123456789abcdef"
ORIGIN = Origin(system="K3", said_by="赵会计", reason="2026")
DEEDS = [
    "open", "write", "write", "requote", "send", "send", "share", "accept", "accept", "decline",
    "withdraw", "say_yes", "submit", "submit", "approve", "approve", "reject", "back", "resubmit",
    "take_back", "void", "forge_sent", "forge_approval", "forge_acceptance", "strip", "copy",
    "copy_draft", "upsert", "force_quote", "revive", "remove", "restore", "undo", "quote_deal",
    "propose", "whole", "whole", "order", "order", "write_order", "bulk", "import", "import_lines",
    "merge", "part", "take_over", "choose", "erase", "wipe", "unaccept",
]  # fmt: skip
Step = tuple[str, int, str, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.integers(0, 20),
        st.sampled_from(("li", "wang", "boss")),
        st.sampled_from((0, LIMIT, LIMIT + 1, 40)),
    ),
    min_size=STEPS // 2,
    max_size=STEPS,
)


class Walk(Deeds):
    """An office where anything is tried, and a watch over what went out and who had said yes."""

    def __init__(self, office: QuoteOffice) -> None:
        """Begin with a quote of one version."""
        super().__init__(office)
        with office.work() as work:
            pair = [parties.register_customer(work, name) for name in ("鲁西", "光岳")]
            self.customers = [customer.id for customer in pair]
        self.granted: set[tuple[Any, str]] = set()
        self.steps: set[tuple[Any, str]] = set()
        self.out = 0
        with office.work() as work:
            quote = sales.open_quote(work, "车床", policy="p", customer=self.customers[0])
        office.write(quote, LIMIT + 5)

    def go(self, step: Step) -> None:
        """Try one step, whatever it comes to, then look what is out."""
        name, pick, by, off = step
        with suppress(CrmkitError):
            if name in ("undo", "whole", "import", "import_lines"):
                getattr(self, f"_{name}")(pick)
            else:
                with self.office.work(by) as work:
                    getattr(self, f"_{name}")(work, pick, off)
                self.changesets.append(work.changeset_id)
        self.look(is_undo=name == "undo")

    def look(self, *, is_undo: bool = False) -> None:
        """What is out and below the limit was approved, by the head, with this very content.

        What was sent and accepted once stays so, but for an undo.
        """
        with self.office.work() as work:
            found = work.quote_versions.find(removed=True)
            accepted = {one.accepted_version_id for one in work.quotes.find()} - {None}
            ordered = {one.version_id for one in work.orders.find(removed=True)} - {None}
            vouched = {one.record_id for one in work.attestations.find(removed=True)}
            self._keep_granted(work, found)
        if not is_undo:
            assert self.steps <= {step for version in found for step in _steps_of(version)}
        self.steps = {step for version in found for step in _steps_of(version)}
        self.out = 0
        for version in found:
            if version.sent_at is None and version.acceptance is None:
                assert version.id not in accepted | ordered
                continue
            if version.id in vouched:
                continue
            self.out += 1
            assert version.content_hash == version.hash_now()
            if any(_percent(line.draft.discount) > LIMIT for line in version.lines):
                assert (version.id, version.content_hash) in self.granted
        assert accepted | ordered <= {one.id for one in found if one.acceptance is not None}

    def _keep_granted(self, work: Any, found: Sequence[QuoteVersion]) -> None:
        """Note what the flow granted to whom, from the cases alone."""
        boss = self.office.people["boss"]
        hashes = {version.id: version.content_hash for version in found}
        for case in work.approvals.find():
            said_yes = case.status == "approved" and boss in case.granted_by
            if said_yes and case.content["content_hash"] == hashes.get(case.record_id):
                self.granted.add((case.record_id, hashes[case.record_id]))

    def _version(self, work: Any, pick: int) -> QuoteVersion:
        id_ = where(QuoteVersion).id
        found: QuoteVersion = self._one_of(
            work.quote_versions.find(removed=True, order=[id_.asc()]), pick
        )
        return found

    def _quote(self, work: Any, pick: int) -> Any:
        return self._one_of(work.quotes.find(), pick)

    def _open(self, work: Any, pick: int, off: int) -> None:
        sales.open_quote(work, "q", policy="p", customer=self.customers[pick % 2])

    def _write(self, work: Any, pick: int, off: int) -> None:
        quote = self._quote(work, pick)
        sales.write_version(work, quote.id, self.office.offer(work, quote, off, "AB"[pick % 2]))

    def _requote(self, work: Any, pick: int, off: int) -> None:
        sales.requote(work, self._version(work, pick).id)

    def _quote_deal(self, work: Any, pick: int, off: int) -> None:
        pipeline = work.pipelines.first() or sales.define_pipeline(work, "usual")
        deal = sales.open_deal(work, name="d", pipeline=pipeline.id)
        sales.plan_deal(work, deal.id, [item(self.office.lathe.id, discount=off)])
        sales.quote_deal(work, deal.id, policy="p")

    def _send(self, work: Any, pick: int, off: int) -> None:
        sales.send_version(work, self._version(work, pick).id)

    def _share(self, work: Any, pick: int, off: int) -> None:
        until = work.now + timedelta(1)
        sales.share_version(work, self._version(work, pick).id, until=until, secret=SECRET)

    def _accept(self, work: Any, pick: int, off: int) -> None:
        sales.accept_version(work, self._version(work, pick).id, by="王芳")

    def _decline(self, work: Any, pick: int, off: int) -> None:
        sales.decline_quote(work, self._quote(work, pick).id)

    def _withdraw(self, work: Any, pick: int, off: int) -> None:
        sales.withdraw_quote(work, self._quote(work, pick).id)

    def _say_yes(self, work: Any, pick: int, off: int) -> None:
        sales.approve_version(work, self._version(work, pick).id)

    def _submit(self, work: Any, pick: int, off: int) -> None:
        sales.submit_version(work, self._version(work, pick).id)

    def _propose(self, work: Any, pick: int, off: int) -> None:
        approvals.propose_change(work, self._version(work, pick), SEND, sent_at=work.now)

    def _forge_sent(self, work: Any, pick: int, off: int) -> None:
        work.quote_versions.save(self._version(work, pick).replaced(sent_at=work.now))

    def _forge_approval(self, work: Any, pick: int, off: int) -> None:
        version = self._version(work, pick)
        given = Approved(by="boss", at=work.now, content_hash=version.content_hash)
        work.quote_versions.save(version.replaced(approval=given))

    def _forge_acceptance(self, work: Any, pick: int, off: int) -> None:
        version = self._version(work, pick)
        given = Acceptance(by="王芳", at=work.now, content_hash=version.content_hash)
        work.quote_versions.save(version.replaced(acceptance=given, sent_at=work.now))

    def _strip(self, work: Any, pick: int, off: int) -> None:
        version = self._version(work, pick)
        work.quote_versions.save(version.replaced(requirements=(), approver_roles=()))

    def _wipe(self, work: Any, pick: int, off: int) -> None:
        blank = {"sent_at": None, "acceptance": None, "approval": None}
        work.quote_versions.save(self._version(work, pick).replaced(**blank))

    def _unaccept(self, work: Any, pick: int, off: int) -> None:
        blank = {"outcome": QuoteOutcome.OPEN, "accepted_version_id": None, "closed_at": None}
        work.quotes.save(self._quote(work, pick).evolve(**blank))

    def _copy(self, work: Any, pick: int, off: int) -> None:
        copied = {"id": work.new_id(), "version": 0, "number": 1000 + pick}
        copy = self._version(work, pick).replaced(**copied, requirements=(), content_hash="")
        work.quote_versions.add(copy.evolve())

    def _copy_draft(self, work: Any, pick: int, off: int) -> None:
        version = self._version(work, pick)
        other = self._one_of([one for one in work.quote_versions.find() if one.sent_at], pick)
        sent = other.replaced(lines=version.lines, totals=version.totals, content_hash="")
        work.quote_versions.save(sent.evolve())

    def _upsert(self, work: Any, pick: int, off: int) -> None:
        fresh = {"id": work.new_id(), "version": 0, "sent_at": work.now}
        key = [where(QuoteVersion).quote_id, where(QuoteVersion).number]
        work.quote_versions.upsert_many([self._version(work, pick).replaced(**fresh)], key=key)

    def _force_quote(self, work: Any, pick: int, off: int) -> None:
        version = self._version(work, pick)
        forced = {"outcome": QuoteOutcome.ACCEPTED, "accepted_version_id": version.id}
        work.quotes.save(work.quotes.get(version.quote_id).evolve(**forced))

    def _revive(self, work: Any, pick: int, off: int) -> None:
        back = {"superseded_at": None, "closed_at": None}
        work.quote_versions.save(self._version(work, pick).replaced(**back))

    def _remove(self, work: Any, pick: int, off: int) -> None:
        work.quote_versions.remove(self._version(work, pick))

    def _restore(self, work: Any, pick: int, off: int) -> None:
        work.quote_versions.restore(self._version(work, pick))

    def _order(self, work: Any, pick: int, off: int) -> None:
        sales.order_quote(work, self._version(work, pick).id)

    def _write_order(self, work: Any, pick: int, off: int) -> None:
        net = Money(1, "CNY")
        line = AgreedLine(key="1", name="x", quantity=Decimal(1), net=net, tax=net)
        forged = {"version_id": self._version(work, pick).id}
        sales.write_order(work, self.customers[0], [line], **forged)

    def _choose(self, work: Any, pick: int, off: int) -> None:
        sales.choose_lines(work, self._version(work, pick).id, ())

    def _bulk(self, work: Any, pick: int, off: int) -> None:
        forged = [
            one.replaced(sent_at=work.now, requirements=()) for one in work.quote_versions.find()
        ]
        key = [where(QuoteVersion).quote_id, where(QuoteVersion).number]
        if off:
            work.quote_versions.save_many(forged)
        work.quote_versions.upsert_many(
            [one.replaced(id=work.new_id(), version=0) for one in forged], key=key
        )

    def _import(self, pick: int) -> None:
        """Import quotes: one that is there already, and a new one, both as accepted."""
        with self.office.work() as work:
            quote, version = self._quote(work, pick), self._version(work, pick)
        names = ("number", "name", "currency", "outcome", "accepted_version_id")
        rows = [(quote.number, "q", "CNY", "accepted", str(version.id))]
        rows.append((f"X{pick}", "q", "CNY", "accepted", str(version.id)))
        self._take("quote", ("number",), names, rows)

    def _import_lines(self, pick: int) -> None:
        """Import versions as sent: by the key of one that is there, and new ones."""
        with self.office.work() as work:
            version = self._version(work, pick)
        names = ("quote_id", "number", "sent_at", "content_hash")
        at = self.office.clock.at.isoformat()
        given = (version.number, 900 + pick)
        rows = [(str(version.quote_id), str(one), at, version.content_hash) for one in given]
        self._take("quote_version", ("quote_id", "number"), names, rows)

    def _take(self, entity: str, key: Any, names: Sequence[str], rows: Sequence[Any]) -> None:
        listed = tuple(ColumnMapping(field=name, column=name) for name in names)
        mapping = FileMapping(file=uuid.uuid4().hex, entity=entity, key=key, columns=listed)
        given = [Row(at, dict(zip(names, row, strict=True))) for at, row in enumerate(rows, 2)]
        job = ImportJob(mapping=mapping, header=tuple(names), rows=given, content="1")
        run_import(self.office.crm, job, by="boss", tenant=self.office.tenant)

    def _erase(self, work: Any, pick: int, off: int) -> None:
        kind = CustomerKind.PERSON
        person = parties.register_customer(work, "王芳", kind=kind)
        quote = self._quote(work, pick)
        work.quotes.save(quote.evolve(customer_id=person.id))
        erase_person(work, person)

    def _take_over(self, work: Any, pick: int, off: int) -> None:
        """Take a version over as sent: one that is here already, or a new one, vouched for."""
        known = self._version(work, pick)
        new = {"id": work.new_id(), "version": 0, "number": 500 + pick} if off else {}
        sent = known.replaced(sent_at=work.now, content_hash="", **new).evolve()
        take_over(work, [sent], ORIGIN)

    def _whole(self, pick: int) -> None:
        """Let a version be granted by the flow, and sent."""
        with self.office.work() as work:
            version = self._version(work, pick)
            cases = sales.submit_version(work, version.id)
        for case in cases:
            with self.office.work("boss") as work:
                approvals.approve(work, case.id)
        self.look()
        with self.office.work() as work:
            sales.send_version(work, version.id)


def _steps_of(version: QuoteVersion) -> list[tuple[Any, str]]:
    """Return what was done with a version, for good."""
    return [
        (version.id, step)
        for step in ("sent_at", "acceptance")
        if getattr(version, step) is not None
    ]


def _percent(discount: Discount | None) -> Decimal:
    """Return what an offer of the office takes off, in percent."""
    return Decimal(0) if discount is None or discount.percent is None else discount.percent


def walk(url: str, path: list[Step]) -> int:
    """Walk once, in a tenant of its own; return how many versions went out."""
    with quoting(url, f"t{uuid.uuid4().hex}") as office:
        tried = Walk(office)
        for step in path:
            tried.go(step)
        return tried.out


@settings(max_examples=WALKS)
@given(path=steps)
def test_no_walk_sends_or_accepts_what_was_not_approved(path: list[Step]) -> None:
    """Of all that people and programs do to quotes and approvals, in any order."""
    walk("memory:", path)


@pytest.mark.parametrize("ready_url", ["sqlite", "postgresql", "mongodb"], indirect=True)
@settings(max_examples=20 if FULL else 1)
@given(path=steps)
def test_no_walk_does_on_any_store(ready_url: str, path: list[Step]) -> None:
    """The same on each store, some of the walks."""
    walk(ready_url, path)


def test_the_walk_itself_can_get_out() -> None:
    """One that is submitted, granted, sent and accepted, so that the walks mean something."""
    path: list[Step] = [("submit", 0, "li", 0), ("approve", 0, "boss", 0), ("send", 0, "li", 0)]
    path += [("accept", 0, "li", 0), ("order", 0, "li", 0)]
    assert walk("memory:", path) == 1
