"""Erasing a person: after it no canary is found in any table, file or collection."""

import io
import json
import re
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import uuid4

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.share import Share
from crmkit.domain.access.user import User, UserId
from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import (
    Change,
    Changeset,
    IdempotencyRecord,
    Operation,
    OutboxMessage,
)
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.entity import Unique, entity
from crmkit.domain.money import Money
from crmkit.domain.parties.activity import Activity
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.customer import CustomerKind
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.privacy.audit import AuditEntry, AuditKind
from crmkit.domain.privacy.blanking import ERASED
from crmkit.domain.privacy.erasure import LEGAL_HOLD, ErasureHeld, NotAPerson
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import CUSTOMER_CARE, DataClass, LegalBasis, Retention
from crmkit.errors import BrokenFile, Conflict, NotPermitted
from crmkit.services import merging, parties, sales
from crmkit.services.access.sharing import share_record
from crmkit.services.custom_fields import define_field
from crmkit.services.history import as_of, history
from crmkit.services.privacy.erasing import erase_person
from crmkit.services.privacy.exporting import EXPORT_PERSON, export_person, write_person
from crmkit.services.privacy.people import person_links
from crmkit.services.privacy.replaying import (
    erasures,
    read_erasures,
    replay_erasure,
    write_erasures,
)
from crmkit.services.privacy.verifying import verify_erased
from crmkit.testing.storage.harness import Place
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

CANARIES = (
    "Zykanara",
    "卡娜莉",
    "zykanara@kanarien.example",
    "13987654321",
    "KANARI-ID-778899",
    "kanarienweg 7",
    "kanarihobby",
    "canarytitle",
    "canarysubject",
    "canarynote",
)
POINTS = (
    ContactPoint(kind=ContactKind.EMAIL, raw="Zykanara@Kanarien.example"),
    ContactPoint(kind=ContactKind.MOBILE, raw="139 8765-4321"),
)


@attrs.frozen
class Story:
    """A tenant in which a person has left traces everywhere, beside somebody who stays."""

    place: Place
    person: Contact
    other: Contact


def told(work: UnitOfWork) -> str:
    """Return a result that holds the phone number."""
    return "called +86 139 8765 4321"


def lived(place: Place) -> Story:
    """Let a person leave traces: records, history, merge, lead, claims, messages, keys, audit."""
    with place.work(reason="call of zykanara@kanarien.example") as work:
        define_field(work, "contact", "hobby", FieldKind.TEXT, unique=True)
        define_field(work, "contact", "level", FieldKind.NUMBER, data_class=DataClass.PLAIN)
        lead = parties.capture_lead(
            work, "Zykanara Lead", company="鲁西科技", contact_points=POINTS
        )
    with place.work() as work:
        firm = parties.convert_lead(work, lead.id)
        person = work.contacts.get(work.leads.get(lead.id).contact_id)
        double = parties.add_contact(
            work, "Zykanara 卡娜莉", contact_points=POINTS, custom={"hobby": "kanarihobby"}
        )
        other = parties.add_contact(work, "Ann Other", notes="stays")
        parties.relate_contact(work, double.id, firm.id, title="canarytitle")
    with place.work() as work:
        merging.merge_contacts(work, person.id, double.id)
        person = parties.update_contact(
            work, person.id, notes="canarynote", custom={"hobby": "kanarihobby", "level": 3}
        )
        person = parties.update_contact(work, person.id, birthday=date(1980, 5, 1))
        parties.follow_up(work, person, "canarysubject")
        write_down(
            work,
            AuditKind.PRIVILEGED_READ,
            EXPORT_PERSON,
            about=[person],
            payload={"seen": "Zykanara 卡娜莉"},
        )
        write_down(
            work, AuditKind.EXPORT, EXPORT_PERSON, payload={"found": ["zykanara@kanarien.example"]}
        )
    place.run(told, idempotency_key="first")
    place.run(told, idempotency_key="zykanara@kanarien.example")
    place.crm.audit.seal(place.tenant)
    return Story(place, person, other)


