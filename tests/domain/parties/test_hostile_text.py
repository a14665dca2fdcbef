"""Hostile text: a value or one of crmkit's own errors, at every door of the parties."""

import json

import pytest

from crmkit.domain.parties.addresses import Address
from crmkit.domain.parties.chinese_places import cut_place
from crmkit.domain.parties.company_names import company_key, company_place
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.parties.duplicate_features import (
    lead_features,
    organisation_features,
    person_features,
)
from crmkit.domain.parties.duplicates import blocking_keys, compare, find_duplicates
from crmkit.domain.parties.identifiers import Identifier, check_uscc, check_vat, normal
from crmkit.domain.parties.likeness import jaro_winkler
from crmkit.domain.parties.match_keys import keys_of_text
from crmkit.errors import InvalidInput

KNOWN = {"name": "鲁西", "given": "李", "surname": "伟"}
DOORS = {
    **{
        f"identifier {scheme}": lambda text, scheme=scheme: Identifier(scheme=scheme, value=text)
        for scheme in ("uscc", "vat", "other")
    },
    **{
        f"contact point {kind}": lambda text, kind=kind: ContactPoint(kind=kind, raw=text)
        for kind in ContactKind
    },
    "scheme": lambda text: Identifier(scheme=text, value="1"),
    "raw number": lambda text: Identifier(scheme="other", value="1", raw=text),
    "kind": lambda text: ContactPoint(kind=text, raw="1"),
    "label": lambda text: ContactPoint(kind="other", raw="1", label=text),
    "country": lambda text: Address(country=text),
    "street": lambda text: Address(street=text, city=text).line,
    "postal code": lambda text: Address(postal_code=text).line,
    "check_uscc": check_uscc,
    "check_vat": check_vat,
    "normal": normal,
    "company_key": company_key,
    "company_place": company_place,
    "cut_place": cut_place,
    "organisation_features": organisation_features,
    "person_features": person_features,
    "lead_features": lambda text: lead_features(text, text),
    "keys_of_text": keys_of_text,
    "blocking_keys": lambda text: blocking_keys({"name": text, "given": text, "surname": text}),
    "feature": lambda text: compare({"name": text}, KNOWN),
    "feature name": lambda text: compare({text: "a"}, KNOWN),
    "record": lambda text: find_duplicates([(text, KNOWN), ("1", KNOWN)]),
    "jaro_winkler": lambda text: jaro_winkler(text, "鲁西科技"),
}
EDGES = ["", " ", "\x00", "\ud800", "\udfff", "\ufeff", "\u202e", "\u0301", "😀" * 50, "a" * 10_000]


@pytest.mark.parametrize("door", DOORS)
def test_hostile_strings_never_break_a_door(shared, door):
    """Whatever text comes, a value is made or one of crmkit's errors is raised."""
    lines = (shared / "corpora" / "hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 3000
    for line in lines[::5]:
        _try(DOORS[door], json.loads(line)["s"])


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", EDGES)
def test_edges_of_text_never_break_a_door(door, text):
    """Emptiness, NUL, surrogates, marks without a letter and length are values or errors."""
    _try(DOORS[door], text)


@pytest.mark.parametrize("thing", [None, 5, 1.5, b"a", ["a"], {"a": 1}, object()])
@pytest.mark.parametrize(
    "door", sorted(set(DOORS) - {"cut_place", "blocking_keys", "feature name"})
)
def test_what_is_no_text_is_refused(door, thing):
    """Other types are errors of crmkit at every door that takes text."""
    if thing is None and door in {"label", "street", "postal code"}:
        assert DOORS[door](thing)
        return
    with pytest.raises(InvalidInput):
        DOORS[door](thing)


def _try(door, text):
    try:
        door(text)
    except InvalidInput as refused:
        assert refused.path
