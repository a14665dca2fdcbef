"""Merging two records of one party, and taking the merge apart again."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.filters.where import where
from crmkit.domain.money import Money
from crmkit.domain.parties.contact import Affiliation, Contact, ContactsMerged, ContactWasMerged
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import (
    Customer,
    CustomersMerged,
    CustomersParted,
    CustomerWasMerged,
)
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.parties.merge import MergeAlreadyUndone, WinnerWasMerged
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.errors import (
    Duplicate,
    InvalidValue,
    NotFound,
    UnknownField,
    VersionConflict,
    WrongType,
)
from crmkit.services import parties, sales
from crmkit.services.custom_fields import define_field, retire_field
from crmkit.services.history import history
from crmkit.services.merging import merge_contacts, merge_customers, merges_of, unmerge
from crmkit.work import UnitOfWork
from tests.services.stopped_clock import Ticking

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)
MOBILE = ContactPoint(kind="mobile", raw="138 0013 8000", is_primary=True)
SAME_MOBILE = ContactPoint(kind="mobile", raw="+86-13800138000")
OTHER_MOBILE = ContactPoint(kind="mobile", raw="139 0013 9000", is_primary=True)
USCC = Identifier(scheme="uscc", value="91350100M000100Y43")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUIET = {"version", "updated_at", "updated_by"}


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM on each store in turn."""
    with CRM.open(near_url, clock=Ticking(START), plugin_names=()) as crm:
        crm.schema.apply()
        yield crm


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


