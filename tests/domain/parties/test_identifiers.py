"""Registered numbers: taken however they were typed, refused where their check digit is wrong."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.parties.identifiers import Identifier, check_uscc, check_vat, normal
from crmkit.errors import InvalidValue

CODE = "91350100M000100Y43"
VAT_NUMBERS = [
    "ATU13585627",
    "BE0428759497",
    "DE136695976",
    "DK13585628",
    "EE100931558",
    "EL023456780",
    "FI20774740",
    "FR83404833048",
    "HR33392005961",
    "HU12892312",
    "IT00743110157",
    "LU15027442",
    "MT11679112",
    "NL004495445B01",
    "PL8567346215",
    "PT501964843",
    "SE556188840401",
    "SI50223054",
    "SK2022749619",
]
SHAPES_ONLY = ["BG175074752", "CY10259033P", "ESB58378431", "IE6433435F", "RO18547290", "XIGD001"]


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        " 91350100m000100y43 ",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        "9135 0100 M000 100Y 43",
        "91350100-M000100Y-43",
        "\ufeff91350100M000100Y43\u200b",
    ],
)
def test_credit_code_is_taken_however_it_was_typed(typed):
    """Full width, small letters, blanks, dashes and invisible signs do not matter."""
    kept = Identifier(scheme="uscc", value=typed)
    assert (kept.value, kept.raw) == (CODE, typed)
    assert kept == Identifier(scheme="uscc", value=CODE)


@pytest.mark.parametrize("at", range(18))
@pytest.mark.parametrize("sign", "07AMY")
def test_one_wrong_sign_of_a_credit_code_is_found(at, sign):
    """Any single wrong sign breaks a check sign, and the error says where and what to do."""
    wrong = CODE[:at] + sign + CODE[at + 1 :]
    if wrong == CODE:
        assert check_uscc(wrong) == CODE
        return
    with pytest.raises(InvalidValue) as caught:
        check_uscc(wrong)
    assert caught.value.path == "value"
    assert caught.value.fix


def test_the_organisation_code_inside_is_checked_too():
    """A code whose own check sign fits is refused when the organisation code inside does not."""
    signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    start = "91350100M000100Y5"
    whole = sum(signs.index(sign) * pow(3, at, 31) for at, sign in enumerate(start))
    with pytest.raises(InvalidValue, match="organisation code"):
        check_uscc(start + signs[-whole % 31])


@pytest.mark.parametrize("number", VAT_NUMBERS + SHAPES_ONLY)
def test_right_vat_numbers_are_taken(number):
    """Published numbers of each country pass, also written with blanks and dots."""
    assert check_vat(number) == number
    assert check_vat(f"{number[:2].lower()} {number[2:5]}.{number[5:]}") == number


@pytest.mark.parametrize("number", VAT_NUMBERS)
def test_wrong_digit_of_a_vat_number_is_found(number):
    """Where the rule is known, another last digit is refused."""
    at = -2 if number.startswith("BE") else 9 if number.startswith("SE") else -1
    at = 10 if number.startswith("NL") else at
    changed = str((int(number[at]) + 1) % 10)
    wrong = number[:at] + changed + (number[at:][1:])
    with pytest.raises(InvalidValue):
        check_vat(wrong)


@pytest.mark.parametrize(
    "number", ["", "XX123", "136695976", "DE١٣٦٦٩٥٩٧٦", "DE13669597", "GB980780684"]
)
def test_what_is_no_vat_number_of_the_union_is_refused(number):
    """Other countries, missing countries and digits of other scripts are no such number."""
    with pytest.raises(InvalidValue) as caught:
        Identifier(scheme="vat", value=number)
    assert caught.value.path == "value"
    assert caught.value.fix


def test_greece_is_written_in_one_way():
    """GR and EL are one country."""
    assert check_vat("GR023456780") == "EL023456780"


def test_own_schemes_keep_their_dashes():
    """Of a number whose rule nobody knows only blanks and spelling are taken away."""
    assert Identifier(scheme="duns", value=" 15-048-ａｂ 3782").value == "15-048-AB3782"


def test_raw_follows_the_value():
    """A changed value does not keep the raw text of the old one."""
    first = Identifier(scheme="duns", value="12 34")
    assert attrs.evolve(first, value="56 78").raw == "56 78"
    assert attrs.evolve(first).raw == "12 34"


@pytest.mark.parametrize("bad", ["\x00", "1\x002", "\ud800", "1\x072", "", " ", "\u200b"])
@pytest.mark.parametrize("scheme", ["uscc", "vat", "duns"])
def test_broken_text_is_refused(scheme, bad):
    """NUL, lone surrogates, control characters and emptiness are invalid values."""
    with pytest.raises(InvalidValue):
        Identifier(scheme=scheme, value=bad)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"scheme": "", "value": "1"}, "scheme"),
        ({"scheme": "x" * 51, "value": "1"}, "scheme"),
        ({"scheme": "duns", "value": 1}, "value"),
        ({"scheme": "duns", "value": "\ufdfa" * 100}, "value"),
        ({"scheme": None, "value": "1"}, "scheme"),
    ],
)
def test_the_wrong_field_is_named(fields, path):
    """Each refusal names its field."""
    with pytest.raises(InvalidValue) as caught:
        Identifier(**fields)
    assert caught.value.path == path


@given(text=st.text(max_size=30))
def test_the_normal_form_is_normal(text):
    """Normalising twice is normalising once; every other text is an invalid value."""
    try:
        once = normal(text)
    except InvalidValue:
        return
    assert normal(once) == once


def test_the_normal_form_of_every_sign_is_normal():
    """No single character of the first three planes of Unicode needs a second round."""
    for code in range(0x30000):
        try:
            once = normal(chr(code))
        except InvalidValue:
            continue
        assert normal(once) == once