def raw(place: Place) -> str:
    """Return every row of the tenant in every table or collection, as the database has it."""
    storage: Any = place.crm.storage
    match storage.name:
        case "memory":
            rows: Iterable[Any] = [
                shelf.records
                for (name, _), shelf in storage._shelves.items()
                if name == place.tenant
            ]
        case "mongodb":
            every = (storage._database[name] for name in storage._database.list_collection_names())
            rows = [one for kept in every for one in kept.find({"tenant": place.tenant})]
        case _:
            rows = _sql_rows(storage._engine, place.tenant)
    text = " ".join(map(repr, rows))
    return re.sub(r"\\+u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text).casefold()


def _sql_rows(engine: Any, tenant: str) -> Iterable[Any]:
    from sqlalchemy import MetaData, select

    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        for table in metadata.tables.values():
            if "tenant" in table.c:
                yield from connection.execute(select(table).where(table.c.tenant == tenant)).all()


def canaries_in(place: Place) -> list[str]:
    """Return the canaries that the raw database holds."""
    dump = raw(place)
    return [canary for canary in CANARIES if canary.casefold() in dump]


def erased(story: Story) -> Any:
    """Erase the person of a story."""
    return story.place.run(erase_person, story.person, reason="asked on 29 November")


def test_no_canary_is_left_in_the_raw_database(place: Place) -> None:
    """Rows, change log, outbox, keys, claims, merges, audit: nothing tells about the person."""
    story = lived(place)
    before = canaries_in(place)
    assert set(CANARIES) - set(before) == {"KANARI-ID-778899", "kanarienweg 7"}
    done = erased(story)
    assert canaries_in(place) == []
    assert set(done.rows) >= {"contact", "lead", "change", "merge", "activity", "affiliation"}
    with place.work() as work:
        assert verify_erased(work, done.links, done.traces) == ()
        assert verify_erased(work, done.links, CANARIES) == ()


def test_a_customer_who_is_a_person_is_erased(place: Place) -> None:
    """Number, address and name go, out of the names of deals too; amounts stay for the books."""
    with place.work() as work:
        person = parties.register_customer(
            work,
            "Zykanara 卡娜莉",
            kind=CustomerKind.PERSON,
            contact_points=POINTS,
            identifiers=(Identifier(scheme="id", value="KANARI-ID-778899"),),
            notes="kanarienweg 7",
        )
        pipeline = sales.define_pipeline(work, "new")
        deal = sales.open_deal(
            work,
            name="Rollout for Zykanara 卡娜莉, 2026",
            pipeline=pipeline.id,
            customer=person.id,
            value=Money("98000", "CNY"),
        )
    assert "KANARI-ID-778899" in canaries_in(place)
    done = place.run(erase_person, person, reason="asked")
    assert canaries_in(place) == []
    kept = place.read(deal)
    assert (kept.name, kept.value) == (f"Rollout for {ERASED}, 2026", deal.value)
    assert kept.customer_id == person.id
    with place.work() as work:
        assert verify_erased(work, done.links, done.traces) == ()


def test_a_user_is_erased_where_they_acted(place: Place) -> None:
    """The change log keeps that somebody acted, under an alias; no record names the login."""
    with place.work() as work:
        user = work.users.add(
            User(id=UserId(work.new_id()), name="Zykanara", login="zykanara@kanarien.example")
        )
    with place.work(by="zykanara@kanarien.example") as work:
        firm = parties.register_customer(work, "鲁西科技")
        write_down(work, AuditKind.EXPORT, EXPORT_PERSON)
    place.run(told, by="zykanara@kanarien.example", idempotency_key="k")
    place.crm.audit.seal(place.tenant)
    place.run(erase_person, user, reason="left the firm")
    assert canaries_in(place) == []
    alias = f"user:{user.id}"
    assert (place.read(firm).created_by, place.read(firm).updated_by) == (alias, "tester")
    assert alias in {change.by for change in place.rows(Change)}
    assert alias in {changeset.by for changeset in place.rows(Changeset)}
    assert alias in {key.actor for key in place.rows(IdempotencyRecord)}
    assert place.crm.audit.verify(place.tenant).holds


def test_the_log_keeps_that_something_happened(place: Place) -> None:
    """Every change is still there with its time and fields, and history can be read to the end."""
    story = lived(place)
    with place.work() as work:
        before = history(work, story.person)
    erased(story)
    with place.work() as work:
        after = history(work, story.person)
        last = as_of(work, Contact, story.person.id, work.now, removed=True)
    kept = {change.id: change for change in after}
    for change in before:
        same = kept[change.id]
        assert (same.at, same.by, same.operation) == (change.at, change.by, change.operation)
        assert set(same.after) == set(change.after)
    assert after[-1].operation is Operation.ERASED
    assert last == place.read(story.person)


def test_the_record_stays_blank_and_removed(place: Place) -> None:
    """What is plain stays, also of the tenant's own fields; lists do not show the record."""
    story = lived(place)
    erased(story)
    blank = place.read(story.person)
    assert (blank.name, blank.contact_points, blank.birthday) == (ERASED, (), None)
    assert blank.custom == {"level": 3}
    assert blank.deleted_at is not None
    with place.work() as work:
        assert [contact.name for contact in work.contacts.find()] == ["Ann Other"]


def test_who_stays_is_left_alone(place: Place) -> None:
    """Another person's record, history and messages are as they were."""
    story = lived(place)
    with place.work() as work:
        before = history(work, story.other)
    erased(story)
    assert place.read(story.other) == story.other
    with place.work() as work:
        assert history(work, story.other) == before


def test_subscribers_hear_of_the_erasure_by_ids(place: Place) -> None:
    """Who has copies outside is told which records, and nothing else."""
    story = lived(place)
    erased(story)
    [message] = [one for one in place.rows(OutboxMessage) if one.topic == "PersonErased"]
    assert f"contact:{story.person.id}" in message.payload["links"]


def test_the_audit_chain_holds_and_tells_of_the_erasure(place: Place) -> None:
    """Payloads about the person are gone, the chain holds, and an entry says who erased and why."""
    story = lived(place)
    head = place.crm.audit.verify(place.tenant).head
    erased(story)
    place.crm.audit.seal(place.tenant)
    report = place.crm.audit.verify(place.tenant, head=head)
    assert (report.holds, report.erased) == (True, 2)
    [entry] = [one for one in place.rows(AuditEntry) if one.kind is AuditKind.ERASURE]
    [changeset] = [one for one in place.rows(Changeset) if one.id == entry.changeset_id]
    assert changeset.reason == "asked on 29 November"
    assert f"contact:{story.person.id}" in entry.subjects


def test_erasing_twice_changes_nothing(place: Place) -> None:
    """The second time there is nothing left to blank."""
    story = lived(place)
    erased(story)
    again = place.run(erase_person, place.read(story.person), reason="asked again")
    assert {name for name, count in again.rows.items() if count} == {"audit_entry"}


def test_the_person_is_all_records_that_are_the_person(near: Place) -> None:
    """Merged records and the lead that became a contact count, the firm does not."""
    story = lived(near)
    with near.work() as work:
        links = person_links(work, story.person)
        lead = work.leads.find()[0]
        assert person_links(work, lead)[0] == f"lead:{lead.id}"
        assert set(person_links(work, lead)) == set(links)
    assert sorted(link.partition(":")[0] for link in links) == ["contact", "contact", "lead"]


def test_what_is_no_person_is_not_erased(near: Place) -> None:
    """An organisation, a deal and an activity are refused, and so is their export."""
    story = lived(near)
    with near.work() as work:
        firm = work.customers.find()[0]
        activity = work.of(Activity).find()[0]
    for record in (firm, activity):
        for call in (erase_person, export_person):
            with pytest.raises(NotAPerson), near.work() as work:
                call(work, record)
    assert near.read(story.person).name != ERASED


def test_a_legal_hold_stops_the_erasure(near: Place) -> None:
    """While one record carries the tag nothing is erased; without it all is."""
    story = lived(near)
    held = near.change(story.person, tags=(LEGAL_HOLD,))
    with pytest.raises(ErasureHeld) as caught, near.work() as work:
        erase_person(work, held)
    assert caught.value.path == "contact.tags"
    assert near.read(held).name == story.person.name
    free = near.change(held, tags=())
    near.run(erase_person, free, reason="asked")
    assert near.read(held).name == ERASED


def test_what_is_left_is_found_and_named(place: Place) -> None:
    """A phone number in a note of somebody else is found however it is written, by its place."""
    story = lived(place)
    done = erased(story)
    late = place.change(
        story.other, notes="ask her: +86 (139) 8765 4321 or ZYKANARA@kanarien.EXAMPLE"
    )
    with place.work() as work:
        found = verify_erased(work, done.links, ["139-8765-4321"])
        assert ("contact", late.id, "notes") in {(f.entity, f.record_id, f.path) for f in found}
        assert ("change", "after.notes") in {(f.entity, f.path) for f in found}
        assert verify_erased(work, done.links) == ()


def test_a_record_that_came_back_is_found_by_its_id(place: Place) -> None:
    """Without knowing any value, a restored person is seen not to be blank."""
    story = lived(place)
    done = erased(story)
    with place.work() as work:
        blank = work.contacts.get(story.person.id, removed=True)
        work.contacts.save(blank.evolve(name="Zykanara"))
    with place.work() as work:
        found = verify_erased(work, done.links)
    assert {(one.entity, one.path) for one in found} >= {("contact", "name"), ("change", "after")}


def test_an_erase_log_is_replayed_after_a_restore(near: Place) -> None:
    """The person who came back with an old backup is erased again, whoever is blank is left."""
    story = lived(near)
    erased(story)
    kept = io.StringIO()
    with near.work() as work:
        assert write_erasures(work, kept) == 1
    restored = Place(near.crm, near.tenant)
    with restored.work() as work:
        blank = work.contacts.get(story.person.id, removed=True)
        work.contacts.save(blank.evolve(name="Zykanara", contact_points=POINTS))
    [line] = read_erasures(kept.getvalue().splitlines())
    assert restored.run(replay_erasure, line)
    assert canaries_in(restored) == []
    assert not restored.run(replay_erasure, line)
    with restored.work() as work:
        assert len(erasures(work)) == 2
        assert not replay_erasure(work, attrs.evolve(line, tenant="other"))
        assert not replay_erasure(work, attrs.evolve(line, links=(f"contact:{uuid4()}",)))


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": 1}', '{"id":"x","tenant":"t","at":"","links":[]}']
)
def test_a_broken_erase_log_names_the_line(line: str) -> None:
    """What is no line of an erase log is refused with its number."""
    with pytest.raises(BrokenFile) as caught:
        list(read_erasures(["", line]))
    assert caught.value.path == "line 2"


