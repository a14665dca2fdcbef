"""Letters: real and broken mail is read without a crash, and nothing of it is lost."""

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.support.mail.attachments import Limits, safe_name
from crmkit.domain.support.mail.letter import Letter, read_letter
from crmkit.domain.text import check_text
from crmkit.errors import OutOfRange, WrongType

WORD = re.compile(rb"[A-Za-z0-9]{4,}")
PNG = b"\x89PNG\r\n"


def test_every_real_mail_is_read_and_nothing_is_lost(
    shared: Path, figure: Callable[[str], None]
) -> None:
    """Bytes stay as they came; each word of each part is in the text, the page or a file."""
    mails = dict(_mails(shared))
    letters = {name: read_letter(raw) for name, raw in mails.items()}
    assert [name for name, letter in letters.items() if letter.raw != mails[name]] == []
    assert {name: lost for name, letter in letters.items() if (lost := _lost(letter))} == {}
    files = sum(len(letter.attachments) for letter in letters.values())
    words = sum(len(WORD.findall(one)) for raw in mails.values() for one in _leaves(raw))
    figure(f"inbound mail: {len(mails)} real letters, {files} files, {words} words, none lost")
    assert len(mails) > 470
    assert words > 10_000


def test_what_is_read_can_be_stored(shared: Path) -> None:
    """Every text that is read is text that every store keeps: no NUL, no lone surrogate."""
    for _, raw in _mails(shared):
        letter = read_letter(raw)
        names = [one.name for one in letter.attachments]
        told = [*(value for _, value in letter.headers), letter.html, letter.text, *names]
        assert [check_text(one) for one in told] == told


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(raw: bytes) -> None:
    """Any bytes are a letter; they stay as they are."""
    letter = read_letter(raw)
    assert letter.raw == raw
    assert letter.subject == check_text(letter.subject)


@given(st.binary(max_size=120), st.integers(0, 700), st.integers(0, 60))
def test_no_damage_crashes_the_reader(noise: bytes, place: int, length: int) -> None:
    """A good letter with any bytes written over any place is read."""
    good = _mail(files=2).as_bytes()
    damaged = good[:place] + noise + good[place + length :]
    letter = read_letter(damaged)
    assert check_text(letter.text) == letter.text


@pytest.mark.parametrize("depth", [10, 60, 3000])
def test_multiparts_without_end_are_read(depth: int) -> None:
    """However deep parts nest, the words in the deepest are somewhere in the reading."""
    parts = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    letter = read_letter("".join(parts).encode() + b"\nthe press stands still")
    assert "the press stands still" in letter.text + _files(letter)


@pytest.mark.parametrize("sign", ["(", '"', "<", "[", "=?utf-8?q?"])
def test_headers_without_end_are_read(sign: str) -> None:
    """Addresses are found beside comments, quotes and words that open and never close."""
    letter = read_letter(f"From: a@example.com\nTo: b@example.com {sign * 9000}\n\nhi".encode())
    assert letter.sender == "a@example.com"
    assert all("@" in one for one in letter.recipients)


@given(st.text(max_size=200))
def test_no_header_crashes_the_reader(value: str) -> None:
    """Whatever stands in the headers, they are read."""
    names = ("From", "To", "References", "Content-Type", "Content-Disposition", "Subject")
    line = " ".join(value.split())
    raw = "".join(f"{name}: {line}\n" for name in names) + "\nhi"
    letter = read_letter(raw.encode("utf-8", "replace"))
    told = [letter.sender, letter.subject, *letter.recipients, *letter.answers]
    assert [check_text(one) for one in told] == told


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "big5", "utf-8", "utf-16"])
def test_chinese_is_read_in_every_charset(charset: str) -> None:
    """A body and a subject are read in the charset that is named."""
    head = f"Subject: x\nContent-Type: text/plain; charset={charset}\n"
    raw = head.encode() + b"Content-Transfer-Encoding: 8bit\n\n" + "中文".encode(charset)
    assert read_letter(raw).text == "中文"


@pytest.mark.parametrize("charset", ["gb2312", "nonsense", "us-ascii"])
def test_a_wrong_charset_is_mended(charset: str) -> None:
    """Where the named charset cannot be, UTF-8 and GB 18030 are tried."""
    raw = f"Content-Type: text/plain; charset={charset}\n\n".encode() + "镕基".encode("gb18030")
    assert read_letter(raw).text == "镕基"


def test_words_before_the_parts_are_read_where_there_are_no_others() -> None:
    """A body that stands before the first boundary, as some programs write it, is the text."""
    head = b"Content-Type: multipart/mixed; boundary=b\n\nIt stands still\n"
    letter = read_letter(head + b"--b\nContent-Disposition: attachment\n\nfile\n--b--\n")
    assert letter.text == "It stands still"


def test_a_page_without_text_is_read_as_text() -> None:
    """Scripts and styles say nothing; quoted blocks are marked as quoted."""
    page = "<style>p{}</style><p>Hi&nbsp;<b>Li</b><script>x()</script><blockquote>old</blockquote>"
    letter = read_letter(b"Content-Type: text/html\n\n" + page.encode())
    assert letter.text == "Hi Li\n> old"
    assert letter.html == page


