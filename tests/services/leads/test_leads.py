"""Leads: scored with reasons, handed out in turn, converted with what was declared."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.domain.custom_fields import FieldKind
from crmkit.domain.money import Money
from crmkit.domain.parties.contact_points import ContactPoint
from crmkit.domain.parties.customer import CustomerKind
from crmkit.domain.parties.lead import Lead, LeadAlreadyClosed, LeadStatus
from crmkit.domain.parties.scorecard import Scorecard, ScorecardId, ScoreRule
from crmkit.domain.parties.turns import (
    AssignmentRule,
    AssignmentRuleId,
    Desk,
    NobodyFits,
    Strategy,
    Turn,
)
from crmkit.errors import InvalidSettings, InvalidValue, NotFound, UnknownField
from crmkit.services import leads, parties, sales
from crmkit.services.calendars import absences
from crmkit.services.custom_fields import define_field
from tests.services.leads.house import NAMES, House
from tests.services.stopped_clock import Stopped

PHONE = ContactPoint(kind="phone", raw="0635-8230000")
FAIR = {"field": "source", "op": "eq", "value": "展会"}
NAMED = {"not": {"field": "company", "op": "is_none", "value": None}}


def test_a_score_says_what_it_is_made_of_and_fades(house: House) -> None:
    """Points by rules, halved with each half-life; the reasons add up to it."""
    fresh = ScoreRule(
        name="新线索", when={"all": []}, points=40, since="created_at", half_life_days=7
    )
    rules = (ScoreRule(name="展会", when=FAIR, points=30), fresh)
    house.run("li", leads.define_scorecard, "意向", *rules)
    fair, plain = house.lead(source="展会"), house.lead()
    closed = house.lead()
    house.run("li", parties.disqualify_lead, closed.id, reason="x")
    assert house.run("li", leads.score_leads, "意向") == 2
    assert house.run("li", leads.score_leads, "意向") == 0
    house.clock.go_on(days=7)
    assert house.run("li", leads.score_leads, "意向") == 2
    now = house.now(fair)
    assert (now.score, now.scored_at) == (Decimal("50.00"), house.clock.at)
    assert [(one.rule, one.points) for one in now.score_reasons] == [
        ("展会", Decimal("30.00")),
        ("新线索", Decimal("20.00")),
    ]
    assert (house.now(plain).score, house.now(closed).score) == (Decimal("20.00"), None)
    house.run("li", leads.define_scorecard, "意向", rules[0])
    score = house.run("li", leads.explain_score, plain.id, "意向")
    assert (score.total, score.reasons) == (Decimal(0), ())


@given(
    points=st.integers(-100, 100),
    half_life=st.integers(1, 400),
    days=st.lists(st.integers(0, 4000), min_size=2, max_size=2),
)
def test_points_never_grow_with_time(points: int, half_life: int, days: list[int]) -> None:
    """Their size only falls, they keep their sign, and the same moment gives the same points."""
    at = Stopped().at
    rule = ScoreRule(name="x", when={}, points=points, since="created_at", half_life_days=half_life)
    card = Scorecard(id=ScorecardId(uuid4()), name="c", rules=(rule,))
    lead = Lead(id=uuid4(), name="x", created_at=at)
    sooner, later = (
        card.score(lead, lambda _written, _record: True, at=at + timedelta(days=passed)).total
        for passed in sorted(days)
    )
    assert abs(later) <= abs(sooner) <= abs(points)
    assert later * points >= 0


def rule_of(strategy: Strategy, *turns: Turn) -> AssignmentRule:
    """Return a rule."""
    return AssignmentRule(id=AssignmentRuleId(uuid4()), name="r", strategy=strategy, turns=turns)


def shares(rule: AssignmentRule, count: int, **desk: Any) -> list[int]:
    """Hand out a number of records and return to whom, by place."""
    users = [turn.user_id for turn in rule.turns]
    got: list[int] = []
    loads: Counter[Any] = Counter()
    for _ in range(count):
        seen = {"away": frozenset(), "loads": loads, "fits": lambda _w, _r: True, **desk}
        choice = rule.choose(None, Desk(**seen))
        rule = rule.give(choice)
        loads[choice.user_id] += 1
        got.append(users.index(choice.user_id))
    return got


def test_turns_are_fair_by_each_strategy() -> None:
    """In order, by load, by weight, by territory: the same every time."""
    first, second, third = (uuid4() for _ in range(3))
    equal = [Turn(user_id=user) for user in (first, second, third)]
    heavy = [attrs.evolve(equal[0], weight=3), equal[1]]
    assert shares(rule_of(Strategy.ROUND_ROBIN, *equal), 5) == [0, 1, 2, 0, 1]
    away = frozenset((second,))
    assert shares(rule_of(Strategy.ROUND_ROBIN, *equal), 4, away=away) == [0, 2, 0, 2]
    assert shares(rule_of(Strategy.WEIGHTED, *heavy), 8).count(0) == 6
    limited = [attrs.evolve(equal[0], capacity=1), equal[1]]
    assert shares(rule_of(Strategy.LEAST_LOADED, *limited), 4) == [0, 1, 1, 1]
    assert shares(rule_of(Strategy.TERRITORY, *equal), 2) == [0, 0]
    with pytest.raises(NobodyFits, match="is away"):
        shares(rule_of(Strategy.ROUND_ROBIN, equal[1]), 1, away=away)


@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=6), rounds=st.integers(1, 4))
def test_weights_are_met_exactly_after_whole_rounds(weights: list[int], rounds: int) -> None:
    """After as many turns as all weights together, each had as many as its weight."""
    turns = [Turn(user_id=uuid4(), weight=weight) for weight in weights]
    got = Counter(shares(rule_of(Strategy.WEIGHTED, *turns), sum(weights) * rounds))
    assert [got[at] for at in range(len(weights))] == [weight * rounds for weight in weights]


def test_a_lead_goes_to_whose_turn_it_is_and_says_why(house: House) -> None:
    """Whoever is away or works elsewhere is passed over; the reason stays with the lead."""
    away, elsewhere, works, also = (house.people[name] for name in NAMES)
    with house.work() as work:
        absences.note_absence(work, away, deputy=works)
        turns = (
            Turn(user_id=away),
            Turn(user_id=elsewhere, territory=FAIR),
            Turn(user_id=works),
            Turn(user_id=also),
        )
        leads.define_assignment_rule(work, "轮流", turns=turns)
    first, second = house.lead(), house.lead()
    assert house.run("li", leads.explain_turn, first, "轮流").user_id == works
    given_first = house.run("li", leads.assign_by_rule, first, "轮流")
    given_second = house.run("li", leads.assign_by_rule, second, "轮流")
    assert (given_first.owner_id, given_first.owner_reason) == (works, "轮流: turn 3 of 4")
    assert given_second.owner_id == also
    assert house.now(first) == given_first


def test_racing_workers_hand_out_fairly(house: House) -> None:
    """Eight threads hand out two dozen leads by turns: each of four gets six."""
    with house.work() as work:
        turns = tuple(Turn(user_id=user) for user in house.people.values())
        leads.define_assignment_rule(work, "轮流", turns=turns)
        new = [parties.capture_lead(work, f"线索{at}") for at in range(24)]

    def hand_out(lead: Lead) -> Any:
        """Hand out one lead."""
        marks = {"by": "li", "tenant": house.tenant, "attempts": 500}
        return house.crm.run(leads.assign_by_rule, lead, "轮流", **marks).owner_id

    with ThreadPoolExecutor(8) as threads:
        got = Counter(threads.map(hand_out, new))
    assert got == dict.fromkeys(house.people.values(), 6)


def test_the_least_loaded_is_counted_by_a_condition(near_house: House) -> None:
    """What is closed is no load."""
    house = near_house
    busy, idle = house.people["li"], house.people["wang"]
    with house.work() as work:
        leads.define_assignment_rule(
            work,
            "least",
            strategy=Strategy.LEAST_LOADED,
            turns=(Turn(user_id=busy), Turn(user_id=idle)),
            counts=work.where(Lead).closed_at.is_none(),
        )
    done = house.lead(owner="li")
    house.run("li", parties.disqualify_lead, done.id, reason="x")
    owners = [
        house.run("li", leads.assign_by_rule, house.lead(), "least").owner_id for _ in range(3)
    ]
    assert owners == [busy, idle, busy]


def test_a_rule_that_cannot_be_meant_is_refused(near_house: House) -> None:
    """Nobody, somebody twice, strangers, unknown fields and entities."""
    li = Turn(user_id=near_house.people["li"])
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"turns": ()}, InvalidValue),
        ({"turns": (li, li)}, InvalidValue),
        ({"turns": (Turn(user_id=uuid4()),)}, NotFound),
        (
            {"turns": (attrs.evolve(li, territory={"field": "x", "op": "eq", "value": 1}),)},
            UnknownField,
        ),
        ({"turns": (li,), "entity": "product"}, InvalidSettings),
    ]
    for parts, error in wrong:
        with pytest.raises(error):
            near_house.run("li", leads.define_assignment_rule, "r", **parts)
    with pytest.raises(InvalidValue):
        Turn(user_id=li.user_id, weight=0)
    with pytest.raises(NotFound):
        near_house.run("li", leads.assign_by_rule, near_house.lead(), "none")


def test_a_lead_becomes_customer_contact_and_deal(house: House) -> None:
    """With what was declared, the tenant's own fields too; the lead leads to all of them."""
    with house.work() as work:
        for entity, key in (("lead", "need"), ("deal", "wish")):
            define_field(work, entity, key, FieldKind.TEXT)
        pipeline = sales.define_pipeline(work, "usual")
    mapping = leads.Conversion(
        customer={"source": "industry"}, deal={"custom.need": "custom.wish", "source": "next_step"}
    )
    lead = house.lead(
        company="鲁西机械",
        owner="li",
        source="展会",
        contact_points=(PHONE,),
        custom={"need": "数控车床"},
    )
    plan = leads.DealPlan(pipeline=pipeline.id, value=Money("380000", "CNY"))
    done = house.run("li", leads.convert, lead.id, deal=plan, conversion=mapping)
    assert done.contact is not None
    assert done.deal is not None
    assert (done.customer.name, done.customer.industry) == ("鲁西机械", "展会")
    assert (done.contact.name, done.contact.contact_points) == ("王芳", (PHONE,))
    assert (done.deal.custom, done.deal.lead_id) == ({"wish": "数控车床"}, lead.id)
    assert (done.deal.customer_id, done.deal.name) == (done.customer.id, "鲁西机械")
    now = house.now(lead)
    assert (now.status, now.customer_id, now.contact_id) == (
        LeadStatus.CONVERTED,
        done.customer.id,
        done.contact.id,
    )
    with pytest.raises(LeadAlreadyClosed):
        house.run("li", leads.convert, lead.id)


