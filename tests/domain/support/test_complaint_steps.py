"""Complaints against a model in plain words and sets: the same steps, the same refusals."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crmkit.domain.aggregate import UserId
from crmkit.domain.calendars.business_calendar import BusinessCalendar
from crmkit.domain.calendars.calendar import CalendarId
from crmkit.domain.calendars.sources import Source, day_off, work_on
from crmkit.domain.money import Money
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_events import ComplaintId
from crmkit.domain.support.complaint_parts import (
    Complexity,
    Containment,
    Decision,
    ReceivedVia,
    Severity,
)
from crmkit.domain.support.complaint_rule import ComplaintRule, ComplaintRuleId, Counting
from crmkit.domain.support.complaint_stages import Closing
from crmkit.domain.support.corrections import CorrectiveAction, EffectCheck
from crmkit.domain.support.remedies import Remedy, RemedyKind
from crmkit.errors import CrmkitError, InvalidValue

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
PEOPLE = [UserId(UUID(int=number)) for number in range(1, 4)]
REMEDIES = {
    "apology": Remedy(kind=RemedyKind.APOLOGY),
    "refund": Remedy(kind=RemedyKind.REFUND, amount=Money("120.00", "CNY")),
}
people = st.sampled_from(PEOPLE)
kinds = st.sampled_from(sorted(REMEDIES))
promised = st.lists(kinds, max_size=2)
names = st.sampled_from(["retrain", "new seal"])
THE_WAY = {
    "register": ({"received"}, "registered"),
    "acknowledge": ({"registered"}, "acknowledged"),
    "assess": ({"acknowledged"}, "assessed"),
    "investigate": ({"assessed", "investigating"}, "investigating"),
    "propose": ({"investigating", "in_review"}, "response_proposed"),
    "communicate": ({"response_proposed"}, "decision_communicated"),
    "reject": ({"decision_communicated"}, "in_review"),
    "escalate": ({"decision_communicated", "in_review"}, "external"),
}


class ComplaintsLikeTheModel(RuleBasedStateMachine):
    """Take any steps in any order; the model says what comes of each."""

    def __init__(self) -> None:
        """Begin with a complaint that came in, and with a model of it."""
        super().__init__()
        new = Complaint(id=ComplaintId(UUID(int=9)), subject="漏油", via=ReceivedVia.PHONE)
        self.complaint = new.receive(at=AT)
        self.stage = "received"
        self.who: dict[str, UserId] = {}
        self.owed: list[str] = []
        self.given: list[str] = []
        self.actions: dict[str, tuple[UserId, str]] = {}
        self.known: set[str] = set()

    @initialize(steps=st.integers(0, 8), promised=promised)
    def go_some_way(self, steps: int, promised: list[str]) -> None:
        """Walk so many steps of the usual way first, so that late stages are reached as often."""
        accused, investigator, reviewer = PEOPLE
        way: list[Callable[[], None]] = [
            lambda: self.arrive("register"),
            lambda: self.arrive("acknowledge"),
            lambda: self.arrive("assess"),
            lambda: (self.accuse(accused), self.investigate(investigator))[1],
            lambda: (self.find(cause=True), self.propose(promised))[1],
            self.communicate,
            lambda: self.reject(reviewer),
            self.escalate,
        ]
        for step in way[:steps]:
            step()

    def take(self, refusal: str | None, step: Callable[[], Complaint]) -> bool:
        """Take a step that is refused by this name, or by none; say whether it was taken."""
        before = self.complaint
        if refusal is None:
            self.complaint = step()
            return True
        with pytest.raises(CrmkitError) as caught:
            step()
        assert (type(caught.value).__name__, self.complaint) == (refusal, before)
        return False

    def step(self, name: str, call: Callable[[], Complaint], refusal: str | None = None) -> bool:
        """Take a step of the way, refused elsewhere than where it begins."""
        begins, ends = THE_WAY[name]
        elsewhere = None if self.stage in begins else "NoSuchStep"
        taken = self.take(refusal or elsewhere, call)
        if taken:
            self.stage = ends
        return taken

    def judges_themselves(self, role: str, person: UserId) -> str | None:
        """Return the refusal of a person who has another role already."""
        others = [one for name, one in self.who.items() if name != role]
        return "NotIndependent" if person in others else None

    @rule(step=st.sampled_from(["register", "acknowledge", "assess"]))
    def arrive(self, step: str) -> None:
        """Take one of the first three steps."""
        calls = {
            "register": lambda: self.complaint.register("C-1"),
            "acknowledge": lambda: self.complaint.acknowledge(at=AT),
            "assess": lambda: self.complaint.assess(
                Severity.MAJOR, Complexity.SIMPLE, is_safety_matter=True
            ),
        }
        self.step(step, calls[step])

    @rule(person=people)
    def accuse(self, person: UserId) -> None:
        """Name whom it is about."""
        refusal = "NoSuchStep" if self.stage == "closed" else None
        refusal = refusal or self.judges_themselves("accused", person)
        if self.take(refusal, lambda: self.complaint.accuse(person)):
            self.who["accused"] = person

    @rule(person=people)
    def investigate(self, person: UserId) -> None:
        """Let somebody look into it."""
        refusal = self.judges_themselves("investigator", person)
        if self.step("investigate", lambda: self.complaint.investigate(person), refusal):
            self.who["investigator"] = person

    @rule(cause=st.booleans())
    def find(self, cause: bool) -> None:
        """Write down what was found, with or without a cause."""
        refusal = None if self.stage in {"investigating", "in_review"} else "NoSuchStep"
        root = "seal" if cause else None
        if self.take(refusal, lambda: self.complaint.note_findings("leaks", root)):
            self.known |= {"findings"} | ({"cause"} if cause else set())

    @rule(promised=promised)
    def propose(self, promised: list[str]) -> None:
        """Have an answer ready."""
        begins = self.stage in {"investigating", "in_review"}
        refusal = "FindingsMissing" if begins and "findings" not in self.known else None
        remedies = [REMEDIES[kind] for kind in promised]
        call = lambda: self.complaint.propose(Decision.PARTLY, remedies)  # noqa: E731 - one call
        if self.step("propose", call, refusal):
            self.owed = list(promised)

    @rule()
    def communicate(self) -> None:
        """Tell the decision."""
        self.step("communicate", lambda: self.complaint.communicate(at=AT))

    @rule(person=people)
    def reject(self, person: UserId) -> None:
        """Do not accept the decision."""
        refusal = "NoSuchStep" if "reviewer" in self.who else None
        refusal = refusal or self.judges_themselves("reviewer", person)
        if self.step("reject", lambda: self.complaint.reject("too little", person), refusal):
            self.who["reviewer"] = person

    @rule()
    def escalate(self) -> None:
        """Go outside."""
        self.step("escalate", lambda: self.complaint.escalate("12315", "No. 7"))

    @rule(promised=promised)
    def be_ruled_on(self, promised: list[str]) -> None:
        """Hear what a body outside says."""
        refusal = None if self.stage == "external" else "NoSuchStep"
        remedies = [REMEDIES[kind] for kind in promised]
        if self.take(refusal, lambda: self.complaint.take_ruling("pay", remedies)):
            self.known.add("ruling")
            self.owed = list(promised)

    @rule(kind=kinds)
    def deliver(self, kind: str) -> None:
        """Give what is owed."""
        answered = self.stage in {"decision_communicated", "in_review", "external"}
        refusal = None if answered and kind in self.owed else "RemedyNotPromised"
        if self.take(refusal, lambda: self.complaint.deliver(RemedyKind(kind), at=AT)):
            self.owed.remove(kind)
            self.given.append(kind)

    @rule(why=st.sampled_from(sorted(Closing)))
    def close(self, why: Closing) -> None:
        """Come to an end."""
        where = {
            "accepted": {"decision_communicated"},
            "unanswered": {"decision_communicated"},
            "ruled": {"external"} if "ruling" in self.known else set(),
            "withdrawn": {self.stage} - {"closed"},
        }
        refusal = None if self.stage in where[why] else "NoSuchStep"
        if refusal is None and self.owed and why != "withdrawn":
            refusal = "RemedyNotDelivered"
        if self.take(refusal, lambda: self.complaint.close(why, at=AT)):
            self.stage, self.owed = "closed", []

    @rule(stars=st.integers(0, 6))
    def rate(self, stars: int) -> None:
        """Say how content the complainant is."""
        refusal = "NoSuchStep" if self.stage != "closed" else None
        refusal = refusal or ("AlreadyRated" if "rating" in self.known else None)
        refusal = refusal or ("InvalidValue" if stars not in {1, 2, 3, 4, 5} else None)
        if self.take(refusal, lambda: self.complaint.rate(stars, None)):
            self.known.add("rating")

    @rule()
    def contain(self) -> None:
        """Stop the harm: nothing refuses it."""
        done = Containment(action="stop delivery", taken_at=AT)
        assert self.take(None, lambda: self.complaint.contain(done))

    @rule(name=names, owner=people)
    def plan(self, name: str, owner: UserId) -> None:
        """Plan against the cause."""
        refusal = None if "cause" in self.known else "FindingsMissing"
        refusal = refusal or ("InvalidValue" if name in self.actions else None)
        action = CorrectiveAction(name=name, owner_id=owner)
        if self.take(refusal, lambda: self.complaint.correct(action)):
            self.actions[name] = (owner, "planned")

    @rule(name=names)
    def finish(self, name: str) -> None:
        """Do what was planned."""
        owner, state = self.actions.get(name, (PEOPLE[0], "unknown"))
        refusal = None if state == "planned" else "NoSuchCorrection"
        if self.take(refusal, lambda: self.complaint.finish_correction(name, at=AT)):
            self.actions[name] = (owner, "done")

    @rule(name=names, checker=people, effective=st.booleans())
    def check(self, name: str, checker: UserId, effective: bool) -> None:
        """See whether it worked."""
        owner, state = self.actions.get(name, (PEOPLE[0], "unknown"))
        refusal = None if state == "done" else "NoSuchCorrection"
        refusal = refusal or ("NotIndependent" if checker == owner else None)
        found = EffectCheck(checker=checker, is_effective=effective, evidence="no leak in May")
        if self.take(refusal, lambda: self.complaint.check_correction(name, found, at=AT)):
            self.actions[name] = (owner, "worked" if effective else "failed")

    @invariant()
    def is_as_the_model_says(self) -> None:
        """Stage, people, remedies and actions are those of the model."""
        one = self.complaint
        assert one.stage == self.stage
        three = {
            "accused": one.accused_id,
            "investigator": one.investigator_id,
            "reviewer": one.reviewer_id,
        }
        assert {name: who for name, who in three.items() if who is not None} == self.who
        assert len(set(self.who.values())) == len(self.who)
        assert sorted(r.kind for r in one.remedies if not r.is_delivered) == sorted(self.owed)
        assert sorted(r.kind for r in one.remedies if r.is_delivered) == sorted(self.given)
        assert {a.name: state_of(a) for a in one.corrective_actions} == {
            name: state for name, (_owner, state) in self.actions.items()
        }


def state_of(action: CorrectiveAction) -> str:
    """Tell how a corrective action stands, in the words of the model."""
    if action.is_effective is not None:
        return "worked" if action.is_effective else "failed"
    return "planned" if action.done_at is None else "done"


TestComplaintsLikeTheModel = ComplaintsLikeTheModel.TestCase


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_only_money_has_an_amount(kind: RemedyKind) -> None:
    """A refund and a compensation have a positive amount, all other remedies none."""
    is_money = kind in {"refund", "compensation"}
    for amount in (None, Money("1", "CNY"), Money("0", "CNY"), Money("-1", "CNY")):
        if (amount == Money("1", "CNY")) if is_money else (amount is None):
            assert Remedy(kind=kind, amount=amount).amount == amount
        else:
            with pytest.raises(InvalidValue) as caught:
                Remedy(kind=kind, amount=amount)
            assert caught.value.path == "complaint.remedies.amount"


def test_an_action_is_not_checked_before_it_is_due() -> None:
    """Who plans a check before the action is told so."""
    CorrectiveAction(name="x", due_on=date(2026, 3, 2), check_on=date(2026, 3, 2))
    with pytest.raises(InvalidValue):
        CorrectiveAction(name="x", due_on=date(2026, 3, 2), check_on=date(2026, 3, 1))


FESTIVAL = Source(
    name="国务院办公厅",
    days=(
        *(day_off(date(2026, 2, day), "春节") for day in range(15, 24)),
        work_on(date(2026, 2, 14), "春节"),
        work_on(date(2026, 2, 28), "春节"),
    ),
    known_until=date(2026, 12, 31),
)
OFFICE = BusinessCalendar.of("office", "Asia/Shanghai", "mon-fri 09:00-18:00", sources=(FESTIVAL,))


def a_rule(days: int, counting: Counting) -> ComplaintRule:
    """Return a rule of so many days."""
    ids = ComplaintRuleId(UUID(int=1)), CalendarId(UUID(int=2))
    return ComplaintRule(id=ids[0], name="r", days=days, calendar_id=ids[1], counting=counting)


@pytest.mark.parametrize(
    ("days", "counting", "last"),
    [
        (7, Counting.WORKDAYS, date(2026, 2, 28)),
        (7, Counting.DAYS, date(2026, 2, 19)),
        (7, Counting.DAYS_TO_WORKDAY, date(2026, 2, 24)),
        (2, Counting.DAYS_TO_WORKDAY, date(2026, 2, 14)),
    ],
)
def test_days_are_counted_around_the_spring_festival(
    days: int, counting: Counting, last: date
) -> None:
    """From Thursday 12 February, both Saturdays that are worked count, and no day of the feast."""
    received = datetime(2026, 2, 12, 15, 59, tzinfo=UTC)
    due = a_rule(days, counting).answer_by(received, OFFICE)
    assert (due.on, due.provisional) == (last, False)
    assert OFFICE.local_date(due.at) == last + timedelta(days=1)
    assert OFFICE.local_date(due.at - timedelta(milliseconds=1)) == last


@given(st.integers(0, 330), st.integers(1, 60))
def test_workdays_are_counted_one_by_one(start: int, days: int) -> None:
    """The last day is a workday with exactly so many of them since the day after receipt."""
    received = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=start)
    due = a_rule(days, Counting.WORKDAYS).answer_by(received, OFFICE)
    first = received.date()
    between = [first + timedelta(days=n) for n in range(1, (due.on - first).days + 1)]
    assert sum(OFFICE.is_workday(day) for day in between) == days
    assert OFFICE.is_workday(due.on)
    assert due.provisional == (due.on > date(2026, 12, 31))


@pytest.mark.parametrize("days", [0, 367])
def test_a_rule_leaves_some_days_and_not_years(days: int) -> None:
    """A rule gives 1 to 366 days."""
    with pytest.raises(InvalidValue) as caught:
        a_rule(days, Counting.DAYS)
    assert caught.value.path == "complaint_rule.days"
