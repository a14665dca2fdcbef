"""Replies: what was written now, apart from what English and Chinese mail programs quote."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.support.mail.replies import split_reply

QUOTES = {
    "QQ": '------------------ 原始邮件 ------------------\n发件人: "support" <s@x.com>;\n旧文',
    "QQ in English": '------------------ Original ------------------\nFrom: "s" <s@x.com>;\nold',
    "Foxmail": "发件人： support\n发送时间： 2026-03-01 10:00\n收件人： li\n主题： Re: 停机\n旧文",
    "163": '在 2026-03-01 10:00:00，"Support" <s@x.com> 写道：\n旧文',
    "163 in English": 'At 2026-03-01 10:00:00, "Support" <s@x.com> wrote:\nold',
    "163 webmail": "---- 回复的原邮件 ----\n| 发件人 | s@x.com |\n旧文",
    "Outlook zh": "-----邮件原件-----\n发件人: Support\n发送时间: 2026年3月1日\n旧文",
    "Outlook zh rule": "_________________\n发件人: S\n发送时间: 2026年3月1日\n主题: x\n旧文",
    "Outlook": "-----Original Message-----\nFrom: Support\nSent: Sunday\nTo: li\nold",
    "Outlook rule": "_________________\nFrom: S\nSent: Sunday\nTo: l\nSubject: x\nold",
    "Gmail": "On Sun, Mar 1, 2026 at 10:00 AM Support <s@x.com> wrote:\n\n> old\n> older",
    "Gmail on two lines": "On Sun, Mar 1, 2026 at 10:00 AM Support\n<s@x.com> wrote:\n> old",
    "Gmail zh": "Support <s@x.com> 于2026年3月1日周日 10:00写道：\n\n> 旧文",
    "Apple Mail zh": "2026年3月1日 10:00，Support <s@x.com> 写道：\n\n> 旧文",
    "on mobile": "在 2026年3月1日，10:00，Support <s@x.com> 写道：\n> 旧文",
    "Traditional": "寄件者: S\n寄件日期: 2026年3月1日\n收件者: li\n主旨: x\n舊文",
}


@pytest.mark.parametrize("program", QUOTES)
@pytest.mark.parametrize("written", ["已经好了，谢谢。", "It works now.\n\nThanks,\nLi"])
def test_every_program_s_quotation_is_known(program: str, written: str) -> None:
    """What stands above the quotation is the reply; the quotation is the rest."""
    reply = split_reply(f"{written}\n\n{QUOTES[program]}\n")
    assert reply.written == written
    assert "old" in reply.rest or "旧文" in reply.rest or "舊文" in reply.rest


def test_answers_below_and_between_are_kept() -> None:
    """Who answers below or between the quoted lines is heard."""
    text = "On 1 March 2026 Support <s@x.com> wrote:\n> Does it run?\nYes.\n> Loud?\nNo."
    assert split_reply(text).written == "Yes.\nNo."


@pytest.mark.parametrize(
    "tail", ["-- \nLi Wei\n13800000000", "发自我的iPhone", "Sent from my iPhone", "发自 Foxmail"]
)
def test_signatures_are_no_reply(tail: str) -> None:
    """Signatures of people and devices are left off."""
    assert split_reply(f"好的\n\n{tail}\n").written == "好的"


@pytest.mark.parametrize(
    "text",
    [
        "From: the beginning it was loud.",
        "在 2026 年我们写道了三次。",
        "Please read what he wrote: it is long.",
        "Stage 2 of the manual, as you wrote\nand as we said, is fine.",
        "---\nA list:\n- one",
        "> only quoted",
        "---------- Forwarded message ---------\nthe customer wants us to read this",
    ],
)
def test_what_only_looks_like_a_quotation_stays(text: str) -> None:
    """Prose with such words, forwarded letters and letters of nothing but quotes stay whole."""
    assert split_reply(text).written == text


LINES = st.sampled_from(
    ["好的", "> q", "", "-- ", "发件人: a", "主题: b", "日期: c", "x 2026 wrote:", "发自我的iPhone"]
)


@given(st.lists(LINES | st.text(max_size=20), max_size=12))
def test_no_line_is_ever_lost(lines: list[str]) -> None:
    """Each line of the body is in what was written or in the rest, as often as it was there."""
    text = "\n".join(lines)
    reply = split_reply(text)
    assert _lines(f"{reply.written}\n{reply.rest}") == _lines(text)
    assert bool(reply.written) == bool(text.strip())


def _lines(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.replace("\r\n", "\n").split("\n") if line.strip())
