"""Duplicates over the work: of one record, before registering, and among all."""

import csv
from datetime import datetime
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.filters.where import where
from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import Customer, CustomerId, CustomerKind
from crmkit.domain.parties.duplicates import WINDOW, compare
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.parties.lead import Lead
from crmkit.errors import OutOfRange, UnknownField, WrongType
from crmkit.services import merging, parties
from crmkit.services.duplicates import (
    MAX_TOGETHER,
    find_duplicates,
    find_duplicates_of,
    would_duplicate,
)
from crmkit.services.sorting import SortedRows
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
LUXI = "聊城市鲁西科技有限公司"
SWITCHBOARD = ContactPoint(kind="phone", raw="0635-8230000转1")
USCC = Identifier(scheme="uscc", value="91350100M000100Y43")


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


@EVERYWHERE
def test_the_likely_twins_of_a_customer_are_found_with_reasons(crm: CRM) -> None:
    """Other spellings, the same number and the same phone lead to a customer, the likest first."""
    with work(crm) as unit:
        luxi = parties.register_customer(
            unit, LUXI, identifiers=(USCC,), contact_points=(SWITCHBOARD,)
        )
        spelt = parties.register_customer(unit, "鲁西科技（聊城）有限公司")
        renamed = parties.register_customer(
            unit,
            "东昌物流",
            identifiers=(USCC,),
            contact_points=(ContactPoint(kind="phone", raw="0635 8230000"),),
        )
        parties.register_customer(unit, "济南鲁西科技有限公司")
        parties.register_customer(unit, "聊城市鲁西食品有限公司")
    with work(crm) as unit:
        twins = find_duplicates_of(unit, unit.customers.get(luxi.id))
    assert {twin.record.id for twin in twins} == {spelt.id, renamed.id}
    assert [twin.match.score for twin in twins] == sorted(
        (twin.match.score for twin in twins), reverse=True
    )
    by_id = {twin.record.id: twin.match for twin in twins}
    assert by_id[renamed.id].reasons[0].feature == "uscc"
    assert {reason.feature for reason in by_id[spelt.id].reasons} == {"name", "place"}


@EVERYWHERE
def test_likely_twins_are_shown_before_registering(crm: CRM) -> None:
    """What somebody types in leads to the customers that are there, and nothing is written."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, LUXI)
    with work(crm) as unit:
        [twin] = would_duplicate(unit, Customer, "鲁西科技有限责任公司")
        assert would_duplicate(unit, Customer, "光岳食品") == []
    assert twin.record == luxi
    with work(crm) as unit:
        assert unit.customers.count() == 1


@EVERYWHERE
def test_contacts_and_leads_have_twins_too(crm: CRM) -> None:
    """A person is found by phone, birthday or street beside the name, a lead by its company."""
    phone = ContactPoint(kind="mobile", raw="138 0013 8000")
    home = Address(city="聊城市", street="东昌路1号")
    with work(crm) as unit:
        called = parties.add_contact(unit, "Wei Li", contact_points=(phone,))
        housed = parties.add_contact(unit, "张伟", address=home)
        lead = parties.capture_lead(unit, "王芳", company=LUXI)
        parties.capture_lead(unit, "王芳", company="光岳食品")
        parties.add_contact(unit, "张伟")
    again = ContactPoint(kind="phone", raw="+86 138-0013-8000")
    with work(crm) as unit:
        assert [
            twin.record.id
            for twin in would_duplicate(unit, Contact, "LI Wei", contact_points=(again,))
        ] == [called.id]
        assert [
            twin.record.id for twin in would_duplicate(unit, Contact, "张伟", address=home)
        ] == [housed.id]
        assert [
            twin.record.id for twin in would_duplicate(unit, Lead, "王芳", company="鲁西科技")
        ] == [lead.id]


@EVERYWHERE
def test_all_pairs_of_a_tenant_are_found_once(crm: CRM) -> None:
    """Each likely pair comes once, with score and reasons; nothing of another tenant does."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, LUXI, contact_points=(SWITCHBOARD,))
        spelt = parties.register_customer(unit, "鲁西科技公司", contact_points=(SWITCHBOARD,))
        parties.register_customer(unit, "光岳食品")
        food = parties.register_customer(unit, "聊城光岳食品有限公司")
    with work(crm, tenant="other") as unit:
        parties.register_customer(unit, LUXI, contact_points=(SWITCHBOARD,))
    with work(crm) as unit:
        found = {(pair.left.id, pair.right.id): pair for pair in find_duplicates(unit, Customer)}
        every = list(find_duplicates(unit, Customer))
    assert len(found) == len(every) == 2
    pair = found[luxi.id, spelt.id]
    assert pair.match == compare(luxi.features(), spelt.features(), luxi.likeness)
    assert food.id in {right for _left, right in found}


