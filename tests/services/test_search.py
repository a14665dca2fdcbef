"""Search: what is typed leads to the parties that are meant, the same on every store."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.crm import CRM
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import Customer
from crmkit.domain.parties.identifiers import Identifier
from crmkit.errors import InvalidInput, InvalidValue, OutOfRange, WrongType
from crmkit.services import merging, parties
from crmkit.services.duplicates import would_duplicate
from crmkit.services.searching import MAX_WORDS, search
from crmkit.work import UnitOfWork

EVERYWHERE = pytest.mark.parametrize(
    "near_url", ["memory", "sqlite", "postgresql", "mongodb"], indirect=True
)


@pytest.fixture
def crm(near_url: str) -> Iterator[CRM]:
    """Give a CRM on each store in turn, with some parties."""
    with CRM.open(near_url, plugin_names=()) as crm:
        crm.schema.apply()
        with work(crm) as unit:
            populate(unit)
        yield crm


def work(crm: CRM, tenant: str = "acme") -> UnitOfWork:
    """Open a unit of work."""
    return crm.work(by="li", tenant=tenant)


def populate(unit: UnitOfWork) -> None:
    """Write the parties that are looked for."""
    parties.register_customer(
        unit,
        "聊城市鲁西科技有限公司",
        number="K-0042",
        identifiers=(
            Identifier(scheme="uscc", value="91350100M000100Y43"),
            Identifier(scheme="duns", value="150483782"),
        ),
        contact_points=(
            ContactPoint(kind="phone", raw="0635-8230000转1"),
            ContactPoint(kind="website", raw="https://www.luxi.example.com/zh"),
        ),
    )
    parties.register_customer(unit, "Müller & Söhne GmbH", contact_points=mail("Info@Söhne.de"))
    parties.register_customer(unit, "100% Natur_Kost AG")
    parties.add_contact(unit, "李伟", contact_points=(point("wechat", "LiWei1980"),))
    parties.add_contact(unit, "Wei Li", contact_points=(point("mobile", "+86 138 0013 8000"),))
    parties.capture_lead(unit, "王芳", company="光岳食品", contact_points=mail("wf@example.com"))


def point(kind: str, raw: str) -> ContactPoint:
    """Make a contact point."""
    return ContactPoint(kind=kind, raw=raw)  # type: ignore[arg-type]


def mail(raw: str) -> tuple[ContactPoint, ...]:
    """Make an e-mail address."""
    return (point("email", raw),)


def names(crm: CRM, text: str, tenant: str = "acme", limit: int = 20) -> list[str]:
    """Return the names that a text leads to."""
    with work(crm, tenant) as unit:
        return [record.name for record in search(unit, text, limit=limit)]


FOUND = [
    ("鲁西", "聊城市鲁西科技有限公司"),
    ("科技 鲁西", "聊城市鲁西科技有限公司"),
    ("鲁西科技股份公司", "聊城市鲁西科技有限公司"),
    ("k-0042", "聊城市鲁西科技有限公司"),
    ("K-0042", "聊城市鲁西科技有限公司"),
    ("91350100m000100y43", "聊城市鲁西科技有限公司"),
    ("9135 0100 M000 100Y 43", "聊城市鲁西科技有限公司"),
    ("duns 150483782", "聊城市鲁西科技有限公司"),
    ("0635 823 0000", "聊城市鲁西科技有限公司"),
    ("+86 635 8230000", "聊城市鲁西科技有限公司"),
    ("luxi.example.com", "聊城市鲁西科技有限公司"),
    ("MÜLLER", "Müller & Söhne GmbH"),
    ("söhne müller", "Müller & Söhne GmbH"),
    ("info@söhne.de", "Müller & Söhne GmbH"),
    ("100%", "100% Natur_Kost AG"),
    ("%", "100% Natur_Kost AG"),
    ("_", "100% Natur_Kost AG"),
    ("李", "李伟"),
    ("liwei1980", "李伟"),
    ("ＬＩ ｗｅｉ", "Wei Li"),
    ("13800138000", "Wei Li"),
    ("光岳", "王芳"),
    ("王芳", "王芳"),
    ("WF@example.com", "王芳"),
    ("nobody", None),
    ("   ", None),
]


@EVERYWHERE
def test_each_text_leads_to_the_one_that_is_meant(crm: CRM) -> None:
    """Names, words of them, numbers, phones, addresses and websites lead to their owner alone."""
    found = {text: names(crm, text) for text, _name in FOUND}
    assert found == {text: [name] if name else [] for text, name in FOUND}


@EVERYWHERE
def test_the_likest_come_first_and_each_once(crm: CRM) -> None:
    """A number or spelling comes before names that begin so, these before names that hold it."""
    with work(crm) as unit:
        for name in ("新鲁西科技园", "鲁西科技园物业", "鲁西科技"):
            parties.register_customer(unit, name)
    assert names(crm, "鲁西科技") == [
        "聊城市鲁西科技有限公司",
        "鲁西科技",
        "鲁西科技园物业",
        "新鲁西科技园",
    ]
    assert len(names(crm, "鲁西科技", limit=2)) == 2


@EVERYWHERE
def test_only_live_records_of_the_tenant_are_found(crm: CRM) -> None:
    """Another tenant finds nothing, and what is removed or merged away is not found."""
    assert names(crm, "鲁西", tenant="other") == []
    with work(crm) as unit:
        [first] = unit.customers.find(unit.where(Customer).name.contains("鲁西"))
        second = parties.register_customer(unit, "鲁西科技")
        merging.merge_customers(unit, second.id, first.id)
    assert names(crm, "鲁西") == ["鲁西科技"]
    assert names(crm, "0635 8230000") == ["鲁西科技"]


@EVERYWHERE
def test_hostile_texts_find_what_bears_them_and_nothing_else(crm: CRM, shared: Path) -> None:
    """Whatever text comes, it is refused by name, or leads to the customer of that name."""
    lines = (shared / "corpora/hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines[::40]:
        text = json.loads(line)["s"]
        try:
            with work(crm) as unit:
                named = parties.register_customer(unit, text)
        except InvalidInput as refused:
            assert refused.path
            continue
        try:
            with work(crm) as unit:
                found = search(unit, text)
                twins = would_duplicate(unit, Customer, text)
        except InvalidInput as refused:
            assert refused.path == "text"
        else:
            assert (named in found) is bool(text.strip())
            assert {twin.record.name for twin in twins} <= {record.name for record in found} | {
                text
            }
        with work(crm) as unit:
            assert unit.customers.remove(unit.customers.get(named.id)).name == text


def test_wrong_calls_name_the_text(crm: CRM) -> None:
    """What is no text, too long or of too many words is refused by name."""
    wrong: list[tuple[object, type[InvalidValue]]] = [
        (5, WrongType),
        ("a\x00", InvalidValue),
        ("\ud800", InvalidValue),
        ("a" * 1_001, OutOfRange),
        ("a " * (MAX_WORDS + 1), OutOfRange),
    ]
    for text, error in wrong:
        with pytest.raises(error) as caught, work(crm) as unit:
            search(unit, text)  # type: ignore[arg-type]
        assert caught.value.path == "text"
    with pytest.raises(OutOfRange) as caught, work(crm) as unit:
        search(unit, "a", limit=0)
    assert caught.value.path == "limit"


@given(name=st.text("abÄß聊城。 %_'\\", min_size=1, max_size=8), cut=st.data())
def test_every_part_of_a_name_leads_to_it(name: str, cut: st.DataObject) -> None:
    """Whatever signs a name has, each part of it finds it, in capitals too."""
    begin = cut.draw(st.integers(0, len(name) - 1))
    part = name[begin : cut.draw(st.integers(begin + 1, len(name)))]
    with CRM.open("memory:", plugin_names=()) as crm:
        with work(crm) as unit:
            parties.register_customer(unit, name)
        assert names(crm, part.upper()) == ([name] if part.strip() else [])
