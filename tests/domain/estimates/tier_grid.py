"""The tier grid: scopes written from the words of the article that names the three price ranges.

Basic: 10 to 20 users, customer records and queries only. Standard: 20 to 50 users, sales
automation, basic marketing, some customisation of processes and a simple integration. Full: 50
users and more, everything, deep customisation, complex integration, maintenance. The grid was fixed
before any parameter was looked at.
"""

from collections.abc import Iterator
from itertools import product

from crmkit.domain.estimates import Integration, Maintenance, Migration, Scope, Technology

RECORDS = (
    ("customers",),
    ("customers", "contacts"),
    ("customers", "reports"),
    ("customers", "contacts", "reports"),
)
SALES = ("customers", "contacts", "reports", "pipeline", "marketing")
EVERYTHING = (
    *SALES,
    "quotes",
    "marketing_automation",
    "service",
    "analytics",
    "workflow",
    "mobile",
)
SYSTEMS = ("ERP", "财务", "OA", "呼叫中心")


def basic() -> Iterator[Scope]:
    """Records and queries only, for 10 to 20 people."""
    users = (10, 12, 14, 16, 18, 20)
    for modules, people, roles, permissions, records, training in product(
        RECORDS, users, (2, 4), ("role", "unit"), (0, 1000, 5000), (1, 2)
    ):
        yield Scope(
            modules=modules,
            users=people,
            roles=roles,
            permissions=permissions,
            migration=Migration(records=records, sources=min(records, 1)),
            training=training,
        )


def standard() -> Iterator[Scope]:
    """Sales automation, basic marketing, some process, one simple link, for 20 to 50 people."""
    for people, quotes, direction, interface, permissions, records, training in product(
        (20, 30, 40, 50),
        ((), ("quotes",)),
        ("in", "out", "both"),
        ("standard", "branded"),
        ("role", "unit"),
        (0, 5000, 20_000),
        (1, 3),
    ):
        yield Scope(
            modules=(*SALES, *quotes),
            users=people,
            roles=5,
            permissions=permissions,
            process="some",
            interface=interface,
            integrations=[Integration(system="ERP", direction=direction)],
            migration=Migration(records=records, sources=min(records, 1)),
            training=training,
        )


def full() -> Iterator[Scope]:
    """Everything, deep customisation, complex links, a year of upkeep, for 50 people and more."""
    for people, systems, entities, interface, permissions, response, cloud in product(
        (50, 80, 120, 200),
        (2, 3, 4),
        (2, 3),
        ("branded", "redesigned"),
        ("unit", "field"),
        ("within_72h", "within_48h", "within_24h"),
        ("own_server", "cloud", "several"),
    ):
        yield Scope(
            modules=EVERYTHING,
            users=people,
            roles=8,
            permissions=permissions,
            process="deep",
            interface=interface,
            integrations=[
                Integration(system=system, direction="both", entities=entities)
                for system in SYSTEMS[:systems]
            ],
            migration=Migration(records=50_000, sources=2),
            training=4,
            technology=Technology(cloud=cloud),
            maintenance=Maintenance(years=1, response=response, backup=True),
        )


GRID = {"basic": tuple(basic()), "standard": tuple(standard()), "full": tuple(full())}
