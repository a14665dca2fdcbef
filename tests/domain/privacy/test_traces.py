"""Traces of a person: found however they are written, cut out, and not found in other words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.privacy.blanking import ERASED
from crmkit.domain.privacy.traces import Traces, texts_in, traces_in

ZHANG = Traces.of(["张卡娜", "Zhang@Example.com", "138 0013-8000", "Ann Lee", "zh", "li"])


@pytest.mark.parametrize(
    "text",
    [
        "打电话给张卡娜。",
        "write to ZHANG@EXAMPLE.COM, please",
        "ｚｈａｎｇ@example.com",
        "+86 (138) 0013 8000",
        "tel:13800138000",
        "１３８００１３８０００",
        "8613800138000",
        "ann LEE",
    ],
)
def test_a_trace_is_found_however_it_is_written(text: str) -> None:
    """Case, width, blanks between digits and a country code hide nothing."""
    assert ZHANG.are_in(text)
    assert not ZHANG.are_in(ZHANG.taken_out(text))
    assert ERASED in ZHANG.taken_out(text)


@pytest.mark.parametrize(
    "text", ["张卡", "Joann Leeds", "138001380001", "zh", "li", "", "example.com", ERASED]
)
def test_other_words_are_no_traces(text: str) -> None:
    """A part of a word, a longer number and what many people share are not found."""
    assert not ZHANG.are_in(text)
    assert ZHANG.taken_out(text) == text


def test_what_surrounds_a_trace_stays() -> None:
    """Only the trace is cut out; where signs between digits hide it, all of the text goes."""
    assert ZHANG.taken_out("回访 张卡娜 明天") == f"回访 {ERASED} 明天"
    assert ZHANG.taken_out("call 13800138000 now") == f"call {ERASED} now"
    assert ZHANG.taken_out("call 138 00 13 80 00 now") == ERASED


def test_a_name_is_weak_and_a_number_strong() -> None:
    """What others may share is not among the traces that lead to nobody else."""
    strong = ZHANG.only_strong
    assert not strong.are_in("张卡娜")
    assert not strong.are_in("Ann Lee")
    assert strong.are_in("zhang@example.com")
    assert strong.are_in("13800138000")


def test_nothing_is_no_trace() -> None:
    """Without traces nothing is found, whatever the text."""
    assert not Traces().are_in("anything")
    assert Traces().taken_out_of_json({"a": ["b", 1, None]}) == {"a": ["b", 1, None]}
    assert Traces().joined(ZHANG) == ZHANG


def test_json_is_searched_to_its_depth() -> None:
    """Lists and objects are gone through; names of fields and numbers stay as they are."""
    told = {"who": ["张卡娜", {"phone": "13800138000", "n": 13800138000}]}
    assert ZHANG.are_in_json(told)
    assert ZHANG.taken_out_of_json(told) == {"who": [ERASED, {"phone": ERASED, "n": 13800138000}]}
    assert list(texts_in(told)) == [("who[0]", "张卡娜"), ("who[1].phone", "13800138000")]


def test_shared_fields_give_no_traces() -> None:
    """City, country and salutation lead to nobody; the street does."""
    plain = {
        "salutation": "Herr Doktor",
        "address": {
            "city": "聊城",
            "country": "CN",
            "street": "东昌路88号",
            "street:k": "东昌路88号",
        },
        "contact_points": [{"kind": "email", "raw": "a@b.example", "label": "office"}],
    }
    found = traces_in(plain, ["salutation", "address", "contact_points", "notes"])
    assert found.are_in("东昌路88号")
    assert found.are_in("A@B.example")
    assert not any(found.are_in(text) for text in ("聊城", "Herr Doktor", "office", "email"))


@given(
    words=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=4), max_size=4),
    before=st.text(max_size=5),
    after=st.text(max_size=5),
)
def test_what_was_taken_out_is_not_found_again(words: list[str], before: str, after: str) -> None:
    """Whatever the traces and the text: after cutting, none of them is found."""
    traces = Traces.of(words)
    for word in words:
        assert not traces.are_in(traces.taken_out(f"{before} {word} {after}"))
