"""The neutral records that every subject stores: one seed, the same 21 fields, the same values."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

TENANT: Final = "acme"
ACTOR: Final = "bench"
CURRENCY: Final = "EUR"
STAGES: Final = ("new", "qualified", "active", "dormant")
TAGS: Final = ("vip", "partner", "newsletter", "press", "重点", "trial", "renewal", "onsite")
OWNERS: Final = 20
START: Final = datetime(2025, 1, 1, tzinfo=UTC)

_GIVEN = ("Ana", "Björn", "Chloé", "Dmitri", "Esra", "Fatima", "Hana", "伟", "敏", "静", "Zoë")
_FAMILY = ("Almeida", "Berg", "Costa", "Dubois", "Evans", "王", "李", "张", "Novák", "Okafor")
_TITLES = ("Buyer", "Head of Sales", "Engineer", "采购经理", "Director", "Assistant")
_STREETS = ("Long Lane", "Rua Augusta", "人民路", "Hauptstraße", "King Street")
_CITIES = (("Lisboa", "PT"), ("上海", "CN"), ("Berlin", "DE"), ("Paris", "FR"), ("Oslo", "NO"))
_SEGMENTS = ("small", "medium", "large")


class ContactRow(NamedTuple):
    """One contact in plain Python values; `budget` is an exact amount of `currency`."""

    id: UUID
    tenant: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
    owner_id: UUID
    tags: tuple[str, ...]
    custom: dict[str, Any]
    name: str
    job_title: str
    email: str
    phone: str
    stage: str
    budget: tuple[Decimal, str]
    score: int
    subscribed: bool
    birthday: date
    address: dict[str, str]


class DealRow(NamedTuple):
    """One deal in plain Python values; `value` is an amount of `CURRENCY` in cents."""

    id: UUID
    owner_id: UUID
    name: str
    stage: str
    value: int
    at: datetime


def contacts(count: int, seed: int = 7) -> Iterator[ContactRow]:
    """Make `count` contacts, the same ones for the same seed."""
    chance = random.Random(seed)
    people = owners()
    for number in range(count):
        at = START + timedelta(seconds=number)
        yield _contact(number, at, chance, people)


def deals(count: int, seed: int = 11) -> Iterator[DealRow]:
    """Make `count` deals of 20 owners in 4 stages, the same ones for the same seed."""
    chance = random.Random(seed)
    people = owners()
    for number in range(count):
        at = START + timedelta(seconds=number)
        yield DealRow(
            id=_ordered_id(at, number, chance),
            owner_id=chance.choice(people),
            name=f"Deal {number}",
            stage=chance.choice(STAGES),
            value=chance.randrange(10_000, 10_000_000),
            at=at,
        )


def owners(seed: int = 3) -> list[UUID]:
    """Return the ids of the people who own the contacts and the deals."""
    chance = random.Random(seed)
    return [UUID(int=chance.getrandbits(128), version=4) for _ in range(OWNERS)]


def some_ids(rows: list[ContactRow], count: int, seed: int = 13) -> list[UUID]:
    """Choose `count` different ids, or all of them when there are fewer."""
    chosen = random.Random(seed).sample(rows, min(count, len(rows)))
    return [row.id for row in chosen]


def _contact(number: int, at: datetime, chance: random.Random, people: list[UUID]) -> ContactRow:
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    city, country = chance.choice(_CITIES)
    return ContactRow(
        id=_ordered_id(at, number, chance),
        tenant=TENANT,
        version=1,
        created_at=at,
        created_by=ACTOR,
        updated_at=at,
        updated_by=ACTOR,
        deleted_at=None,
        owner_id=chance.choice(people),
        tags=tuple(sorted(chance.sample(TAGS, chance.randrange(4)))),
        custom={
            "segment": chance.choice(_SEGMENTS),
            "seats": chance.randrange(500),
            "keyed": chance.random() < 0.5,
            "renewal": f"2026-{chance.randrange(1, 13):02}-01",
        },
        name=f"{given} {family} {number}",
        job_title=chance.choice(_TITLES),
        email=f"contact{number}@example.com",
        phone=f"+351 21 {number:07}",
        stage=chance.choice(STAGES),
        budget=(Decimal(chance.randrange(1, 100_000_000)).scaleb(-2), CURRENCY),
        score=chance.randrange(1000),
        subscribed=chance.random() < 0.8,
        birthday=date(1950, 1, 1) + timedelta(days=chance.randrange(18_000)),
        address={
            "street": f"{chance.choice(_STREETS)} {chance.randrange(1, 200)}",
            "city": city,
            "postcode": f"{chance.randrange(10_000, 99_999)}",
            "country": country,
        },
    )


def _ordered_id(at: datetime, number: int, chance: random.Random) -> UUID:
    """Make a UUIDv7 whose order is the order of making, as every subject's ids would be."""
    bits = (int(at.timestamp() * 1000) << 80) | (7 << 76) | ((number & 0xFFF) << 64)
    return UUID(int=bits | (0b10 << 62) | chance.getrandbits(62))