@EVERYWHERE
def test_merged_and_removed_records_are_no_twins(crm: CRM) -> None:
    """Once two records are one, or one is removed, they are no longer reported."""
    with work(crm) as unit:
        first, second, third = (parties.register_customer(unit, LUXI) for _ in range(3))
        merging.merge_customers(unit, first.id, second.id)
        unit.customers.remove(unit.customers.get(third.id))
    with work(crm) as unit:
        assert list(find_duplicates(unit, Customer)) == []
        assert find_duplicates_of(unit, unit.customers.get(first.id)) == []


@EVERYWHERE
def test_changed_records_are_found_by_what_they_are_now(crm: CRM) -> None:
    """After a change the record has the keys of its new values and none of the old."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, LUXI)
    with work(crm) as unit:
        parties.update_customer(unit, luxi.id, name="东昌物流有限公司")
    with work(crm) as unit:
        assert would_duplicate(unit, Customer, LUXI) == []
        assert len(would_duplicate(unit, Customer, "东昌物流")) == 1


def test_a_filter_narrows_the_records_compared(crm: CRM) -> None:
    """Only records that fit are compared with each other."""
    with work(crm) as unit:
        for name, tag in ((LUXI, "a"), ("鲁西科技", "a"), ("鲁西科技公司", "b")):
            parties.register_customer(unit, name, tags=(tag,))
        tagged = where(Customer).tags.has_any(["a"])
        assert len(list(find_duplicates(unit, Customer))) == 3
        assert len(list(find_duplicates(unit, Customer, among=tagged))) == 1


def test_people_are_not_compared_with_companies(crm: CRM) -> None:
    """A person and an organisation that share a phone are two customers."""
    with work(crm) as unit:
        parties.register_customer(unit, "张伟", contact_points=(SWITCHBOARD,))
        parties.register_customer(
            unit, "张伟", kind=CustomerKind.PERSON, contact_points=(SWITCHBOARD,)
        )
        assert list(find_duplicates(unit, Customer, threshold=-1e9)) == []


@EVERYWHERE
def test_large_blocks_are_bounded_and_find_neighbours(crm: CRM) -> None:
    """Where more share a key than can all be compared, the next by name are, once."""
    many = MAX_TOGETHER + 50
    with work(crm) as unit:
        unit.customers.insert_many(
            Customer(
                id=unit.new_id(),
                name=f"{at % (many - 20):05} Works {at % (many - 20):05}",
                contact_points=(
                    ContactPoint(kind="website", raw="group.example.com"),
                    ContactPoint(kind="phone", raw="0635 8230000"),
                ),
            )
            for at in range(many)
        )
    with work(crm) as unit:
        found = list(find_duplicates(unit, Customer))
        first = unit.customers.find(where(Customer).name.starts_with("00003"))[0]
        twins = find_duplicates_of(unit, first)
    pairs = [(pair.left.id, pair.right.id) for pair in found]
    assert len(pairs) == len(set(pairs)) <= many * WINDOW
    assert sum(pair.left.name == pair.right.name for pair in found) == 20
    assert [twin.record.name for twin in twins][:1] == [first.name]


@EVERYWHERE
def test_planted_duplicates_of_real_people_are_found(crm: CRM, shared: Path) -> None:
    """Among 1,000 people with 500 planted duplicates the right pairs are found, and few others."""
    with (shared / "data/febrl/dataset1.csv").open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source, skipinitialspace=True))
    with work(crm) as unit:
        saved = unit.customers.insert_many(person(unit.new_id(), row) for row in rows)
    known = {record.id: row["rec_id"] for record, row in zip(saved, rows, strict=True)}
    with work(crm) as unit:
        pairs = [(pair.left.id, pair.right.id) for pair in find_duplicates(unit, Customer)]
    found = {tuple(sorted((known[left], known[right]))) for left, right in pairs}
    true = {tuple(sorted((name, name.replace("-org", "-dup-0")))) for name in known.values()}
    true = {pair for pair in true if pair[0] != pair[1]}
    right = len(found & true)
    print("precision", right / len(found), "recall", right / len(true))
    assert len(true) == 500
    assert len(pairs) == len(found)
    assert right / len(found) >= 0.99
    assert right / len(true) >= 0.98


def person(record_id: UUID, row: dict[str, str]) -> Customer:
    """Make a customer of a row of the people of FEBRL; their birthdays have dirt in them."""
    try:
        birthday = datetime.strptime(row["date_of_birth"], "%Y%m%d").date()
    except ValueError:
        birthday = None
    number = row["soc_sec_id"]
    return Customer(
        id=CustomerId(record_id),
        kind=CustomerKind.PERSON,
        name=f"{row['given_name']} {row['surname']}".strip() or "?",
        birthday=birthday,
        identifiers=(Identifier(scheme="ssn", value=number),) if number else (),
        address=Address(
            country="AU",
            street=row["address_1"] or None,
            city=row["suburb"] or None,
            postal_code=row["postcode"] or None,
        ),
    )


@given(
    people=st.lists(
        st.tuples(
            st.sampled_from(["鲁西科技", "光岳食品", "东昌物流"]),
            st.sampled_from(["", "0635 8230000", "0635 8230001"]),
            st.sampled_from(["", "https://luxi.cn", "https://gy.cn"]),
        ),
        max_size=12,
    )
)
def test_pairs_are_those_that_share_a_key(people: list[tuple[str, str, str]]) -> None:
    """Without a threshold, the pairs are exactly those that share a match key, each once."""
    with CRM.open("memory:", plugin_names=()) as crm, work(crm) as unit:
        records = [
            parties.register_customer(unit, name, contact_points=points(phone, site))
            for name, phone, site in people
        ]
        found = [
            (pair.left.id, pair.right.id)
            for pair in find_duplicates(unit, Customer, threshold=-1e9)
        ]
        expected = [
            (left.id, right.id)
            for left, right in combinations(sorted(records, key=lambda one: one.id), 2)
            if set(left.match_keys) & set(right.match_keys)
        ]
        assert sorted(found) == sorted(expected)
        for record in records:
            twins = find_duplicates_of(unit, record, threshold=-1e9, limit=100)
            near = {ids for pair in expected if record.id in pair for ids in pair} - {record.id}
            assert {twin.record.id for twin in twins} == near


def points(phone: str, site: str) -> tuple[ContactPoint, ...]:
    """Make contact points of what is given."""
    given = (("phone", phone), ("website", site))
    return tuple(ContactPoint(kind=kind, raw=raw) for kind, raw in given if raw)


@given(rows=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3))), run=st.integers(1, 5))
def test_rows_are_sorted_on_disk_as_in_memory(rows: list[tuple[str, str]], run: int) -> None:
    """However few rows are held in memory, they come back sorted, twice if asked twice."""
    with SortedRows(run) as kept:
        for row in rows:
            kept.add(row)
        assert list(kept) == list(kept) == sorted(rows)


def test_wrong_calls_name_the_field(crm: CRM) -> None:
    """An unknown field and a wrong type of a draft are told by name."""
    with pytest.raises(WrongType) as caught, work(crm) as unit:
        would_duplicate(unit, Customer, 5)  # type: ignore[arg-type]
    assert caught.value.path == "name"
    with pytest.raises(UnknownField) as unknown, work(crm) as unit:
        would_duplicate(unit, Customer, LUXI, colour="red")
    assert unknown.value.path == "customer.colour"
    with pytest.raises(OutOfRange) as limited, work(crm) as unit:
        find_duplicates_of(unit, parties.register_customer(unit, LUXI), limit=0)
    assert limited.value.path == "limit"