def test_everything_about_a_person_is_handed_out(place: Place) -> None:
    """Records, ties, activities, history, messages, merges and audit come as lines of JSON."""
    story = lived(place)
    stream = io.StringIO()
    with place.work() as work:
        count = write_person(work, story.person, stream)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == count
    assert lines[0]["part"] == "person"
    parts = {(line["part"], line.get("entity")) for line in lines}
    assert parts >= {
        ("record", "contact"),
        ("record", "lead"),
        ("record", "affiliation"),
        ("record", "activity"),
        ("record", "merge"),
        ("change", "change"),
        ("message", "outbox_message"),
        ("audit", "audit_entry"),
    }
    text = stream.getvalue().casefold()
    found = {canary for canary in CANARIES if canary.casefold() in text}
    assert found >= {"Zykanara", "卡娜莉", "canarynote", "canarytitle", "canarysubject"}
    assert "ann other" not in text
    [entry] = [
        one for one in place.rows(AuditEntry) if one.subjects and one.kind is AuditKind.EXPORT
    ]
    assert f"contact:{story.person.id}" in entry.subjects


def test_an_export_asks_for_permission_before_it_tells_anything(near: Place) -> None:
    """Who may not export gets nothing, not even the first line."""
    story = lived(near)
    for call in (export_person, erase_person):
        with pytest.raises(NotPermitted), near.work(by="nobody") as work:
            call(work, story.person)


