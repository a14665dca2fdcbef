"""Stock: a record of every kind that one person owns, with one telling word in all its texts."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.calendars.sources import Source, day_off
from crmkit.domain.composite_kinds import Amount
from crmkit.domain.entity import EntitySpec
from crmkit.domain.imports.attestation import Origin
from crmkit.domain.imports.import_run import ImportRun, ImportRunId
from crmkit.domain.kinds import Day, Instant, Integer, Number, Text
from crmkit.domain.money import Money
from crmkit.domain.named_kinds import Choice, Identity
from crmkit.domain.parties.contact_points import ContactKind, ContactPoint
from crmkit.domain.sales.chinese_vat import CHINESE_VAT
from crmkit.domain.sales.contract_terms import ContractTerms
from crmkit.domain.sales.deal import Deal, DealId
from crmkit.domain.sales.order_line import AgreedLine
from crmkit.domain.sales.payment_plan import Part
from crmkit.domain.sales.quote_line import item
from crmkit.domain.sales.tax_rate import TaxRule
from crmkit.domain.support.automation import Command, Do
from crmkit.domain.support.clock_rules import resolution, targets
from crmkit.domain.support.mail.marks import Marks
from crmkit.domain.support.moments import Happening, When
from crmkit.domain.support.priorities import Priority
from crmkit.domain.support.statuses import StatusCategory
from crmkit.domain.support.ticket_record import LinkKind
from crmkit.errors import InvalidValue
from crmkit.services import merging, parties, sales
from crmkit.services.access import share_record
from crmkit.services.calendars import absences, keeping
from crmkit.services.imports.taking_over import take_over
from crmkit.services.saved_views import save_view
from crmkit.services.support import (
    articles,
    assigning,
    mailboxes,
    receiving,
    setting_up,
    tickets,
    ties,
)
from crmkit.work import UnitOfWork
from tests.access.words import AMOUNT, CODE, PHONE

SHARED_PHONE = "13700001111"
"""A number that everybody has, so that all are likely twins."""
LEFT_OUT = frozenset({"user", "policy", "custom_field", "price_shelf"})
"""Entities that nobody owns, or that the policy itself rests on."""
NAMED = {"entity": "customer", "currency": "CNY", "party": "customer", "zone": "UTC"}
"""Texts that must be names of something."""
Stock = dict[str, list[Any]]


def stock(work: UnitOfWork, owner: UserId, word: str) -> None:
    """Write records of every entity, each with the word in it, and give them to the owner."""
    before = known_ids(work)
    customer, contact = _parties(work, word)
    deal, product = _sales(work, word, customer.id)
    _quotes(work, word, deal, product)
    _money(work, word, customer.id)
    _support(work, word, owner, contact.id)
    _mail(work, word)
    known: dict[str, Any] = {"user": owner}
    for name, old in before.items():
        for one in _new(work, work.registry[name], old):
            known.setdefault(name, one.id)
    for name in before:
        if name not in known:
            known[name] = _other(work, work.registry[name], word, known)
    give_new(work, before, owner)


def known_ids(work: UnitOfWork) -> dict[str, set[Any]]:
    """Return the ids of all records that somebody may own, by entity."""
    return {spec.name: _ids(work, spec) for spec in work.registry if _is_owned(spec)}


def give_new(work: UnitOfWork, before: dict[str, set[Any]], owner: UserId) -> None:
    """Give the records to the owner that were not there before."""
    for name, old in before.items():
        new = _new(work, work.registry[name], old)
        others = [one for one in new if one.owner_id != owner]
        _records(work, name).save_many(one.evolve(owner_id=owner) for one in others)


def owned_by(work: UnitOfWork, owner: UserId) -> Stock:
    """Return what somebody owns, by entity."""
    found: Stock = {}
    for spec in work.registry:
        if _is_owned(spec):
            cls: Any = spec.cls
            every = work.of(cls).find(removed=True)
            found[spec.name] = [one for one in every if one.owner_id == owner]
    return found


def _is_owned(spec: EntitySpec) -> bool:
    return issubclass(spec.cls, Aggregate) and spec.name not in LEFT_OUT


def _ids(work: UnitOfWork, spec: EntitySpec) -> set[Any]:
    cls: Any = spec.cls
    return {one.id for one in work.of(cls).find(removed=True)}


def _records(work: UnitOfWork, name: str) -> Any:
    return work.of(work.registry[name].cls)


def _new(work: UnitOfWork, spec: EntitySpec, old: set[Any]) -> list[Any]:
    records: Any = work.of(spec.cls)
    return [one for one in records.find(removed=True) if one.id not in old]


def _parties(work: UnitOfWork, word: str) -> tuple[Any, Any]:
    points = tuple(
        ContactPoint(kind=ContactKind.MOBILE, raw=raw) for raw in (PHONE[word], SHARED_PHONE)
    )
    customer, twin, gone = (
        parties.register_customer(
            work,
            f"{word} {name}",
            number=f"{word}-{name}",
            industry=word,
            notes=word,
            annual_revenue=Money(AMOUNT[word], "CNY"),
            contact_points=points,
            tags=(word,),
            custom={"size": word},
        )
        for name in ("first", "second", "third")
    )
    contact = parties.add_contact(work, f"{word} person", notes=word, contact_points=points)
    parties.add_contact(work, f"{word} person", notes=word, contact_points=points)
    parties.relate_contact(work, contact.id, customer.id, role=word, title=word, primary=True)
    parties.follow_up(work, customer, f"{word} call")
    parties.capture_lead(work, f"{word} lead", company=word, source=word, contact_points=points)
    save_view(work, "customer", f"{word} view", where={"all": []})
    run = ImportRun(
        id=ImportRunId(work.new_id()), file=word, entity="customer", fingerprint=f"print {word}"
    )
    work.of(ImportRun).add(run)
    merging.merge_customers(work, customer.id, gone.id)
    share_record(work, customer, "role:nobody", reason=word)
    assert twin.name != customer.name
    return customer, contact


def _sales(work: UnitOfWork, word: str, customer_id: Any) -> tuple[Any, Any]:
    price = Money(AMOUNT[word], "CNY")
    product = sales.add_product(work, f"{word} product", code=word, list_price=price)
    pipeline = sales.define_pipeline(work, f"{word} pipeline")
    fields: Any = {"pipeline": pipeline.id, "customer": customer_id, "value": price}
    deal = sales.open_deal(work, name=f"{word} deal", **fields)
    lost = sales.open_deal(work, name=f"{word} lost", **fields)
    won = sales.open_deal(work, name=f"{word} won", **fields)
    sales.lose_deal(work, lost.id, reason=word)
    sales.win_deal(work, won.id)
    prices = sales.write_price_list(
        work, f"{word} prices", currency="CNY", valid_from=date(2026, 1, 1)
    )
    sales.add_price(work, prices.id, price.amount, product_id=product.id)
    if work.tax_rates.count() == 0:
        sales.load_tax_rates(work, CHINESE_VAT)
    day = date(2026, 1, len(word))
    sales.load_tax_rates(work, [TaxRule(kind=f"{word} tax", percent=Decimal(3), valid_from=day)])
    sales.set_exchange_rate(work, "USD", "CNY", Decimal("7.1"), day=day)
    sales.set_pricing_policy(work, f"{word} pricing")
    origin = Origin(system=word, said_by=word, reason=word)
    take_over(work, [Deal(id=DealId(work.new_id()), name=f"{word} old", stage="new")], origin)
    return deal, product


def _money(work: UnitOfWork, word: str, customer_id: Any) -> None:
    net = Money(AMOUNT[word], "CNY")
    line = AgreedLine(key="1", name=word, quantity=Decimal(1), net=net, tax=net)
    order = sales.write_order(work, customer_id, [line], name=word, number=f"{word} order")
    sales.confirm_order(work, order.id)
    sales.deliver(work, order.id, {"1": Decimal(1)}, reference=word)
    day = date(2026, 3, 1)
    sales.issue_invoice(work, order.id, f"{word} bill", {"1": Decimal(1)}, due_on=day)
    (instalment,) = sales.plan_order(work, order.id, [Part(label=word, amount=net * 2, due_on=day)])
    receipt = sales.note_receipt(work, customer_id, net, payer=word, number=f"{word} receipt")
    sales.pay_instalment(work, receipt.id, instalment.id)
    sales.set_credit_limit(work, customer_id, net, approver=word)
    office = keeping.define_calendar(work, f"{word} office", "Asia/Shanghai", "mon-fri 09:00-18:00")
    terms = ContractTerms(starts_on=day, ends_on=date(2099, 12, 31), value=net)
    deal = sales.write_contract(
        work, f"{word} contract", customer_id, terms, calendar=office.id, number=f"{word} contract"
    )
    sales.sign_contract(work, deal.id)


def _quotes(work: UnitOfWork, word: str, deal: Any, product: Any) -> None:
    sales.plan_deal(work, deal.id, [item(product.id, 2)])
    version = sales.quote_deal(work, deal.id, words=word)
    assert version.quote_id


def _support(work: UnitOfWork, word: str, owner: UserId, contact_id: Any) -> None:
    day = Source(
        name=f"{word} days", days=(day_off(date(2026, 2, 15), word),), known_until=date(2027, 1, 1)
    )
    source = keeping.publish_days(work, day)
    hours = ("mon-sun 00:00-24:00",)
    calendar = keeping.define_calendar(
        work, f"{CODE[word]} hours", "UTC", *hours, sources=(source.id,)
    )
    begins = datetime(2026, 5, 1, tzinfo=UTC)
    absences.note_absence(work, owner, begins, begins + timedelta(days=1), reason=word)
    queue = setting_up.define_queue(work, f"{word} queue")
    setting_up.register_agent(work, owner, skills=(word,))
    name, labels = f"{CODE[word]} status", {"en": word}
    setting_up.define_status(work, name, StatusCategory.OPEN, labels=labels)
    clock = resolution(targets({Priority.NORMAL: timedelta(hours=4)}))
    setting_up.define_policy(work, f"{CODE[word]} level", calendar.id, clock)
    step = Command(do=Do.PRIORITISE, to="high")
    setting_up.define_macro(work, f"{word} macro", step)
    setting_up.define_rule(work, f"{CODE[word]} rule", When(happenings=(Happening.MERGED,)), step)
    one, other = (
        tickets.open_ticket(
            work, f"{word} {name}", queue=queue.id, description=word, requester_id=contact_id
        )
        for name in ("ticket", "other ticket")
    )
    ties.link_tickets(work, one.id, LinkKind.CAUSED_BY, other.id)
    assigning.log_time(work, one.id, owner, 5, note=word)


def _mail(work: UnitOfWork, word: str) -> None:
    box = mailboxes.define_mailbox(work, f"{word}@example.com", name=word)
    raw = f"From: {word}@else.example\nSubject: {word} mail\nMessage-ID: <{word}@else>\n\n{word}"
    marks = Marks(secret=b"s" * 32, tenant=work.tenant)
    came = receiving.receive_letter(work, raw.encode(), box.id, marks=marks)
    assert came.ticket_id
    article = articles.write_article(work, f"{word} article", "en", title=word, body=word)
    version = work.article_versions.find()[-1]
    by, day = f"{word} reviewer", date(2099, 1, 1)
    sent = article.submit().publish(version, by=by, at=work.now, review_by=day)
    work.articles.save(sent)


def _other(work: UnitOfWork, spec: EntitySpec, word: str, known: dict[str, Any]) -> Any:
    """Write a record of an entity that the story does not tell of, made from its kinds, if it can.

    Returns its id, None where the entity wants more than that.
    """
    records: Any = work.of(spec.cls)
    fields = {
        field.name: _value(spec.parts[field.name], field, word, known)
        for field in attrs.fields(spec.cls)
        if field.name in spec.parts and field.name != "id"
    }
    given = {name: value for name, value in fields.items() if value is not None}
    with suppress(InvalidValue, TypeError):
        made = spec.cls(id=work.new_id(), **given)
        return records.add(made).id
    return None


def _value(part: Any, field: Any, word: str, known: dict[str, Any]) -> Any:
    """Return a value of a kind; None where the field has a default and tells no text."""
    is_asked = field.default is attrs.NOTHING
    match part.kind:
        case Text() if is_asked or field.default is None:
            return NAMED.get(field.name, f"{word} {field.name}"[: part.kind.max_length or 60])
        case _ if not is_asked:
            return None
        case Identity(target=target):
            return known.get(target or "customer")
        case Choice():
            return next(iter(part.kind.enum))
        case Instant():
            return datetime(2026, 1, 1, tzinfo=UTC)
        case Day():
            return date(2026, 1, 1)
        case Integer() | Number():
            return 1
        case Amount():
            return Money(AMOUNT[word], "CNY")
        case _:
            return ()
