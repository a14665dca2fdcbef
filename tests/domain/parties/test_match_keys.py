"""Match keys: what leads from one record of a party to another, and from a text to its owner."""

from uuid import UUID

import pytest

from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact import Contact
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import Customer, CustomerKind
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.parties.lead import Lead
from crmkit.domain.parties.match_keys import keys_of_text

ID = UUID(int=1)
PHONE = ContactPoint(kind="phone", raw="0635-8230000转12")
MAIL = ContactPoint(kind="email", raw="Info@Luxi.example.com")
WECHAT = ContactPoint(kind="wechat", raw="LuXi_1998")
SITE = ContactPoint(kind="website", raw="https://www.luxi.example.com/zh")
LUXI = Customer(
    id=ID,
    name="聊城市鲁西科技有限公司",
    identifiers=(
        Identifier(scheme="uscc", value="91350100M000100Y43"),
        Identifier(scheme="vat", value="DE136695976"),
        Identifier(scheme="duns", value="150483782"),
    ),
    contact_points=(PHONE, MAIL, WECHAT, SITE),
)


@pytest.mark.parametrize(
    "text",
    [
        "鲁西科技股份公司",
        "0635 823 0000",
        "0635-8230000 ext 99",
        "info@luxi.example.com",
        "www.luxi.example.com",
        "http://luxi.example.com/about?a=1",
        "luxi_1998",
        "9135 0100 m000 100y 43",
        "de 136 695 976",
        "DUNS 150483782",
    ],
)
def test_a_text_leads_to_the_company_that_it_is_about(text: str) -> None:
    """A name, phone, address, website, account or number shares a key with its company."""
    assert set(keys_of_text(text)) & set(LUXI.match_keys)


@pytest.mark.parametrize("text", ["光岳食品", "0635 8230001", "info@example.com", "150483782", ""])
def test_other_texts_do_not(text: str) -> None:
    """What is not about the company shares no key with it."""
    assert not set(keys_of_text(text)) & set(LUXI.match_keys)


def test_a_person_is_found_by_more_than_a_name() -> None:
    """Two people of one name share a key when a city, a birthday or a phone is the same too."""
    city = Address(city="聊城市")
    one = Contact(id=ID, name="Wei Li", address=city)
    two = Customer(id=ID, name="LI wei", kind=CustomerKind.PERSON, address=city)
    assert set(one.match_keys) & set(two.match_keys)
    assert not set(Contact(id=ID, name="Wei Li").match_keys)
    assert set(Contact(id=ID, name="x", contact_points=(WECHAT,)).match_keys) & set(
        keys_of_text("luxi_1998")
    )


def test_a_lead_is_found_by_person_and_company() -> None:
    """Two leads share a key when person and company are the same, however the company is spelt."""
    one = Lead(id=ID, name="王芳", company="鲁西科技（聊城）有限公司")
    two = Lead(id=ID, name="王芳", company="鲁西科技")
    other = Lead(id=ID, name="王芳", company="光岳食品")
    assert set(one.match_keys) & set(two.match_keys)
    assert not set(one.match_keys) & set(other.match_keys)


def test_keys_follow_every_change() -> None:
    """A changed name or phone has its own keys at once."""
    changed = LUXI.evolve(name="东昌物流", contact_points=())
    assert "name=东昌物流" in changed.match_keys
    assert not any(key.startswith(("phone=", "email=")) for key in changed.match_keys)
    assert LUXI.evolve(match_keys=("made up",)).match_keys == LUXI.match_keys
