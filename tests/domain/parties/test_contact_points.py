"""Contact points: one key for each way of writing, and nothing hidden in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.parties.contact_keys import (
    account_key,
    email_key,
    mobile_key,
    other_key,
    phone_key,
    qq_key,
    website_key,
)
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.errors import InvalidValue, OutOfRange, WrongType

KEYS = (account_key, email_key, mobile_key, other_key, phone_key, qq_key, website_key)
SIGNS = st.text(st.sampled_from("0123456789+()-. xX#转/:@?wa聊ß\u200bＡ１．"), max_size=25)
TOLD_APART_BY_OTHERS = {
    "＠@fullwidth.at": "a full-width at sign is an at sign",
    "me@1.xn--4dbc.com": "the rule for right-to-left labels is not checked over several labels",
    "me@xn--4dbc.1.com": "as above",
    "me@1.xn--4dbrk0ce": "as above",
    "me@anything.arpa": "domains for special uses may be in use inside a company",
    "me@valid.invalid": "as above",
    "me@link.local": "as above",
    "me@host.localhost": "as above",
    "me@onion.onion.onion": "as above",
    "me@test.test.test": "as above",
}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86-138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("١٣٨٠٠١٣٨٠٠٠", "+8613800138000"),
        ("\u202a+86 138\u202c0013 8000", "+8613800138000"),
        ("（0635）8230000", "+866358230000"),
        ("+86 0635 8230000", "+866358230000"),
        ("86 10 12345678", "+861012345678"),
        ("400-820-8820", "+864008208820"),
        ("95588", "+8695588"),
        ("0635-8230000转12", "+866358230000x12"),
        ("0635-8230000 分机：12", "+866358230000x12"),
        ("+49 40 1234567 ext. 5", "+49401234567x5"),
        ("+49 (0)40 1234567", "+49401234567"),
        ("tel:+1-201-555-0123;ext=12", "+12015550123x12"),
    ],
)
def test_phone_numbers_meet(raw, key):
    """One phone has one key, however it was written; an extension stands apart."""
    point = ContactPoint(kind="phone", raw=raw, label="office")
    assert (point.key, point.raw, point.label) == (key, raw, "office")
    assert ContactPoint(kind="fax", raw=raw).key == key


@pytest.mark.parametrize(
    "raw", ["", "abc", "12", "1234", "1" * 30, "138\n00138000", "+0123456", "1380013800o", "x5"]
)
def test_strange_phone_is_refused(raw):
    """What is no phone number is refused."""
    with pytest.raises(InvalidValue) as caught:
        ContactPoint(kind="phone", raw=raw)
    assert caught.value.path == "raw"
    assert caught.value.fix


def test_a_mobile_number_is_mobile():
    """Of China only mobile numbers are mobile; elsewhere nobody can tell from the number."""
    assert ContactPoint(kind="mobile", raw="138 0013 8000").key == "+8613800138000"
    assert ContactPoint(kind="mobile", raw="+1 201 555 0123").key == "+12015550123"
    with pytest.raises(InvalidValue):
        ContactPoint(kind="mobile", raw="0635-8230000")


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("Li.Wei@Example.COM", "li.wei@example.com"),
        (" ｌｉ.wei＠example.com\u200b", "li.wei@example.com"),
        ("李伟@例子.公司", "李伟@xn--fsqu00a.xn--55qx5d"),
        ("李伟@xn--fsqu00a.xn--55qx5d", "李伟@xn--fsqu00a.xn--55qx5d"),
        ("o'neil+crm@mail.example.co.uk", "o'neil+crm@mail.example.co.uk"),
    ],
)
def test_emails_meet(raw, key):
    """One e-mail address has one key, its domain in ASCII."""
    assert ContactPoint(kind="email", raw=raw).key == key


@pytest.mark.parametrize(
    "raw",
    [
        *("li", "li@", "@x.com", "a b@x.com", "a@x", "a@b@c.com", "a@x..com", "a@-x.com", "a@x.1"),
        *("a@x.com\nBcc: b@x.com", "a@x.com\r", "a@x.com\u2028Bcc: b@x.com", "a@x.com,b@x.com"),
        *("<a@x.com>", '"a b"@x.com', "a@[127.0.0.1]", "a@⒈x.com", ".a@x.com", "a..b@x.com"),
        *(
            "a\u200bb@x.com",
            "a@xn--0.com",
            f"a@{'x' * 64}.com",
            f"{'a' * 250}@x.com",
            "\u0301@x.com",
        ),
    ],
)
def test_strange_email_is_refused(raw):
    """What is no e-mail address, or hides a header, is refused."""
    with pytest.raises(InvalidValue) as caught:
        ContactPoint(kind="email", raw=raw)
    assert caught.value.path == "raw"
    assert caught.value.fix


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("https://www.Example.com/", "example.com"),
        ("example.com:443", "example.com"),
        ("http://example.com:8080/Shop/?a=B#c", "example.com:8080/Shop?a=B"),
        ("http://例子.公司", "xn--fsqu00a.xn--55qx5d"),
        ("http://192.168.1.1/", "192.168.1.1"),
        ("www.com", "www.com"),
    ],
)
def test_websites_meet(raw, key):
    """One website has one key, with or without scheme, www. and slash."""
    assert ContactPoint(kind="website", raw=raw).key == key


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "javascript:alert(1)",
            "JavaScript://x.com/%0aalert(1)",
            "data:text/html,x",
            "ftp://x.com",
        ),
        *(
            "http://user@x.com",
            "http://localhost",
            "http://x.com:99999",
            "http://[::1",
            "x.com/<b>",
        ),
    ],
)
def test_strange_website_is_refused(raw):
    """Scripts, other schemes, names inside and undotted hosts are no websites."""
    with pytest.raises(InvalidValue):
        ContactPoint(kind="website", raw=raw)


@pytest.mark.parametrize(
    ("kind", "raw", "key"),
    [
        ("qq", " １２３４５６ ", "123456"),
        ("wechat", "Li_Wei-2020", "li_wei-2020"),
        ("other", "Stand 12, Halle A", "stand 12, halle a"),
    ],
)
def test_accounts_meet(kind, raw, key):
    """QQ numbers, WeChat names and whatever else are folded."""
    assert ContactPoint(kind=kind, raw=raw).key == key


@pytest.mark.parametrize(("kind", "raw"), [("qq", "0123"), ("qq", "abc"), ("wechat", "li wei")])
def test_strange_accounts_are_refused(kind, raw):
    """A QQ number has digits, an account no blanks."""
    with pytest.raises(InvalidValue):
        ContactPoint(kind=kind, raw=raw)


@pytest.mark.parametrize("kind", ContactKind)
@pytest.mark.parametrize("raw", ["", "  ", "\u200b", "\x00", "a\x00b", "\ud800", "a\nb", "a\x85b"])
def test_broken_text_is_refused(kind, raw):
    """Emptiness, NUL, lone surrogates and control characters are refused in every kind."""
    with pytest.raises(InvalidValue) as caught:
        ContactPoint(kind=kind, raw=raw)
    assert caught.value.path == "raw"


@pytest.mark.parametrize(
    ("fields", "path", "error"),
    [
        ({"kind": "pigeon"}, "kind", InvalidValue),
        ({"kind": None}, "kind", WrongType),
        ({"raw": None}, "raw", WrongType),
        ({"raw": "1" * 1001}, "raw", OutOfRange),
        ({"kind": "other", "raw": "\ufdfa" * 1000}, "raw", OutOfRange),
        ({"label": "a\r\nb"}, "label", InvalidValue),
        ({"label": "x" * 101}, "label", OutOfRange),
        ({"is_primary": 1}, "is_primary", WrongType),
    ],
)
def test_the_wrong_field_is_named(fields, path, error):
    """Each refusal names its field."""
    with pytest.raises(error) as caught:
        ContactPoint(**{"kind": "phone", "raw": "13800138000", **fields})
    assert caught.value.path == path


def test_the_key_follows_from_raw():
    """A key that somebody gives is not believed."""
    assert ContactPoint(kind="qq", raw="123456", key="999999").key == "123456"


@pytest.mark.parametrize("function", KEYS)
@given(text=st.text(max_size=30) | SIGNS)
def test_the_key_of_a_key_is_itself(function, text):
    """Normalising twice is normalising once; every other text is an invalid value."""
    try:
        key = function(text)
    except InvalidValue:
        return
    assert function(key) == key


def test_phone_numbers_of_the_whole_world(shared):
    """Written internationally, the numbers of all regions get the E.164 that others give them."""
    numbers = json.loads((shared / "corpora/phone/phone_examples.json").read_text(encoding="utf-8"))
    wrong = [row for row in numbers if phone_key(row["international"]) != row["e164"]]
    home = [row for row in numbers if row["region"] == "CN"]
    wrong += [row for row in home if phone_key(row["national"]) != row["e164"]]
    assert wrong == []


def test_emails_are_judged_as_the_standard_does(shared):
    """What the standard calls an error is refused, what it calls valid taken, with a dot."""
    cases = json.loads((shared / "corpora/isemail/isemail_tests.json").read_text(encoding="utf-8"))
    verdicts = {case["address"]: (case["category"], _is_email(case["address"])) for case in cases}
    assert ("ISEMAIL_ERR", True) not in verdicts.values()
    refused = [
        address for address, found in verdicts.items() if found == ("ISEMAIL_VALID_CATEGORY", False)
    ]
    assert refused == ["test@io"]


def test_emails_are_judged_as_others_do(shared):
    """A library for e-mail addresses says the same, but for the differences that are meant."""
    file = shared / "corpora/email_addresses/email_validator_2_4_0.json"
    cases = json.loads(file.read_text(encoding="utf-8"))
    differing = {
        case["input"] for case in cases if _is_email(case["input"]) != case["default"]["ok"]
    }
    too_long_before_folding = {text for text in differing if len(text) > 200}
    assert differing - too_long_before_folding == set(TOLD_APART_BY_OTHERS)
    assert len(too_long_before_folding) == 1


def _is_email(text):
    try:
        return bool(email_key(text))
    except InvalidValue:
        return False
