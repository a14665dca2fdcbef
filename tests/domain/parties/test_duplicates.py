"""Duplicates: planted ones are found and few others, among people and among companies."""

import csv
from collections import defaultdict
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.duplicate_features import organisation_features, person_features
from crmkit.domain.parties.duplicate_rules import ORGANISATIONS, PEOPLE, Likeness, Rules, Weight
from crmkit.domain.parties.duplicates import (
    MAX_BLOCK,
    blocking_keys,
    compare,
    find_duplicates,
)
from crmkit.domain.parties.identifiers import Identifier
from crmkit.domain.parties.likeness import jaro_winkler
from crmkit.errors import InvalidInput, InvalidSettings, InvalidValue, OutOfRange, WrongType

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
FEATURES = st.dictionaries(st.sampled_from(sorted(PEOPLE.weights)), st.text("abc ", max_size=4))
COLUMNS = {
    "given": "given_name",
    "surname": "surname",
    "birthday": "date_of_birth",
    "identifier": "soc_sec_id",
    "street": "address_1",
    "place": "suburb",
    "postal_code": "postcode",
}
HARBOUR = {"name": "鲁西港务", "place": "山东聊城"}


@pytest.mark.parametrize(
    ("file", "precision", "recall"), [("dataset1.csv", 0.99, 0.98), ("dataset3.csv", 0.99, 0.98)]
)
def test_planted_duplicates_are_found(shared, file, precision, recall):
    """Among people with planted duplicates the right pairs are found, and few others."""
    with (shared / "data" / "febrl" / file).open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source, skipinitialspace=True))
    people = [
        (row["rec_id"], {name: row[column] for name, column in COLUMNS.items()}) for row in rows
    ]
    found = {(pair.left, pair.right) for pair in find_duplicates(people)}
    groups = defaultdict(list)
    for name in sorted(name for name, _ in people):
        groups[name.split("-")[1]].append(name)
    true = {pair for names in groups.values() for pair in combinations(names, 2)}
    right = len(found & true)
    print(file, "precision", right / len(found), "recall", right / len(true))
    assert right / len(found) >= precision
    assert right / len(true) >= recall


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("聊城市鲁西科技有限公司", "鲁西科技（聊城）有限公司", True),
        ("聊城市鲁西科技有限公司", "山东鲁西科技股份有限公司", True),
        ("聊城市鲁西科技有限公司", "鲁西科技有限责任公司", True),
        ("Acme Co., Ltd.", "ACME Company Limited", True),
        ("东昌府区鲁西科技有限公司", "茌平区鲁西科技有限公司", False),
        ("聊城市鲁西科技有限公司", "济南市鲁西科技有限公司", False),
        ("聊城市第一建筑工程有限公司", "聊城市第二建筑工程有限公司", False),
        ("聊城市鲁西科技有限公司", "聊城市鲁西食品有限公司", False),
        ("阳谷县祥光农业机械制造销售有限公司", "东阿县祥光农业机械制造销售有限公司", False),
        ("Acme Machinery Technolgy Ltd", "Acme Machinery Technology Ltd", True),
        ("上海银行股份有限公司", "北京银行股份有限公司", False),
    ],
)
def test_companies_are_told_by_their_names(left, right, same):
    """Spellings of one company are reported; other districts, cities, numbers, trades are not."""
    records = [("1", organisation_features(left)), ("2", organisation_features(right))]
    assert bool(find_duplicates(records, rules=ORGANISATIONS)) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"scheme": "uscc", "value": "91350100M000100Y43"}, {}, True),
        ({}, {"scheme": "uscc", "value": "91110000600037341L"}, False),
        ({}, {"scheme": "duns", "value": "150483782"}, True),
    ],
)
def test_a_credit_code_speaks_louder_than_a_name(left, right, same):
    """Another 统一社会信用代码 tells two companies of one name apart; another scheme does not."""
    mine = {"scheme": "uscc", "value": "91350100M000100Y43"}
    records = [
        ("1", organisation_features("鲁西科技", identifiers=[Identifier(**mine)])),
        ("2", organisation_features("鲁西科技", identifiers=[Identifier(**(left or right))])),
    ]
    assert bool(find_duplicates(records, rules=ORGANISATIONS)) is same


