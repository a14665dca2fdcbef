"""Values of parties: numbers are checked, names meet, duplicates are found."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.company_names import company_key
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.duplicates import Weight, find_duplicates, jaro_winkler
from crmkit.domain.parties.identifiers import Identifier
from crmkit.errors import CrmkitError, InvalidValue

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
BLOCKS = (
    ("soc",),
    ("birth", "surname:2"),
    ("given:3", "surname:3"),
    ("street:5", "postcode"),
    ("birth", "given:2"),
)
WEIGHTS = {
    "given": Weight(same=0.9, chance=0.01),
    "surname": Weight(same=0.9, chance=0.005),
    "birth": Weight(same=0.93, chance=0.0005, near=0.93),
    "soc": Weight(same=0.93, chance=0.0001, near=0.93),
    "street": Weight(same=0.85, chance=0.005),
    "suburb": Weight(same=0.85, chance=0.01),
    "postcode": Weight(same=0.88, chance=0.01, near=0.95),
}


@pytest.mark.parametrize(
    "code",
    [
        "91350100M000100Y43",
        "91110000600037341L",
        " 91350100m000100y43 ",
        "９１３５０１００Ｍ０００１００Ｙ４３",
    ],
)
def test_credit_code_is_kept_in_its_normal_form(code):
    """A right 统一社会信用代码 is taken however it was typed."""
    value = Identifier(scheme="uscc", value=code).value
    assert value in {"91350100M000100Y43", "91110000600037341L"}


@pytest.mark.parametrize("at", range(17))
def test_one_wrong_digit_of_a_credit_code_is_found(at):
    """Any single wrong sign breaks the check digit."""
    code = "91350100M000100Y43"
    wrong = code[:at] + ("7" if code[at] != "7" else "8") + code[at + 1 :]
    with pytest.raises(InvalidValue) as caught:
        Identifier(scheme="uscc", value=wrong)
    assert caught.value.path == "value"


@pytest.mark.parametrize(
    ("number", "right"),
    [("DE136695976", True), ("DE136695978", False), ("FR83404833048", True), ("XX123", False)],
)
def test_vat_number_is_checked(number, right):
    """A VAT number has the shape of its country, and of Germany its check digit."""
    if right:
        assert Identifier(scheme="vat", value=number).value == number
    else:
        with pytest.raises(InvalidValue):
            Identifier(scheme="vat", value=number)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86-138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("（0635）8230000", "+866358230000"),
        ("0635-8230000转12", "+866358230000x12"),
        ("+49 40 1234567 ext. 5", "+49401234567x5"),
        ("１３８００１３８０００", "+8613800138000"),
    ],
)
def test_phone_numbers_meet(raw, key):
    """One phone has one key, however it was written."""
    assert ContactPoint(kind="phone", raw=raw).key == key


@pytest.mark.parametrize("raw", ["", "abc", "12", "1" * 30, "138\n00138000"])
def test_strange_phone_is_refused(raw):
    """What is no phone number is refused."""
    with pytest.raises(InvalidValue):
        ContactPoint(kind="phone", raw=raw)


@pytest.mark.parametrize("raw", ["Li.Wei@Example.COM", "ｌｉ.wei@example.com"])
def test_emails_meet(raw):
    """One e-mail address has one key."""
    assert ContactPoint(kind="email", raw=raw).key == "li.wei@example.com"


@pytest.mark.parametrize(
    "raw", ["li", "li@", "@x.com", "a b@x.com", "a@x", "a@x.com\nBcc: b@x.com", "a@b@c.com"]
)
def test_strange_email_is_refused(raw):
    """What is no e-mail address, or hides a header, is refused."""
    with pytest.raises(InvalidValue):
        ContactPoint(kind="email", raw=raw)


@pytest.mark.parametrize(
    "names",
    [
        (
            "聊城市鲁西科技有限公司",
            "鲁西科技（聊城）有限公司",
            "山东鲁西科技有限责任公司",
            "山东省聊城市鲁西科技股份有限公司",
        ),
        ("Acme Co., Ltd.", "ACME Company Limited", "acme"),
        ("Müller GmbH & Co. KG", "MÜLLER GMBH"),
    ],
)
def test_spellings_of_one_company_meet(names):
    """Province, city, brackets and legal form do not tell companies apart."""
    assert len({company_key(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("东昌府区鲁西科技有限公司", "茌平区鲁西科技有限公司"),
        ("鲁西科技有限公司", "鲁西新材有限公司"),
    ],
)
def test_different_companies_stay_apart(left, right):
    """Districts and names tell companies apart."""
    assert company_key(left) != company_key(right)


@given(name=TEXTS)
def test_core_of_a_name_is_stable_and_never_lost(name):
    """A name with a letter in it has a core, and never an error."""
    assert company_key(name) or not name.strip()


@given(left=TEXTS, right=TEXTS)
def test_likeness_agrees_with_a_known_library(left, right):
    """Our Jaro-Winkler is the one that others compute."""
    expected = JaroWinkler.similarity(left, right)
    if left and right:
        assert jaro_winkler(left, right) == pytest.approx(expected, abs=1e-9)


def test_address_is_written_as_its_country_writes_it():
    """From big to small in China, from small to big elsewhere."""
    china = Address(region="山东省", city="聊城市", street="东昌路1号", postal_code="252000")
    assert china.line == "252000 山东省聊城市东昌路1号"
    germany = Address(country="DE", city="Hamburg", street="Am Markt 1", postal_code="20095")
    assert germany.line == "Am Markt 1, 20095 Hamburg, DE"
    with pytest.raises(InvalidValue):
        Address(country="China")


@pytest.mark.parametrize(
    ("file", "precision", "recall"), [("dataset1.csv", 0.99, 0.95), ("dataset3.csv", 0.98, 0.93)]
)
def test_planted_duplicates_are_found(shared, file, precision, recall):
    """Among people with planted duplicates the right pairs are found, and few others."""
    with (shared / "data" / "febrl" / file).open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source, skipinitialspace=True))
    people = {
        row["rec_id"]: {
            "given": row["given_name"],
            "surname": row["surname"],
            "birth": row["date_of_birth"],
            "soc": row["soc_sec_id"],
            "street": row["address_1"],
            "suburb": row["suburb"],
            "postcode": row["postcode"],
        }
        for row in rows
    }
    found = {
        (left, right)
        for left, right, _match in find_duplicates(
            people, blocks=BLOCKS, weights=WEIGHTS, threshold=8.0
        )
    }
    groups = {}
    for name in people:
        groups.setdefault(name.split("-")[1], []).append(name)
    true = {
        (left, right)
        for names in groups.values()
        for left in names
        for right in names
        if left < right
    }
    right = len(found & true)
    print(file, "precision", right / len(found), "recall", right / len(true))
    assert right / len(found) >= precision
    assert right / len(true) >= recall


def test_hostile_strings_never_break_a_value(shared):
    """Whatever text comes, a value is made or one of crmkit's errors is raised."""
    lines = (shared / "corpora" / "hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        text = json.loads(line)["s"]
        for make in (
            lambda t: Identifier(scheme="uscc", value=t),
            lambda t: Identifier(scheme="vat", value=t),
            lambda t: ContactPoint(kind="email", raw=t),
            lambda t: ContactPoint(kind="phone", raw=t),
            lambda t: ContactPoint(kind="other", raw=t),
            lambda t: Address(street=t),
        ):
            try:
                make(text)
            except CrmkitError:
                continue