def two(crm: CRM, ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[Customer, Customer]:
    """Register the two customers that are one."""
    with work(crm) as unit:
        winner = parties.register_customer(unit, **{"name": "鲁西科技", **ours})
        return winner, parties.register_customer(unit, **{"name": "鲁西科技公司", **theirs})


def merge(crm: CRM, winner: Customer, loser: Customer, **choices: str) -> Customer:
    """Merge two customers."""
    with work(crm) as unit:
        return merge_customers(unit, winner.id, loser.id, choices=choices)


def part(crm: CRM, record: Customer | Contact) -> tuple[Any, Any]:
    """Take the newest merge of a record apart."""
    with work(crm) as unit:
        return unmerge(unit, merges_of(unit, record)[0].id)


def same(left: Any, right: Any) -> bool:
    """Say whether two records say the same, whenever they were saved."""
    names = [field.name for field in attrs.fields(type(left)) if field.name not in QUIET]
    return all(getattr(left, name) == getattr(right, name) for name in names if name != "events")


@EVERYWHERE
def test_without_choices_the_winner_stays_and_gaps_are_filled(crm: CRM) -> None:
    """The winner's values stay, missing ones come from the loser, lists are joined."""
    ours, theirs = two(
        crm,
        {"industry": "software", "tags": ("vip",), "contact_points": (MOBILE,)},
        {
            "industry": "hardware",
            "tags": ("fair", "vip"),
            "annual_revenue": Money("1200.50", "CNY"),
            "contact_points": (SAME_MOBILE, OTHER_MOBILE),
            "identifiers": (USCC,),
        },
    )
    merged = merge(crm, ours, theirs)
    assert (merged.name, merged.industry) == ("鲁西科技", "software")
    assert merged.annual_revenue == Money("1200.50", "CNY")
    assert merged.tags == ("vip", "fair")
    assert merged.identifiers == (USCC,)
    assert merged.contact_points == (MOBILE, attrs.evolve(OTHER_MOBILE, is_primary=False))
    with work(crm) as unit:
        assert unit.customers.find() == [merged]


@EVERYWHERE
def test_a_choice_takes_the_value_of_either(crm: CRM) -> None:
    """Each chosen field has the value of the record that was named, a list whole."""
    ours, theirs = two(
        crm,
        {"industry": "software", "notes": "old", "tags": ("a",)},
        {"industry": "hardware", "founded_year": 1999, "tags": ("b",)},
    )
    merged = merge(
        crm, ours, theirs, industry="loser", notes="loser", founded_year="winner", tags="loser"
    )
    assert (merged.industry, merged.notes, merged.founded_year) == ("hardware", None, None)
    assert merged.tags == ("b",)


@EVERYWHERE
def test_an_old_id_leads_to_the_record_that_lives_on(crm: CRM) -> None:
    """Over a chain of merges each old id leads to the last winner."""
    first, second = two(crm, {}, {})
    third, _other = two(crm, {}, {})
    merge(crm, second, first)
    merge(crm, third, second)
    with work(crm) as unit:
        for old in (first, second, third):
            assert parties.find_customer(unit, old.id).id == third.id
        assert parties.register_customer(unit, "光岳", parent_id=third.id).parent_id == third.id
        one, two_ = (parties.add_contact(unit, name) for name in ("李伟", "Li Wei"))
    with work(crm) as unit:
        merge_contacts(unit, one.id, two_.id)
        assert parties.find_contact(unit, two_.id).id == one.id


@EVERYWHERE
def test_all_that_referred_to_the_loser_follows(crm: CRM) -> None:
    """Deals, ties, leads, subsidiaries, activities and custom references move, removed ones too."""
    ours, theirs = two(crm, {}, {})
    with work(crm) as unit:
        define_field(unit, "contact", "employer", FieldKind.REFERENCE, target="customer")
    with work(crm) as unit:
        deal = unit.deals.add(
            Deal(id=DealId(unit.new_id()), name="CRM", stage="new", customer_id=theirs.id)
        )
        gone = unit.deals.add(
            Deal(id=DealId(unit.new_id()), name="ERP", stage="new", customer_id=theirs.id)
        )
        unit.deals.remove(gone)
        person = parties.add_contact(unit, "李伟", custom={"employer": theirs.id})
        tie = parties.relate_contact(unit, person.id, theirs.id, role="buyer")
        child = parties.register_customer(unit, "鲁西物流", parent_id=theirs.id)
        task = parties.follow_up(unit, theirs, "call", also_on=(person, ours))
        lead = parties.capture_lead(unit, "王芳", customer_id=theirs.id)
    merged = merge(crm, ours, theirs)
    with work(crm) as unit:
        assert unit.deals.get(deal.id).customer_id == merged.id
        assert unit.deals.get(gone.id, removed=True).customer_id == merged.id
        assert unit.affiliations.get(tie.id).customer_id == merged.id
        assert unit.customers.get(child.id).parent_id == merged.id
        assert unit.contacts.get(person.id).custom == {"employer": merged.id}
        assert unit.leads.get(lead.id).customer_id == merged.id
        assert [found.id for found in parties.activities_on(unit, merged)] == [task.id]
        assert len(unit.activities.get(task.id).links) == 2
    _winner, loser = part(crm, merged)
    with work(crm) as unit:
        assert unit.deals.get(deal.id).customer_id == loser.id
        assert unit.deals.get(gone.id, removed=True).customer_id == loser.id
        assert unit.affiliations.get(tie.id).customer_id == loser.id
        assert unit.customers.get(child.id).parent_id == loser.id
        assert unit.contacts.get(person.id).custom == {"employer": loser.id}
        assert unit.activities.get(task.id).links == task.links


@EVERYWHERE
def test_what_turned_elsewhere_stays_there(crm: CRM) -> None:
    """After unmerging, a deal that went to a third customer, or came to the winner, stays."""
    ours, theirs = two(crm, {}, {})
    third, _other = two(crm, {}, {})
    with work(crm) as unit:
        deal = unit.deals.add(
            Deal(id=DealId(unit.new_id()), name="CRM", stage="new", customer_id=theirs.id)
        )
    merged = merge(crm, ours, theirs)
    with work(crm) as unit:
        unit.deals.save(unit.deals.get(deal.id).evolve(customer_id=third.id))
        later = unit.deals.add(
            Deal(id=DealId(unit.new_id()), name="ERP", stage="new", customer_id=merged.id)
        )
    part(crm, merged)
    with work(crm) as unit:
        assert unit.deals.get(deal.id).customer_id == third.id
        assert unit.deals.get(later.id).customer_id == merged.id


@EVERYWHERE
def test_what_was_removed_is_not_taken_over(crm: CRM) -> None:
    """A loser's owner or parent that is gone leaves the winner without, unless it is asked for."""
    with work(crm) as unit:
        owner = unit.users.add(User(id=UserId(unit.new_id()), name="li", login="li"))
    above, other = two(crm, {}, {})
    ours, theirs = two(crm, {}, {"owner_id": owner.id, "parent_id": above.id, "industry": "x"})
    with work(crm) as unit:
        unit.users.remove(unit.users.get(owner.id))
        unit.customers.remove(unit.customers.get(above.id))
    with pytest.raises(NotFound) as caught:
        merge(crm, ours, theirs, owner_id="loser")
    assert caught.value.path == "customer.owner_id"
    merged = merge(crm, ours, theirs)
    assert (merged.owner_id, merged.parent_id, merged.industry) == (None, None, "x")
    winner, loser = part(crm, merged)
    assert (winner.industry, same(loser, theirs)) == (None, True)
    assert merge(crm, other, winner).owner_id is None


@EVERYWHERE
def test_who_was_removed_since_does_not_come_back(crm: CRM) -> None:
    """A merge is taken apart also when the winner's former owner is gone."""
    with work(crm) as unit:
        former, later = (
            unit.users.add(User(id=UserId(unit.new_id()), name=name, login=name))
            for name in ("li", "wang")
        )
    ours, theirs = two(crm, {"owner_id": former.id}, {"owner_id": later.id})
    merged = merge(crm, ours, theirs, owner_id="loser")
    assert merged.owner_id == later.id
    with work(crm) as unit:
        unit.users.remove(unit.users.get(former.id))
    winner, loser = part(crm, merged)
    assert (winner.owner_id, loser.owner_id) == (None, later.id)


@EVERYWHERE
def test_a_customer_keeps_one_primary_contact(crm: CRM) -> None:
    """The winner's primary contact stays primary; unmerging gives the loser's back."""
    ours, theirs = two(crm, {}, {})
    with work(crm) as unit:
        people = [parties.add_contact(unit, name) for name in ("李伟", "王芳")]
        parties.relate_contact(unit, people[0].id, ours.id, primary=True)
        parties.relate_contact(unit, people[1].id, theirs.id, primary=True)
    merged = merge(crm, ours, theirs)
    first = where(Affiliation).is_primary.eq(True)
    with work(crm) as unit:
        assert [tie.contact_id for tie in unit.affiliations.find(first)] == [people[0].id]
    part(crm, merged)
    with work(crm) as unit:
        assert {tie.customer_id for tie in unit.affiliations.find(first)} == {ours.id, theirs.id}


@EVERYWHERE
def test_unmerging_keeps_later_edits(crm: CRM) -> None:
    """What was changed after the merge stays; all else is as before, item by item in lists."""
    ours, theirs = two(
        crm,
        {"tags": ("vip",), "industry": "software"},
        {"tags": ("fair",), "notes": "met", "founded_year": 1999, "contact_points": (MOBILE,)},
    )
    merged = merge(crm, ours, theirs, industry="loser")
    with work(crm) as unit:
        parties.update_customer(
            unit,
            theirs.id,
            notes="called",
            tags=(*merged.tags, "new"),
            contact_points=(*merged.contact_points, OTHER_MOBILE),
        )
    winner, loser = part(crm, merged)
    assert (winner.notes, winner.founded_year, winner.industry) == ("called", None, "software")
    assert winner.tags == ("vip", "new")
    assert winner.contact_points == (OTHER_MOBILE,)
    assert same(loser, theirs)


@EVERYWHERE
def test_a_tenants_own_fields_are_merged_and_chosen_one_by_one(crm: CRM) -> None:
    """Custom values fill gaps, follow choices, and are given back one by one."""
    with work(crm) as unit:
        define_field(unit, "customer", "level", FieldKind.CHOICE, options=("A", "B"))
        define_field(unit, "customer", "area", FieldKind.TEXT)
        define_field(unit, "customer", "score", FieldKind.NUMBER)
        define_field(unit, "customer", "old", FieldKind.TEXT)
    ours, theirs = two(
        crm,
        {"custom": {"level": "A"}},
        {"custom": {"level": "B", "area": "聊城", "score": 7, "old": "x"}},
    )
    with work(crm) as unit:
        retire_field(unit, "customer", "old")
    merged = merge(crm, ours, theirs, **{"custom.level": "loser", "custom.score": "winner"})
    assert merged.custom == {"level": "B", "area": "聊城"}
    with work(crm) as unit:
        parties.update_customer(unit, merged.id, custom={**merged.custom, "area": "东阿"})
    winner, loser = part(crm, merged)
    assert winner.custom == {"level": "A", "area": "东阿"}
    assert loser.custom == theirs.custom


@EVERYWHERE
def test_unique_values_of_the_loser_are_free_and_come_back(crm: CRM) -> None:
    """A number and a unique custom value may go to the winner, and return with the loser."""
    with work(crm) as unit:
        define_field(unit, "customer", "code", FieldKind.TEXT, unique=True)
    ours, theirs = two(crm, {"number": "K1"}, {"number": "K2", "custom": {"code": "c2"}})
    merged = merge(crm, ours, theirs, number="loser")
    assert (merged.number, merged.custom) == ("K2", {"code": "c2"})
    with work(crm) as unit:
        other = parties.register_customer(unit, "光岳", number="K3")
    with pytest.raises(Duplicate), work(crm) as unit:
        parties.update_customer(unit, other.id, custom={"code": "c2"})
    winner, loser = part(crm, merged)
    assert (winner.number, winner.custom) == ("K1", {})
    assert (loser.number, loser.custom) == ("K2", {"code": "c2"})
    with pytest.raises(Duplicate) as caught, work(crm) as unit:
        parties.register_customer(unit, "东昌", custom={"code": "c2"})
    assert caught.value.fields == ("custom.code",)


@EVERYWHERE
def test_a_value_that_was_taken_meanwhile_refuses_the_unmerge(crm: CRM) -> None:
    """While a third customer has the loser's number, unmerging is refused and changes nothing."""
    ours, theirs = two(crm, {}, {"number": "K2"})
    merged = merge(crm, ours, theirs, number="winner")
    with work(crm) as unit:
        parties.register_customer(unit, "光岳", number="K2")
    with pytest.raises(Duplicate) as caught:
        part(crm, merged)
    assert caught.value.fields == ("number",)
    with work(crm) as unit:
        assert unit.customers.get(merged.id) == merged
        assert merges_of(unit, merged)[0].undone_at is None


@EVERYWHERE
def test_a_parent_never_becomes_its_own(crm: CRM) -> None:
    """Merging a customer with its parent, child or grandparent leaves no circle."""
    with work(crm) as unit:
        top = parties.register_customer(unit, "集团")
        middle = parties.register_customer(unit, "公司", parent_id=top.id)
        low = parties.register_customer(unit, "分公司", parent_id=middle.id)
    with work(crm) as unit:
        merged = merge_customers(unit, low.id, top.id)
        assert merged.parent_id is None
        assert unit.customers.get(middle.id).parent_id == low.id
    winner, loser = part(crm, merged)
    assert (winner.parent_id, loser.parent_id) == (middle.id, None)
    with work(crm) as unit:
        assert unit.customers.get(middle.id).parent_id == top.id
        assert merge_customers(unit, top.id, middle.id).parent_id is None
        assert unit.customers.get(low.id).parent_id == top.id


@EVERYWHERE
def test_contacts_are_merged_alike(crm: CRM) -> None:
    """Two records of a person become one with all ties and activities, and two again."""
    with work(crm) as unit:
        luxi = parties.register_customer(unit, "鲁西科技")
        ours = parties.add_contact(unit, "李伟", contact_points=(MOBILE,))
        theirs = parties.add_contact(unit, "Li Wei", birthday=date(1980, 1, 2))
        tie = parties.relate_contact(unit, theirs.id, luxi.id, primary=True)
        call = parties.follow_up(unit, theirs, "call")
    with work(crm) as unit:
        merged = merge_contacts(unit, ours.id, theirs.id)
        assert ContactsMerged(contact_id=ours.id, merged_id=theirs.id) in unit.events
        assert merged.birthday == date(1980, 1, 2)
        moved = unit.affiliations.get(tie.id)
        assert (moved.contact_id, moved.is_primary) == (ours.id, True)
        assert parties.activities_on(unit, merged)[0].id == call.id
    winner, loser = part(crm, merged)
    assert same(winner, ours)
    assert same(loser, theirs)


def test_merging_and_parting_tell_events_and_history(crm: CRM) -> None:
    """Both tell an event, and the history of the loser has its removal and return."""
    ours, theirs = two(crm, {}, {})
    with work(crm) as unit:
        merge_customers(unit, ours.id, theirs.id)
        assert CustomersMerged(customer_id=ours.id, merged_id=theirs.id) in unit.events
    with work(crm) as unit:
        unmerge(unit, merges_of(unit, theirs)[0].id)
        assert CustomersParted(customer_id=ours.id, merged_id=theirs.id) in unit.events
    with work(crm) as unit:
        told = [str(change.operation) for change in history(unit, (Customer, theirs.id))]
    assert told == ["created", "removed", "restored"]


def test_a_merged_record_is_not_merged_again(crm: CRM) -> None:
    """A record that lives on elsewhere neither wins nor loses; nor is one merged with itself."""
    ours, theirs = two(crm, {}, {})
    third, _other = two(crm, {}, {})
    merge(crm, ours, theirs)
    for winner, loser in ((third, theirs), (theirs, third)):
        with pytest.raises(CustomerWasMerged) as caught:
            merge(crm, winner, loser)
        assert str(ours.id) in str(caught.value)
    with pytest.raises(InvalidValue) as itself:
        merge(crm, third, third)
    assert itself.value.path == "loser_id"
    with work(crm) as unit:
        person, twin = (parties.add_contact(unit, "李伟") for _ in range(2))
        merge_contacts(unit, person.id, twin.id)
    with pytest.raises(ContactWasMerged), work(crm) as unit:
        merge_contacts(unit, twin.id, person.id)


def test_a_merge_is_taken_apart_once_and_from_the_newest(crm: CRM) -> None:
    """Twice is refused, and so is the merge of a winner that was merged since."""
    first, second = two(crm, {"notes": "1"}, {"tags": ("2",)})
    third, _other = two(crm, {}, {})
    merge(crm, first, second)
    merge(crm, third, first)
    with work(crm) as unit:
        journal = merges_of(unit, first)
        assert [one.winner_id for one in journal] == [third.id, first.id]
    with pytest.raises(WinnerWasMerged), work(crm) as unit:
        unmerge(unit, journal[1].id)
    with work(crm) as unit:
        unmerge(unit, journal[0].id)
    with work(crm) as unit:
        winner, loser = unmerge(unit, journal[1].id)
    assert same(winner, first)
    assert same(loser, second)
    with pytest.raises(MergeAlreadyUndone), work(crm) as unit:
        unmerge(unit, journal[1].id)


def test_wrong_calls_name_the_field(crm: CRM) -> None:
    """Unknown fields, choices that are none, other tenants and removed records are refused."""
    ours, theirs = two(crm, {}, {})
    cases: list[tuple[dict[str, str], type[Exception], str]] = [
        ({"colour": "loser"}, UnknownField, "customer.colour"),
        ({"custom.colour": "loser"}, UnknownField, "choices.custom.colour"),
        ({"notes": "both"}, InvalidValue, "choices.notes"),
        ({"version": "loser"}, InvalidValue, "choices.version"),
    ]
    for choices, error, path in cases:
        with pytest.raises(error) as caught:
            merge(crm, ours, theirs, **choices)
        assert caught.value.path == path  # type: ignore[attr-defined]
    with pytest.raises(NotFound), work(crm, tenant="other") as unit:
        merge_customers(unit, ours.id, theirs.id)
    with pytest.raises(WrongType), work(crm) as unit:
        merge_customers(unit, str(ours.id), theirs.id)  # type: ignore[arg-type]
    with work(crm) as unit:
        unit.customers.remove(unit.customers.get(theirs.id))
    with pytest.raises(NotFound):
        merge(crm, ours, theirs)


def test_a_merge_and_a_stale_change_do_not_both_happen(crm: CRM) -> None:
    """Who read a customer before it was merged away cannot save it after."""
    ours, theirs = two(crm, {}, {})
    merge(crm, ours, theirs)
    with pytest.raises(VersionConflict), work(crm) as unit:
        unit.customers.save(theirs.evolve(notes="late"))


@EVERYWHERE
def test_nothing_is_tied_to_a_record_while_it_is_merged_away(crm: CRM) -> None:
    """However a merge races with deals, ties and activities, all end with the winner."""
    with work(crm) as unit:
        stages = sales.define_pipeline(unit, "new")
        person = parties.add_contact(unit, "李伟")
    for _race in range(3):
        ours, theirs = two(crm, {}, {})
        calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
            (merge_customers, (ours.id, theirs.id), {}),
            (
                sales.open_deal,
                (),
                {"name": "CRM", "pipeline": stages.id, "customer": theirs.id},
            ),
            (parties.relate_contact, (person.id, theirs.id), {"primary": True}),
            (parties.follow_up, (theirs, "call"), {}),
        ]
        start = threading.Barrier(len(calls))

        def do(call: Any, given: Any, named: Any, start: Any = start) -> None:
            start.wait()
            crm.run(call, *given, by="li", tenant="acme", attempts=50, **named)

        threads = [threading.Thread(target=do, args=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with work(crm) as unit:
            assert unit.deals.count(where(Deal).customer_id.eq(ours.id)) == 1
            assert unit.deals.count(where(Deal).customer_id.eq(theirs.id)) == 0
            assert unit.affiliations.count(where(Affiliation).customer_id.eq(ours.id)) == 1
            assert unit.affiliations.count(where(Affiliation).customer_id.eq(theirs.id)) == 0
            assert len(parties.activities_on(unit, ours)) == 1


VALUES = st.fixed_dictionaries(
    {
        "industry": st.none() | st.sampled_from(["a", "b"]),
        "notes": st.none() | st.sampled_from(["x", "y"]),
        "tags": st.lists(st.sampled_from("pqrs"), unique=True).map(tuple),
        "contact_points": st.lists(
            st.sampled_from([MOBILE, SAME_MOBILE, OTHER_MOBILE]), unique_by=lambda point: point.raw
        ).map(tuple),
        "identifiers": st.lists(st.just(USCC), max_size=1).map(tuple),
    }
)
CHOICES = st.dictionaries(
    st.sampled_from(["name", "industry", "notes", "tags", "contact_points", "identifiers"]),
    st.sampled_from(["winner", "loser"]),
)
LINKS = st.lists(st.sampled_from([(0,), (1,), (0, 1), (1, 0), (2, 1), (1, 2, 0)]), max_size=4)


@given(ours=VALUES, theirs=VALUES, choices=CHOICES, links=LINKS)
def test_merging_keeps_all_links_and_parting_is_its_inverse(
    ours: dict[str, Any], theirs: dict[str, Any], choices: dict[str, str], links: list[Any]
) -> None:
    """Whatever is chosen: no link is lost by a merge, and unmerging brings all back as it was."""
    with CRM.open("memory:", plugin_names=()) as crm:
        winner, loser = two(crm, ours, theirs)
        third, _other = two(crm, {}, {})
        parties_of = (winner, loser, third)
        with work(crm) as unit:
            for places in links:
                first, *others = (parties_of[place] for place in places)
                parties.follow_up(unit, first, "call", also_on=tuple(others))
                unit.deals.add(Deal(id=new(unit), name="d", stage="s", customer_id=first.id))
            before = snapshot(unit)
            about = {
                one.id for record in (winner, loser) for one in parties.activities_on(unit, record)
            }
        merged = merge(crm, winner, loser, **choices)
        with work(crm) as unit:
            assert {one.id for one in parties.activities_on(unit, merged)} == about
            assert unit.deals.count(where(Deal).customer_id.eq(loser.id)) == 0
        part(crm, merged)
        with work(crm) as unit:
            assert snapshot(unit) == before


def new(unit: UnitOfWork) -> DealId:
    """Return the id of a deal."""
    return DealId(unit.new_id())


def snapshot(unit: UnitOfWork) -> dict[UUID, Any]:
    """Return all that can be read, without when it was saved."""
    records = [*unit.customers.find(), *unit.deals.find(), *unit.activities.find()]
    return {record.id: record.replaced(**dict.fromkeys(QUIET)) for record in records}
