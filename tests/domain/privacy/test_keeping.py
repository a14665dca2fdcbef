"""What entities declare to keep about people, and what is feared of those that declare nothing."""

from datetime import date
from typing import Annotated, NewType
from uuid import UUID, uuid4

import attrs
import pytest

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity, spec_of
from crmkit.domain.kinds import Text
from crmkit.domain.parties.contact import Contact, ContactId
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.customer import Customer, CustomerId, CustomerKind
from crmkit.domain.privacy.blanking import ERASED, blanked, blanked_plain
from crmkit.domain.privacy.keeping import keeping_of, keeps, undeclared
from crmkit.domain.privacy.masking import HIDDEN, mask
from crmkit.domain.privacy.terms import (
    ARTICLES,
    CUSTOMER_CARE,
    DataClass,
    LegalBasis,
    Retention,
)
from crmkit.domain.sales.deal import Deal
from crmkit.errors import InvalidSettings, OutOfRange, UnknownField
from crmkit.work.departments import ENTITIES

ComplaintId = NewType("ComplaintId", UUID)
KEPT = {
    "purpose": CUSTOMER_CARE,
    "basis": LegalBasis.CONTRACT,
    "retention": Retention(days=30),
}


@entity("complaint", unique=[Unique("number")])
@attrs.frozen(kw_only=True)
class Complaint(Aggregate):
    """A vendor's entity that says nothing about privacy."""

    id: ComplaintId
    number: str
    text: str
    contact_id: ContactId
    since: date | None = None
    level: int = 1


def test_every_entity_declares_what_it_keeps() -> None:
    """No entity of crmkit is without a declaration."""
    silent = {spec.name: undeclared(spec) for spec in map(spec_of, ENTITIES) if undeclared(spec)}
    assert silent == {}, "put @keeps(...) above @entity, @keeps() when nothing is about people"


def test_every_declaration_is_sound() -> None:
    """Every declaration names known fields, one class each, and says why and how long."""
    for spec in map(spec_of, ENTITIES):
        keeping = keeping_of(spec)
        assert not keeping.of_person or (keeping.purpose and keeping.basis and keeping.retention)


def test_an_undeclared_entity_about_people_is_feared() -> None:
    """Its texts and dates count as personal, but for what keeps records apart."""
    keeping = keeping_of(spec_of(Complaint))
    assert not keeping.is_declared
    assert set(keeping.personal) >= {"text", "since", "custom", "tags"}
    assert keeping.about == ("contact_id",)
    assert {keeping.class_of(name) for name in ("number", "level")} == {DataClass.PLAIN}
    assert "text" in undeclared(spec_of(Complaint))


@pytest.mark.parametrize(
    ("options", "error", "path"),
    [
        ({"personal": ["nme"], **KEPT}, UnknownField, "wrong.nme"),
        ({"personal": ["name"], "sensitive": ["name"], **KEPT}, InvalidSettings, "wrong.name"),
        ({"personal": ["name"]}, InvalidSettings, "wrong"),
        ({"about": ["friend_id"]}, UnknownField, "wrong.friend_id"),
        (
            {"personal": ["name"], **KEPT, "retention": Retention(days=1, after="gone_at")},
            UnknownField,
            "wrong.gone_at",
        ),
    ],
)
def test_a_wrong_declaration_names_the_field(
    options: dict[str, object], error: type[Exception], path: str
) -> None:
    """Unknown fields, two classes of one field and missing reasons are told by name."""

    @keeps(**options)  # type: ignore[arg-type]
    @entity("wrong")
    @attrs.frozen(kw_only=True)
    class Wrong(Aggregate):
        name: str

    with pytest.raises(error) as caught:
        keeping_of(spec_of(Wrong))
    assert getattr(caught.value, "path", "") == path


def test_data_is_kept_for_a_day_at_least() -> None:
    """A retention of no days is refused."""
    with pytest.raises(OutOfRange):
        Retention(days=0)


def test_an_organisation_is_no_person() -> None:
    """The name of a company is plain, that of a customer who is a person is personal."""
    keeping = keeping_of(spec_of(Customer))
    firm = Customer(id=CustomerId(uuid4()), name="鲁西科技")
    person = firm.evolve(kind=CustomerKind.PERSON)
    assert keeping.class_in(firm, "name") is DataClass.PLAIN
    assert keeping.class_in(person, "name") is DataClass.PERSONAL
    assert keeping.class_in(firm, "annual_revenue") is DataClass.FINANCIAL
    assert (keeping.concerns_person(firm), keeping.concerns_person(person)) == (False, True)