def test_who_writes_meanwhile_is_refused(near: Place) -> None:
    """A change based on what was before, and a note on the person, end in a conflict."""
    story = lived(near)
    stale = near.work()
    person = stale.contacts.get(story.person.id)
    if near.crm.storage.name == "sqlite":
        stale.rollback()
        erased(story)
        with pytest.raises(Conflict), near.work() as work:
            work.contacts.save(person.evolve(notes="canarynote"))
    else:
        parties.follow_up(stale, person, "canarysubject")
        erased(story)
        with pytest.raises(Conflict):
            stale.commit()
    assert canaries_in(near) == []


def test_a_vendors_entity_about_a_person_is_erased_without_a_word(near_url: str) -> None:
    """Its texts go when it declares nothing; people named inside a document are found too."""

    @entity("grumble", unique=[Unique("number")])
    @attrs.frozen(kw_only=True)
    class Grumble(Aggregate):
        number: str
        text: str
        contact_id: ContactId
        level: int = 1

    @attrs.frozen(kw_only=True)
    class Guest:
        contact_id: ContactId
        remark: str = ""

    @keeps(
        personal=["guests"],
        about=["guests"],
        purpose=CUSTOMER_CARE,
        basis=LegalBasis.CONSENT,
        retention=Retention(days=30),
    )
    @entity("party")
    @attrs.frozen(kw_only=True)
    class Party(Aggregate):
        title: str
        guests: tuple[Guest, ...] = ()

    with CRM.open(near_url, plugin_names=(), entities=[Grumble, Party]) as crm:
        crm.schema.apply()
        place = Place(crm, "acme")
        with place.work() as work:
            person, other = (parties.add_contact(work, name) for name in ("Zykanara", "Other"))
            complaint = work.of(Grumble).add(
                Grumble(id=work.new_id(), number="C1", text="canarynote", contact_id=person.id)
            )
            guest = Guest(contact_id=person.id, remark="canarynote")
            party = work.of(Party).add(
                Party(id=work.new_id(), title="for Zykanara", guests=(guest,))
            )
            stays = work.of(Party).add(
                Party(id=work.new_id(), title="Zykanara", guests=(Guest(contact_id=other.id),))
            )
        place.run(erase_person, person)
        assert (place.read(complaint).number, place.read(complaint).text) == ("C1", ERASED)
        assert (place.read(party).title, place.read(party).guests) == (f"for {ERASED}", ())
        assert place.read(stays) == stays


def test_a_namesake_keeps_what_is_told_of_them(near: Place) -> None:
    """A name may be another's: messages about other records lose numbers, addresses, no names."""
    story = lived(near)
    with near.work() as work:
        parties.register_customer(work, "Zykanara Lead GmbH")
    erased(story)
    told = [one.payload for one in near.rows(OutboxMessage) if one.topic == "CustomerRegistered"]
    assert "Zykanara Lead GmbH" in {payload["name"] for payload in told}


def test_shares_of_an_erased_person_end(near: Place) -> None:
    """A share dies with its record, and its reason names nobody any more."""
    with near.work() as work:
        user = work.users.add(User(id=UserId(work.new_id()), name="Wang"))
        person = parties.add_contact(work, "Zykanara")
        share_record(work, person, user, reason="Zykanara asked for Wang")
    near.run(erase_person, person)
    [share] = near.all(Share)
    assert not share.is_open(near.crm.clock.now())
    assert canaries_in(near) == []
