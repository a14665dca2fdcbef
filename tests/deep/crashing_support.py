"""The writes of support that are to pass whole or not at all, and what they begin with."""

from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

from crmkit.crm import CRM
from crmkit.domain.access.team import Team, TeamId
from crmkit.domain.calendars.hours import Week
from crmkit.domain.calendars.sources import Source, day_off
from crmkit.domain.money import Money
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.clock_rules import resolution, targets
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_parts import Decision, ReceivedVia, Severity
from crmkit.domain.support.complaint_stages import Closing
from crmkit.domain.support.intake import Intake, IntakeRecord
from crmkit.domain.support.mail.filed import FiledLetter
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.remedies import Remedy, RemedyKind
from crmkit.domain.support.survey import SurveyKind
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.services import access, parties
from crmkit.services.calendars import absences, keeping
from crmkit.services.support import (
    assigning,
    complaints,
    correcting,
    filing,
    intakes,
    macros,
    mailboxes,
    merging,
    receiving,
    sending,
    setting_up,
    sla,
    surveys,
    tickets,
    ties,
)
from crmkit.work import UnitOfWork

TENANT: Final = "acme"
HOUR: Final = timedelta(hours=1)
TODAY: Final = datetime(2026, 11, 24, 9, tzinfo=timezone(timedelta(hours=8)))
MARKS: Final = Marks(secret=bytes(range(32)), tenant=TENANT)
REFUND: Final = Remedy(kind=RemedyKind.REFUND, amount=Money("1280.50", "CNY"))
GONE: Final = (
    "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nSubject: Undelivered Mail\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
    "Final-Recipient: rfc822; wang@a.example\nAction: failed\nStatus: 5.1.1\n"
    "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {of}\n--b--\n"
)
MAILS: Final = ("answer", "bounce")
Places = dict[str, Any]
Call = tuple[Any, ...]


def letter(subject: str, text: str, number: int) -> str:
    """Write a letter of a customer."""
    head = f"From: Wang <wang@a.example>\nTo: help@b.example\nMessage-ID: <{number}@a>\n"
    return f"{head}Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"


def receive(work: UnitOfWork, box: UUID, mail: str) -> FiledLetter:
    """Take in a letter."""
    return receiving.receive_letter(work, mail.encode(), box, marks=MARKS)


def reply(work: UnitOfWork, ticket: UUID, box: UUID) -> FiledLetter:
    """Answer by mail."""
    return sending.reply_by_mail(work, ticket, "明天到。", mailbox_id=box, marks=MARKS)


def take_in(work: UnitOfWork, form: UUID, key: str) -> IntakeRecord:
    """Take in a message of a web form."""
    told = Intake(key=key, subject="漏油", text="三号", name="王芳", email="fang@a.example")
    return intakes.take_in(work, form, told)


def shorten_days(work: UnitOfWork, calendar: UUID) -> list[Ticket]:
    """Change the hours of a calendar and work out all due times anew."""
    week = Week.read("mon-fri 09:00-17:00", from_on=date(2026, 1, 1))
    keeping.change_hours(work, calendar, week)
    return sla.redate_tickets(work)


def publish(work: UnitOfWork, source: str) -> list[Complaint]:
    """Publish the days of another year and work out provisional deadlines anew."""
    days = (day_off(date(2026, 11, 26), "off"),)
    keeping.publish_days(work, Source(name=source, days=days, known_until=date(2027, 12, 31)))
    return complaints.redate_complaints(work)


def propose(work: UnitOfWork, complaint: UUID) -> Complaint:
    """Propose an answer with a refund."""
    return complaints.propose_response(work, complaint, Decision.UPHELD, REFUND)


def find(work: UnitOfWork, complaint: UUID) -> Complaint:
    """Keep what was found, and why."""
    return complaints.note_findings(work, complaint, "seal", root_cause="no date of change")


def rule(work: UnitOfWork, complaint: UUID) -> Complaint:
    """Keep the ruling of a body outside."""
    return complaints.note_ruling(work, complaint, "pay", REFUND)


def change_gold(work: UnitOfWork, policy: UUID) -> object:
    """Give a policy other targets."""
    clocks = (resolution(targets({Priority.NORMAL: HOUR})),)
    return setting_up.change_policy(work, policy, clocks=clocks)


def log_time(work: UnitOfWork, ticket: UUID, user: UUID) -> object:
    """Log half an hour."""
    return assigning.log_time(work, ticket, user, 30)


