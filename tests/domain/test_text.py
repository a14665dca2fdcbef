"""Text is the same everywhere: what is refused, how it is folded, where a prefix ends."""

import unicodedata
from enum import StrEnum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.domain.text import check_text, prefix_end, search_key
from crmkit.errors import CrmkitError, InvalidValue, OutOfRange, WrongType

LAWFUL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
ODD = st.text("aAßẞİıſﬁｆＦ㎏①Ωω\u0301\u0345\u03f4\u1e9e聊 ", max_size=8)


class Shade(StrEnum):
    """Texts by name."""

    DARK = "dunkel"


@given(text=LAWFUL)
def test_lawful_text_is_kept_as_it_is(text: str) -> None:
    """Neither trimmed nor normalised."""
    assert check_text(text) is text


@pytest.mark.parametrize("value", [None, 5, 1.5, b"bytes", ["a"], object()])
def test_other_types_are_refused(value: object) -> None:
    """Nothing is turned into text in silence; the error names place and type."""
    with pytest.raises(WrongType, match=type(value).__name__) as caught:
        check_text(value, path="name")
    assert caught.value.path == "name"


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "聊\x00"])
def test_nul_is_refused(text: str) -> None:
    """Within ASCII and beyond it, with the way out."""
    with pytest.raises(InvalidValue, match="U\\+0000") as caught:
        check_text(text, path="note")
    assert (caught.value.path, caught.value.fix) == ("note", "remove the NUL character")


@pytest.mark.parametrize(("text", "position"), [("\ud800", 0), ("ok\udfff", 2), ("聊\ud83d!", 1)])
def test_lone_surrogates_are_refused(text: str, position: int) -> None:
    """No database keeps them; the error says where."""
    with pytest.raises(InvalidValue, match=f"position {position}") as caught:
        check_text(text, path="note")
    assert caught.value.path == "note"
    assert "encoding" in caught.value.fix


def test_length_counts_characters() -> None:
    """The limit is in code points, itself allowed."""
    assert check_text("聊" * 5, max_length=5) == "聊" * 5
    with pytest.raises(OutOfRange, match="6 characters, at most 5") as caught:
        check_text("聊" * 6, path="name", max_length=5)
    assert (caught.value.path, caught.value.fix) == ("name", "shorten it")
    with pytest.raises(OutOfRange):
        check_text("a" * 1_000_001)


def test_text_of_another_class_becomes_plain() -> None:
    """A member of an enumeration is kept as its text, so that no driver writes its name."""
    kept = check_text(Shade.DARK)
    assert kept == "dunkel"
    assert type(kept) is str


@given(text=LAWFUL | ODD)
@example("ſ")
@example("ẞ")
@example("\u0345\u0301")
def test_folding_is_stable(text: str) -> None:
    """A key folded again is the same key."""
    assert search_key(search_key(text)) == search_key(text)


@given(text=LAWFUL | ODD)
def test_width_case_and_form_do_not_matter(text: str) -> None:
    """Texts that NFKC or full case folding make equal have equal keys."""
    key = search_key(text)
    assert search_key(unicodedata.normalize("NFD", text)) == key
    assert search_key(unicodedata.normalize("NFKC", text)) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ACME", "acme"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("ＡＣＭＥ１２３", "acme123"),
        ("ﬁne", "fine"),
        ("聊城市", "聊城市"),
        ("e\u0301", "é"),
        ("㈱", "(株)"),
        ("", ""),
    ],
)
def test_known_keys(text: str, key: str) -> None:
    """Keys of texts that people search for."""
    assert search_key(text) == key


@given(prefix=LAWFUL.filter(bool), rest=LAWFUL, other=LAWFUL)
@example("\ud7ff", "x", "\ue000")
@example("a\U0010ffff", "x", "b")
def test_prefix_is_a_range(prefix: str, rest: str, other: str) -> None:
    """What starts with the prefix lies in the range, and nothing else does."""
    end = prefix_end(prefix)
    for text in (prefix + rest, other, prefix):
        within = prefix <= text and (end is None or text < end)
        assert within == text.startswith(prefix)


def test_end_of_a_prefix() -> None:
    """The least text above: the next sign, over the surrogates, or nothing at the very end."""
    assert prefix_end("ab") == "ac"
    assert prefix_end("\ud7ff") == "\ue000"
    assert prefix_end("a\U0010ffff\U0010ffff") == "b"
    assert prefix_end("\U0010ffff") is None
    assert prefix_end("") is None


def test_errors_are_of_the_tree() -> None:
    """Whoever catches `CrmkitError` or `ValueError` catches these."""
    for value in (5, "\x00"):
        with pytest.raises(CrmkitError):
            check_text(value)
        with pytest.raises(ValueError):
            check_text(value)