def test_a_lead_joins_what_is_there(house: House) -> None:
    """An existing customer, contact and deal keep what they have and get what they lack."""
    with house.work() as work:
        pipeline = sales.define_pipeline(work, "usual")
        luxi = parties.register_customer(work, "鲁西机械", industry="机械")
        person = parties.add_contact(work, "王芳女士")
        deal = sales.open_deal(work, name="车床", pipeline=pipeline.id)
    mapping = leads.Conversion(
        customer={"source": "industry", "name": "notes"}, contact={"source": "notes"}
    )
    lead = house.lead(company="鲁西", source="网站")
    done = house.run(
        "li",
        leads.convert,
        lead.id,
        into=luxi.id,
        contact=person.id,
        deal=leads.DealPlan(into=deal.id),
        conversion=mapping,
    )
    assert done.contact is not None
    assert done.deal is not None
    assert (done.customer.id, done.customer.industry, done.customer.notes) == (
        luxi.id,
        "机械",
        "王芳",
    )
    assert (done.contact.id, done.contact.notes) == (person.id, "网站")
    assert (done.deal.id, done.deal.customer_id, done.deal.lead_id) == (deal.id, luxi.id, lead.id)
    with house.work() as work:
        assert (work.customers.count(), work.contacts.count(), work.deals.count()) == (1, 1, 1)