def test_headers_of_a_stranger_set_nothing() -> None:
    """No header names a ticket, a priority or a check; who sent it is the author alone."""
    forged = b"From: a@example.com\nX-Ticket-Id: 7\nX-Priority: 1\nReply-To: b@example.com\n"
    letter = read_letter(forged + b"Authentication-Results: all; dkim=pass\n\nhi")
    assert letter.sender == "a@example.com"
    assert (letter.answers, letter.recipients, letter.message_id) == ((), (), "")


def test_answers_come_from_the_newest_back() -> None:
    """The direct id comes first, then the references from the newest to the oldest, each once."""
    letter = read_letter(b"In-Reply-To: <c@x>\nReferences: <a@x> <b@x>\n <c@x>\n\nhi")
    assert letter.answers == ("<c@x>", "<b@x>", "<a@x>")


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(attachments=1), "more than 1 attachments"),
        (Limits(attachment=3), "larger than 3 bytes"),
        (Limits(together=7), "together larger than 7 bytes"),
    ],
)
def test_files_above_a_limit_are_left_out_by_name(limits: Limits, why: str) -> None:
    """What is left out is named with its size and the reason, and stays in the raw letter."""
    letter = read_letter(_mail(files=2).as_bytes(), limits=limits)
    assert len(letter.attachments) + len(letter.left_out) == 2
    assert (letter.left_out[-1].name, letter.left_out[-1].size) == ("photo1.png", len(PNG))
    assert letter.left_out[-1].why == why


def test_a_letter_above_the_limit_is_refused() -> None:
    """A letter that is too large is refused whole; so is what is no bytes."""
    with pytest.raises(OutOfRange, match=r"letter: 5 bytes, at most 4"):
        read_letter(b"a\n\nbc", limits=Limits(letter=4))
    with pytest.raises(WrongType, match="letter: expected bytes, got str"):
        read_letter("a")  # type: ignore[arg-type]


def test_a_forwarded_letter_is_one_file() -> None:
    """A letter in a letter is not opened: its words and files are not those of the sender."""
    outer = EmailMessage()
    outer["Subject"] = "outer"
    outer.set_content("see below")
    outer.add_attachment(_mail(files=2))
    letter = read_letter(outer.as_bytes())
    assert letter.text == "see below"
    assert [one.media_type for one in letter.attachments] == ["message/rfc822"]
    assert read_letter(letter.attachments[0].content).subject == "Press"


def test_no_name_of_a_file_leads_anywhere(shared: Path, figure: Callable[[str], None]) -> None:
    """Hostile names become plain names without folders, devices, controls and directions."""
    rows = (shared / "corpora/hostile_strings.jsonl").read_text(encoding="utf-8").splitlines()
    names = [safe_name(json.loads(row)["s"]) for row in rows]
    figure(f"inbound mail: {len(names)} hostile names of files made safe")
    assert [one for one in names if not _is_plain(one)] == []
    assert len(names) > 3000


@given(st.text(max_size=300))
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    """Making a name safe twice is the same as once."""
    safe = safe_name(name)
    assert _is_plain(safe)
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\nul.txt", "_nul.txt"),
        ("报价单\u202egnp.exe", "报价单gnp.exe"),
        ("..", "attachment"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
    ],
)
def test_names_become_plain(name: str, safe: str) -> None:
    """Folders go, the ending stays, an empty name gets one."""
    assert safe_name(name) == safe


def _mails(shared: Path) -> Iterator[tuple[str, bytes]]:
    for folder in ("data/inbound_mail", "corpora/mail/cpython_msgs"):
        for path in sorted((shared / folder).iterdir()):
            yield path.name, path.read_bytes()
    with tarfile.open(shared / "data/bounces/maildir_half.tar.gz") as archive:
        for member in archive:
            if content := archive.extractfile(member):
                yield member.name, content.read()


def _lost(letter: Letter) -> set[bytes]:
    read = (letter.text + letter.html + _files(letter)).encode()
    return {word for leaf in _leaves(letter.raw) for word in WORD.findall(leaf) if word not in read}


def _leaves(raw: bytes) -> Iterator[bytes]:
    """Read the parts apart from the code under test; only what is plain ASCII can be compared."""
    whole = message_from_bytes(raw if b"\n" in raw else raw.replace(b"\r", b"\n"))
    for part in _walk(whole):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content.isascii() and b"\x1b" not in content:
            yield content


def _walk(message: "Message[Any, Any]") -> "Iterator[Message[Any, Any]]":
    payload = message.get_payload()
    if message.get_content_maintype() == "message" or not isinstance(payload, list):
        yield message
    else:
        for part in payload:
            yield from _walk(part)


def _files(letter: Letter) -> str:
    return "".join(one.content.decode("latin-1") for one in letter.attachments)


def _mail(*, files: int) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Press", "li@example.com"
    mail.set_content("It stands still.")
    for n in range(files):
        mail.add_attachment(PNG, maintype="image", subtype="png", filename=f"photo{n}.png")
    return mail


def _is_plain(name: str) -> bool:
    risky = set('/\\:<>"|?*\x00\n\r\u202e')
    return 0 < len(name) <= 120 and not risky & set(name) and name.strip(" .") == name
