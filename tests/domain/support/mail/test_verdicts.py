"""Verdicts: bounces, complaints and automatic answers are told from people, on real mail."""

import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmkit.domain.support.mail.letter import read_letter
from crmkit.domain.support.mail.verdicts import Kind, Verdict, judge

BOUNCES = {
    "espocrm_bounced_1.eml",
    "espocrm_bounced_3.eml",
    "msg_16.txt",
    "msg_25.txt",
    "msg_43.txt",
}
RETURNED = {Kind.BOUNCE, Kind.DELAY}
DSN = b"""From: Mail System <mailer-daemon@example.net>
Return-Path: <>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.net

Final-Recipient: rfc822; Li@Example.com
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: message/rfc822

Message-ID: <sent@example.org>

hi
--b--
"""


def test_real_bounces_complaints_and_absences_are_known(
    shared: Path, figure: Callable[[str], None]
) -> None:
    """At most 8 of 416 are judged other than by their collectors; the rules were made on them."""
    judged = dict(_bounces(shared))
    groups = {name: _collected_as(name) for name in judged}
    counts = Counter((groups[name], verdict.kind.value) for name, verdict in judged.items())
    lines = (f"{group} as {kind} {count}" for (group, kind), count in sorted(counts.items()))
    figure(f"bounces: {len(judged)} letters; {', '.join(lines)}")
    wrong = sorted(name for name, verdict in judged.items() if not _agrees(groups[name], verdict))
    figure(f"bounces: judged otherwise {len(wrong)}: {', '.join(wrong)}")
    assert len(judged) == 416
    assert len(wrong) <= 8


def test_real_letters_of_people_are_a_person_s(shared: Path, figure: Callable[[str], None]) -> None:
    """Of 59 others 50 are taken for people, one a bounce with broken headers."""
    folders = (shared / "data/inbound_mail", shared / "corpora/mail/cpython_msgs")
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    judged = {path.name: judge(read_letter(path.read_bytes())) for path in paths}
    counts = Counter(verdict.kind.value for verdict in judged.values())
    figure(f"other real letters: {len(judged)}; {dict(sorted(counts.items()))}")
    assert {name for name, one in judged.items() if one.kind is Kind.BOUNCE} == BOUNCES
    unsaid = [name for name, one in judged.items() if one.kind is not Kind.PERSON and not one.signs]
    assert unsaid == []
    assert counts["person"] == 50


def test_real_bounces_name_who_and_which(shared: Path, figure: Callable[[str], None]) -> None:
    """Most bounces name the address, whether it is for good, and the letter that came back."""
    bounces = [one.report for _, one in _bounces(shared) if one.kind in RETURNED]
    address = sum(bool(one.failures) for one in bounces)
    lasting = sum(any(f.lasting is not None for f in one.failures) for one in bounces)
    original = sum(bool(one.original_id) for one in bounces)
    figure(
        f"bounces: of {len(bounces)}, address {address}, lasting or not {lasting}, id {original}"
    )
    assert address > 0.95 * len(bounces)
    assert lasting > 0.88 * len(bounces)
    assert original > 0.8 * len(bounces)


@pytest.mark.parametrize(
    ("action", "status", "told", "kind", "lasting"),
    [
        ("failed", "5.1.1", "550 unknown", Kind.BOUNCE, True),
        ("failed", "4.4.1", "timed out", Kind.BOUNCE, False),
        ("failed", "5.2.2", "552 mailbox full", Kind.BOUNCE, False),
        ("failed", "", "550 no such user", Kind.BOUNCE, True),
        ("failed", "", "who knows", Kind.BOUNCE, None),
        ("delayed", "4.0.0", "", Kind.DELAY, False),
        ("delivered", "2.0.0", "", Kind.RECEIPT, False),
    ],
)
def test_reports_are_read(
    action: str, status: str, told: str, kind: Kind, lasting: bool | None
) -> None:
    """A report of RFC 3464 gives the address, what became of it, and the id that came back."""
    verdict = judge(read_letter(DSN % (action.encode(), status.encode(), told.encode())))
    (failure,) = verdict.report.failures
    assert (verdict.kind, verdict.report.original_id) == (kind, "<sent@example.org>")
    assert (failure.address, failure.status, failure.lasting) == ("li@example.com", status, lasting)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied", Kind.AUTO_REPLY),
        ("Auto-Submitted: auto-generated; owner=x", Kind.AUTO_REPLY),
        ("Auto-Submitted: no", Kind.PERSON),
        ("Auto-Submitted: No (really)", Kind.PERSON),
        ("Precedence: bulk", Kind.BULK),
        ("Precedence: first-class", Kind.PERSON),
        ("X-Auto-Response-Suppress: DR, OOF", Kind.AUTO_REPLY),
        ("X-Auto-Response-Suppress: DR, RN", Kind.PERSON),
        ("Return-Path: <>", Kind.AUTO_REPLY),
        ("Return-Path: <li@example.com>", Kind.PERSON),
        ("List-Id: <news.example.com>", Kind.BULK),
        ("X-Autoreply: yes", Kind.AUTO_REPLY),
        ("Subject: 自动回复: 压力机", Kind.AUTO_REPLY),
        ("Subject: Fwd: Undelivered Mail Returned to Sender", Kind.PERSON),
    ],
)
def test_machines_are_known_by_their_headers(header: str, kind: Kind) -> None:
    """RFC 3834 and its older cousins decide; `no` is a person's, and a forwarded bounce too."""
    assert judge(read_letter(f"From: li@example.com\n{header}\n\nhi".encode())).kind is kind


def test_a_complaint_names_its_kind() -> None:
    """A report of RFC 5965 is a complaint, unless it takes one back."""
    report = (
        "Content-Type: multipart/report; boundary=b\n\n--b\n"
        "Content-Type: message/feedback-report\n\nFeedback-Type: {}\nVersion: 1\n\n--b--\n"
    )
    abuse = judge(read_letter(report.format("Abuse").encode()))
    assert (abuse.kind, abuse.report.complaint) == (Kind.COMPLAINT, "abuse")
    assert judge(read_letter(report.format("not-spam").encode())).kind is not Kind.COMPLAINT


def test_a_chinese_bounce_in_prose_is_a_bounce() -> None:
    """A notice in Chinese without a report gives the address, for good."""
    notice = (
        "From: postmaster@qq.com\nSubject: 系统退信\nContent-Type: text/plain; charset=utf-8\n\n"
    )
    verdict = judge(read_letter(f"{notice}无法投递到 li@example.com，用户不存在".encode()))
    assert verdict.kind is Kind.BOUNCE
    assert [(one.address, one.lasting) for one in verdict.report.failures] == [
        ("li@example.com", True)
    ]


def _bounces(shared: Path) -> Iterator[tuple[str, Verdict]]:
    with tarfile.open(shared / "data/bounces/maildir_half.tar.gz") as archive:
        for member in archive:
            if content := archive.extractfile(member):
                yield member.name, judge(read_letter(content.read()))


def _collected_as(name: str) -> str:
    folder, _, file = name.removeprefix("maildir/").partition("/")
    if folder == "not":
        return "not a bounce"
    if file.startswith("arf"):
        return "complaint"
    return "absence" if file.startswith("rfc3834") else "bounce"


def _agrees(group: str, verdict: Verdict) -> bool:
    kinds = {
        "complaint": {Kind.COMPLAINT},
        "absence": {Kind.AUTO_REPLY},
        "not a bounce": {Kind.PERSON},
    }
    return verdict.kind in kinds.get(group, RETURNED)