def begin_support(crm: CRM, queue: UUID, calendar: UUID) -> dict[str, str]:
    """Write tickets, letters and complaints of every kind; return where they are."""
    places: Places = {"queue": queue, "office": calendar}
    with crm.work(by="li", tenant=TENANT) as work:
        _people(work, places)
        _tickets(work, places)
        _complaints(work, places)
        _ways_in(work, places)
    with crm.work(by="li", tenant=TENANT) as work:
        limits = targets({Priority.NORMAL: 2 * HOUR, Priority.HIGH: HOUR})
        gold = setting_up.define_policy(work, "gold", calendar, resolution(limits), precedence=9)
        places["gold"] = gold.id
    return {name: str(place) for name, place in places.items()}


def _people(work: UnitOfWork, places: Places) -> None:
    team = work.teams.add(Team(id=TeamId(work.new_id()), name="support")).id
    work.queues.save(work.queues.get(places["queue"]).evolve(team_id=team))
    for name in ("Zhao", "Qian", "Sun"):
        places[name] = access.add_user(work, name).id
    for name in ("Zhao", "Qian"):
        setting_up.register_agent(work, places[name], team_ids=(team,))
    ends = TODAY + timedelta(days=3)
    absences.note_absence(work, places["Sun"], TODAY, ends, deputy=places["Qian"])
    take = (Command(do=Do.TAG, to="taken"), Command(do=Do.ASSIGN, to="next"))
    setting_up.define_macro(work, "take", *take)


def _tickets(work: UnitOfWork, places: Places) -> None:
    writer = parties.add_contact(work, "Fang").id
    for name in ("new", "held", "solved", "merged", "child", "asked"):
        opened = tickets.open_ticket(work, name, queue=places["queue"], requester_id=writer)
        places[name] = opened.id
    held = work.tickets.get(places["held"]).evolve(assignee_id=places["Sun"])
    held = work.tickets.save(held)
    assigning.hold_ticket(work, held.id, places["Zhao"])
    assigning.watch_ticket(work, held.id, places["Zhao"])
    for name in ("solved", "asked"):
        tickets.resolve_ticket(work, places[name])
    merging.merge_tickets(work, places["new"], places["merged"])
    places["tie"] = ties.link_tickets(work, places["child"], LinkKind.CHILD_OF, held.id).id
    survey = surveys.define_survey(work, "after", SurveyKind.CSAT, rest_days=0)
    places["survey"] = survey.id
    places["question"] = surveys.ask_about(work, survey.id, places["asked"]).id


def _complaints(work: UnitOfWork, places: Places) -> None:
    days = keeping.publish_days(work, Source(name="state", known_until=date(2026, 11, 25)))
    hours = "mon-fri 09:00-18:00"
    unsure = keeping.define_calendar(work, "unsure", "Asia/Shanghai", hours, sources=(days.id,))
    deadline = complaints.define_complaint_rule(work, "12315", unsure.id, days=7).id
    places["deadline"] = deadline
    for last in range(len(_way(places, UUID(int=0))) + 1):
        one = complaints.receive_complaint(work, "漏油", ReceivedVia.PHONE, rule=deadline).id
        steps = _way(places, one)
        for service, *args in list(steps.values())[:last]:
            service(work, *args)
        places[f"complaint before {[*steps, 'the end'][last]}"] = one


def _way(places: Places, one: UUID) -> dict[str, Call]:
    """Return the steps of a complaint in their order."""
    return {
        "register": (complaints.register_complaint, one),
        "acknowledge": (complaints.acknowledge_complaint, one),
        "assess": (complaints.assess_complaint, one, Severity.MAJOR),
        "investigate": (complaints.investigate_complaint, one, places["Zhao"]),
        "note_findings": (find, one),
        "propose": (propose, one),
        "communicate": (complaints.communicate_decision, one),
        "contain": (correcting.contain_complaint, one, "stop"),
        "plan": (correcting.plan_correction, one, "train"),
        "finish": (correcting.finish_correction, one, "train"),
        "escalate": (complaints.escalate_complaint, one, "12315"),
        "note_ruling": (rule, one),
        "deliver": (correcting.deliver_remedy, one, RemedyKind.REFUND),
        "close": (complaints.close_complaint, one, Closing.RULED),
        "rate": (complaints.rate_complaint, one, 4),
    }