def test_a_renamed_company_is_found_by_its_number_and_phone():
    """The same number and switchboard outweigh another name, whatever the extension."""
    number = Identifier(scheme="uscc", value="91350100M000100Y43")
    records = [
        (
            str(at),
            organisation_features(
                name,
                identifiers=[number],
                contact_points=[
                    ContactPoint(kind="phone", raw=f"0635-8230000转{at}"),
                    ContactPoint(kind="email", raw="li@qq.com"),
                ],
            ),
        )
        for at, name in enumerate(("鲁西港务", "东昌物流"))
    ]
    [pair] = find_duplicates(records, rules=ORGANISATIONS)
    assert (pair.left, pair.right) == ("0", "1")
    assert pair.match.reasons[0].feature == "uscc"
    assert pair.match.score == sum(reason.weight for reason in pair.match.reasons)
    assert "domain" not in {reason.feature for reason in pair.match.reasons}


def test_a_domain_of_its_own_tells_a_company():
    """A website and an e-mail address of one domain meet."""
    site = ContactPoint(kind="website", raw="https://www.luxi.example.com/about")
    mail = ContactPoint(kind="email", raw="info@luxi.example.com")
    features = [organisation_features("鲁西", contact_points=[point]) for point in (site, mail)]
    assert blocking_keys(features[0], ORGANISATIONS) & blocking_keys(features[1], ORGANISATIONS)
    assert features[0]["domain"] == features[1]["domain"] == ("luxi.example.com",)


def test_the_place_of_an_address_counts_like_that_of_the_name():
    """A name without a city and an address in that city agree."""
    home = organisation_features("鲁西港务", address=Address(region="山东省", city="聊城市"))
    assert home["place"] == ("山东聊城",)
    match = compare(home, organisation_features("聊城鲁西港务有限公司"), ORGANISATIONS)
    assert {reason.feature for reason in match.reasons if reason.weight > 0} == {"name", "place"}


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"contact_points": [ContactPoint(kind="mobile", raw="138 0013 8000")]}, True),
        ({"contact_points": [ContactPoint(kind="email", raw="zw@example.com")]}, True),
        ({"birthday": date(1980, 1, 2)}, True),
        ({"address": Address(city="聊城市", street="东昌路1号")}, True),
        ({"address": Address(city="聊城市")}, False),
        ({}, False),
    ],
)
def test_a_name_and_a_city_are_not_enough_for_a_person(fields, same):
    """Two 张伟 of one city may be two people; a phone, birthday or street makes them one."""
    records = [(str(at), person_features("张伟", **fields)) for at in range(2)]
    assert bool(find_duplicates(records)) is same


def test_words_of_a_name_may_stand_in_any_order():
    """Wei Li and LI Wei are one name."""
    assert person_features("Wei Li")["name"] == person_features("LI  Wei")["name"]


def test_the_likest_of_several_values_counts():
    """One phone in common is enough, whichever of them."""
    left = {"name": "li", "phone": ("+861", "+862")}
    right = {"name": "li", "phone": ("+863", "+862")}
    assert blocking_keys(left) & blocking_keys(right)
    assert compare(left, right) == compare(
        {"name": "li", "phone": "+862"}, {"name": "li", "phone": "+862"}
    )


def test_a_large_block_is_bounded_and_still_finds_neighbours():
    """In a block above the limit only neighbours are compared, and equal records are neighbours."""
    rules = Rules(
        blocks=(("name",),),
        weights={"name": Weight(), "phone": Weight(chance=0.0001, likeness=Likeness.EXACT)},
        threshold=10.0,
    )
    records = [
        (f"{at:04}", {"name": "张伟", "phone": f"+86{at % 1000:011}"})
        for at in range(5 * MAX_BLOCK + 100)
    ]
    found = find_duplicates(records, rules=rules)
    assert [(pair.left, pair.right) for pair in found] == [
        (f"{at:04}", f"{at + 1000:04}") for at in range(100)
    ]