def test_a_person_without_a_company_is_the_customer(near_house: House) -> None:
    """No contact is made beside it."""
    done = near_house.run("li", leads.convert, near_house.lead(contact_points=(PHONE,)).id)
    assert (done.customer.kind, done.contact, done.deal) == (CustomerKind.PERSON, None, None)
    assert done.customer.contact_points == (PHONE,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer": {"nothing": "notes"}},
        {"customer": {"source": "nothing"}},
        {"deal": {"source": "value"}},
        {"contact": {"score": "notes"}},
    ],
)
def test_a_mapping_is_checked_when_the_program_starts(wrong: Any) -> None:
    """Fields that are not there or hold another kind of value are named at once."""
    with pytest.raises(InvalidSettings) as caught:
        leads.Conversion(**wrong)
    assert caught.value.path.startswith("conversion.")


def test_own_fields_of_a_mapping_are_checked_before_anything_is_written(
    near_house: House,
) -> None:
    """A field that is not defined, or is of another kind, leaves the lead as it was."""
    with near_house.work() as work:
        define_field(work, "lead", "need", FieldKind.TEXT)
        define_field(work, "customer", "size", FieldKind.NUMBER)
    lead = near_house.lead(company="鲁西", custom={"need": "x"})
    for target in ("custom.nothing", "custom.size"):
        mapping = leads.Conversion(customer={"custom.need": target})
        with pytest.raises(InvalidSettings):
            near_house.run("li", leads.convert, lead.id, conversion=mapping)
    with pytest.raises(InvalidSettings):
        leads.DealPlan()
    with near_house.work() as work:
        assert (work.customers.count(), work.leads.get(lead.id)) == (0, lead)


def test_a_scorecard_that_cannot_be_meant_is_refused(near_house: House) -> None:
    """No rules, two of one name, unknown fields, a half-life without a beginning."""
    fair = ScoreRule(name="x", when=FAIR, points=1)
    unknown = ScoreRule(name="y", when={"field": "x", "op": "eq", "value": 1}, points=1)
    text = ScoreRule(name="z", when=NAMED, points=1, since="name", half_life_days=1)
    for rules, error in (
        ((), InvalidValue),
        ((fair, fair), InvalidValue),
        ((unknown,), UnknownField),
        ((text,), InvalidSettings),
    ):
        with pytest.raises(error):
            near_house.run("li", leads.define_scorecard, "c", *rules)
    for wrong in ({"half_life_days": 3}, {"since": "created_at", "half_life_days": 0}):
        with pytest.raises(InvalidValue):
            ScoreRule(name="x", when=FAIR, points=1, **wrong)
    with pytest.raises(NotFound):
        near_house.run("li", leads.score_leads, "none")