def test_a_blanked_person_says_nothing() -> None:
    """What is personal is gone, keys for comparing included; the id and what is plain stay."""
    spec = spec_of(Contact)
    person = Contact(
        id=ContactId(uuid4()),
        name="张伟",
        birthday=date(1980, 5, 1),
        contact_points=(ContactPoint(kind=ContactKind.MOBILE, raw="13800138000"),),
        tags=("vip",),
        custom={"hobby": "chess", "level": 3},
    )
    blank = blanked(spec, person, kept_custom={"level"})
    assert blank.name == ERASED
    assert (blank.birthday, blank.contact_points, blank.match_keys, blank.tags) == (
        None,
        (),
        (),
        (),
    )
    assert (blank.id, blank.custom) == (person.id, {"level": 3})
    assert blanked(spec, blank, kept_custom={"level"}) == blank


def test_logged_values_are_blanked_like_the_record() -> None:
    """The change log keeps that a field was set, not to what; a retired field is left out."""
    logged = {
        "name": "张伟",
        "notes": None,
        "custom": {"hobby": "chess", "hobby:k": "chess", "level:i": 3},
        "merged_into_id": "x",
        "gone": "张伟",
    }
    kept = blanked_plain(spec_of(Contact), logged, "1", kept_custom={"level"})
    assert kept == {
        "name": ERASED,
        "notes": None,
        "custom": {"level:i": 3},
        "merged_into_id": "x",
    }
    assert blanked_plain(spec_of(Contact), None, "1") is None


def test_a_unique_text_stays_unique_when_it_is_blanked() -> None:
    """Two erased records do not meet in a unique field."""

    @keeps(personal=["code", "short"], about=["id"], **KEPT)  # type: ignore[arg-type]
    @entity("member", unique=[Unique("code")])
    @attrs.frozen(kw_only=True)
    class Member(Aggregate):
        code: str
        short: Annotated[str, Text(max_length=3)]
        since: date = date(2020, 1, 1)

    members = [Member(id=uuid4(), code=str(at), short="abc") for at in range(2)]
    codes = {blanked(spec_of(Member), member).code for member in members}
    assert len(codes) == 2
    assert len(blanked(spec_of(Member), members[0]).short) == 3


@pytest.mark.parametrize(
    ("value", "data_class", "shown"),
    [
        ("张伟", DataClass.PERSONAL, "张**"),
        ("+86 138 0013 8000", DataClass.PERSONAL, "861****8000"),
        ("13800138000", DataClass.PERSONAL, "138****8000"),
        ("8001380", DataClass.PERSONAL, HIDDEN),
        ("zhang@example.com", DataClass.PERSONAL, "z***@example.com"),
        (date(1980, 5, 1), DataClass.PERSONAL, "1980-**-**"),
        ("110101198005011234", DataClass.SENSITIVE, HIDDEN),
        (98000, DataClass.FINANCIAL, HIDDEN),
        (("a",), DataClass.PERSONAL, HIDDEN),
        ("", DataClass.PERSONAL, ""),
        (None, DataClass.SENSITIVE, None),
        ("new", DataClass.PLAIN, "new"),
    ],
)
def test_a_mask_shows_a_hint(value: object, data_class: DataClass, shown: object) -> None:
    """Of a personal value a hint is shown, of a sensitive or financial one nothing."""
    assert mask(value, data_class) == shown


def test_only_a_legitimate_interest_is_unknown_in_china() -> None:
    """Every basis has its article in both laws but that one."""
    assert [basis for basis, found in ARTICLES.items() if not found.pipl] == [
        LegalBasis.LEGITIMATE_INTEREST
    ]
    assert set(ARTICLES) == set(LegalBasis)


def test_a_deal_is_kept_for_the_books() -> None:
    """Its value is financial, and it leads to a customer or lead who may be a person."""
    keeping = keeping_of(spec_of(Deal))
    assert keeping.class_of("value") is DataClass.FINANCIAL
    assert keeping.about == ("customer_id", "lead_id")