@given(people=st.lists(FEATURES, max_size=12))
def test_every_pair_that_shares_a_key_is_compared_once(people):
    """With no threshold, the pairs found are exactly those that share a blocking key."""
    records = {str(at): features for at, features in enumerate(people)}
    expected = {
        (left, right)
        for left, right in combinations(sorted(records), 2)
        if blocking_keys(records[left]) & blocking_keys(records[right])
    }
    found = [(pair.left, pair.right) for pair in find_duplicates(records.items(), threshold=-1e9)]
    assert sorted(found) == sorted(expected)


@given(left=FEATURES, right=FEATURES)
def test_comparing_does_not_depend_on_the_side(left, right):
    """Left with right is right with left, and nobody is liker than oneself."""
    match = compare(left, right)
    assert match.score == compare(right, left).score
    assert match.score <= compare({**right, **left}, {**right, **left}).score


def test_a_missing_feature_says_nothing():
    """What either record lacks counts neither for nor against."""
    assert compare(HARBOUR, {**HARBOUR, "phone": "+861"}, ORGANISATIONS) == compare(
        HARBOUR, HARBOUR, ORGANISATIONS
    )
    assert compare({}, HARBOUR).reasons == ()


@pytest.mark.parametrize("bad", ["\x00", "a\ud800"])
def test_broken_text_is_refused(bad):
    """NUL and lone surrogates are invalid values wherever a text comes in."""
    for call in (
        lambda: compare({"name": bad}, HARBOUR),
        lambda: compare(HARBOUR, {"name": ("a", bad)}),
        lambda: blocking_keys({"name": bad}),
        lambda: find_duplicates([("1", {"name": bad})]),
        lambda: find_duplicates([(bad, HARBOUR)]),
        lambda: jaro_winkler(bad, "a"),
        lambda: jaro_winkler("a", bad),
        lambda: organisation_features(bad),
        lambda: person_features(bad),
    ):
        with pytest.raises(InvalidValue) as caught:
            call()
        assert caught.value.path


def test_wrong_calls_are_refused():
    """A record that comes twice, another type and impossible chances are told."""
    with pytest.raises(InvalidInput, match="twice"):
        find_duplicates([("1", HARBOUR), ("1", HARBOUR)])
    with pytest.raises(WrongType) as caught:
        compare({"name": 5}, HARBOUR)
    assert caught.value.path == "features.name"
    for chances in ({"same": 1.0}, {"chance": 0.0}, {"same": 0.1, "chance": 0.2}, {"near": 2.0}):
        with pytest.raises(OutOfRange):
            Weight(**chances)
    for part in ("surname:x", "surname:0", "", ":3"):
        with pytest.raises(InvalidSettings):
            Rules(blocks=((part,),), weights={}, threshold=1.0)


@given(left=TEXTS, right=TEXTS)
def test_likeness_agrees_with_a_known_library(left, right):
    """Our Jaro-Winkler is the one that others compute."""
    assert jaro_winkler(left, right) == pytest.approx(JaroWinkler.similarity(left, right), abs=1e-9)


@given(left=st.text("ab聊城", max_size=12), right=st.text("ab聊城", max_size=12))
def test_likeness_agrees_where_signs_repeat(left, right):
    """Also of texts with the same few signs again and again."""
    assert jaro_winkler(left, right) == pytest.approx(JaroWinkler.similarity(left, right), abs=1e-9)


def test_endless_texts_are_compared_by_their_beginnings():
    """Only the first signs count, so that a comparison cannot take for ever."""
    assert jaro_winkler("a" * 1_000_000, "a" * 999_999) == 1.0
    assert compare({"name": "a" * 1_000_000}, {"name": "a" * 300}).score > 0