def _ways_in(work: UnitOfWork, places: Places) -> None:
    box = mailboxes.define_mailbox(
        work, "help@b.example", queue_id=places["queue"], acknowledgement="收到。"
    )
    places["box"] = box.id
    filed = receive(work, box.id, letter("停机", "压力机", 1))
    places |= {"letter": filed.id, "written": filed.ticket_id}
    sent = reply(work, filed.ticket_id, box.id)
    places["answer"] = letter(f"Re: {sent.subject}", "谢谢\n\n> 明天到。", 2).replace(
        "To:", f"In-Reply-To: {sent.message_id}\nTo:"
    )
    places["bounce"] = GONE.format(of=sent.message_id)
    gone = mailboxes.standing_of(work, "gone@a.example").complain(at=work.now)
    mailboxes.keep_standing(work, gone)
    form = intakes.define_intake_form(work, "web", queue_id=places["queue"])
    places["form"] = form.id


def support_calls(kept: dict[str, str]) -> dict[str, Call]:
    """Return each write of support by its name: the service and its arguments."""
    places: Places = {name: place if name in MAILS else UUID(place) for name, place in kept.items()}
    return _calls(places)


def _calls(places: Places) -> dict[str, Call]:
    return _ticket_calls(places) | _complaint_calls(places) | _mail_calls(places)


def _ticket_calls(places: Places) -> dict[str, Call]:
    new, held, user = places["new"], places["held"], places["Zhao"]
    return {
        "update_ticket": (tickets.update_ticket, new, {"topic": "press"}),
        "prioritise_ticket": (tickets.prioritise_ticket, new, Priority.HIGH),
        "reopen_ticket": (tickets.reopen_ticket, places["solved"]),
        "assign_ticket": (assigning.assign_ticket, new, user),
        "assign_next": (assigning.assign_next, new),
        "hand_over": (assigning.hand_over, places["Sun"]),
        "hold_ticket": (assigning.hold_ticket, new, user),
        "release_ticket": (assigning.release_ticket, held),
        "watch_ticket": (assigning.watch_ticket, new, user),
        "unwatch_ticket": (assigning.unwatch_ticket, held, user),
        "log_time": (log_time, new, user),
        "merge_tickets": (merging.merge_tickets, new, held),
        "unmerge_ticket": (merging.unmerge_ticket, places["merged"]),
        "split_ticket": (merging.split_ticket, new, "second matter"),
        "link_tickets": (ties.link_tickets, new, LinkKind.BLOCKS, held),
        "unlink_tickets": (ties.unlink_tickets, places["tie"]),
        "run_macro": (macros.run_macro, "take", new),
        "ring_alarms": (sla.ring_alarms,),
        "redate_tickets": (shorten_days, places["office"]),
        "review_level": (sla.review_level, new),
        "change_policy": (change_gold, places["gold"]),
        "ask_about": (surveys.ask_about, places["survey"], places["solved"]),
        "answer_survey": (surveys.answer_survey, places["question"], 5),
    }


def _complaint_calls(places: Places) -> dict[str, Call]:
    calls: dict[str, Call] = {
        "receive_complaint": (complaints.receive_complaint, "漏油", ReceivedVia.MAIL),
        "name_accused": (complaints.name_accused, places["complaint before assess"], places["Sun"]),
        "redate_complaints": (publish, "state"),
    }
    calls["receive_complaint"] += ({"rule": places["deadline"]},)
    for name in _way(places, UUID(int=0)):
        calls[f"{name} a complaint"] = _way(places, places[f"complaint before {name}"])[name]
    rejected = places["complaint before escalate"]
    reject = (complaints.reject_decision, rejected, "too little", {"reviewer": places["Qian"]})
    return calls | {"reject a complaint": reject}


def _mail_calls(places: Places) -> dict[str, Call]:
    box = places["box"]
    return {
        "receive a letter": (receive, box, letter("another", "pump", 3)),
        "receive an answer": (receive, box, places["answer"]),
        "receive a bounce": (receive, box, places["bounce"]),
        "reply_by_mail": (reply, places["written"], box),
        "file_letter": (filing.file_letter, places["letter"], places["new"]),
        "take_in": (take_in, places["form"], "f-1"),
        "trust_address": (mailboxes.trust_address, "gone@a.example"),
    }


SUPPORT: Final = tuple(_calls(defaultdict(lambda: UUID(int=0))))
"""The names of all writes."""
