"""Imports under a policy: each row as the model says, and nothing told of what is not seen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.imports.mapping import ColumnMapping, FileMapping, Lookup
from crmkit.domain.parties.customer import Customer, CustomerId
from crmkit.errors import NotPermitted
from crmkit.services.imports.report import ImportReport, RowOutcome
from crmkit.services.imports.running import ImportJob, run_import
from crmkit.services.tables.rows import Row
from crmkit.work.policies import Policies
from tests.access import reference_writes as model
from tests.access.house import SECRET, House, secrets
from tests.access.reference import may
from tests.access.stores import IS_FULL
from tests.access.worlds import WORDS, WRITING, Drawing, World, furnish

WORLDS = {"memory": 40} if IS_FULL else {"memory": 4}
ELSEWHERE = 8 if IS_FULL else 1
OWNER = ColumnMapping(field="owner_id", column="owner", lookup=Lookup(entity="user", field="name"))
MAPPING = FileMapping(
    file="customers.csv",
    entity="customer",
    key=("number",),
    columns=(
        ColumnMapping(field="number", column="number"),
        ColumnMapping(field="name", column="name"),
        ColumnMapping(field="industry", column="industry"),
        OWNER,
    ),
)
HEADER = ("number", "name", "industry", "owner")


def imported(crm: CRM, tenant: str, by: str, rows: list[dict[str, str]]) -> ImportReport:
    """Rehearse an import of rows; line 1 is the header."""
    numbered = [Row(at, row) for at, row in enumerate(rows, start=2)]
    job = ImportJob(mapping=MAPPING, header=HEADER, rows=numbered, content=str(rows))
    return run_import(crm, job, by=by, tenant=tenant, dry=True)


def expected(world: World, user: Any, row: dict[str, str]) -> RowOutcome:
    """Say what becomes of a row: of one's own, of others', and of numbers that nobody has."""
    owner = next((one for one in world.users if one.name == row["owner"]), None)
    if owner is not None and not model.sees(world, user, owner.id):
        return RowOutcome.SKIPPED
    values = {"industry": row["industry"] or None, "owner_id": owner and owner.id}
    live = [one for one in world.customers if not world.is_removed(one)]
    there = next((one for one in live if one.number == row["number"]), None)
    if there is not None and may(world, user, "read", there):
        after = attrs.evolve(there, **values)
        if after == there:
            return RowOutcome.UNCHANGED
        allowed = model.may_change(world, user, there, after)
        return RowOutcome.UPDATED if allowed else RowOutcome.SKIPPED
    new = Customer(id=CustomerId(user.id), name=row["name"], number=row["number"], **values)
    if not model.may_create(world, user, new):
        return RowOutcome.SKIPPED
    return RowOutcome.CREATED if there is None else RowOutcome.CONFLICT


def rows_of(world: World, chance: random.Random) -> list[dict[str, str]]:
    """Draw a row for each customer and for two that are new."""
    customers = [(one.number or "", one.name) for one in world.customers]
    return [
        {
            "number": number,
            "name": name,
            "industry": chance.choice(WORDS) or "",
            "owner": chance.choice([*(one.name for one in world.users), "", ""]),
        }
        for number, name in [*customers, ("n98", "new"), ("n99", "new")]
    ]


def test_rows_are_taken_or_left_out_as_the_model_says(
    ready_url: str, tenant: str, figure: Callable[[str], None]
) -> None:
    """An import never fails as a whole for a row that its actor may not write."""
    kind = ready_url.partition(":")[0]
    first = random.SystemRandom().randrange(10**9)
    counts: Counter[RowOutcome] = Counter()
    with CRM.open(ready_url, plugin_names=()) as free:
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        for seed in range(first, first + WORLDS.get(kind, ELSEWHERE)):
            world = Drawing(seed, WRITING).world()
            furnish(free, f"{tenant}{seed}", world)
            for at, user in enumerate(world.users):
                rows = rows_of(world, random.Random(seed * 10 + at))
                wanted = Counter(expected(world, user, row) for row in rows)
                try:
                    report = imported(guarded, f"{tenant}{seed}", str(user.id), rows)
                except NotPermitted:
                    assert not any(may(world, user, "bulk", one) for one in world.customers)
                    continue
                assert report.outcomes == wanted, (seed, user.name, report.notes)
                assert report.kinds.total() >= wanted[RowOutcome.SKIPPED]
                counts += wanted
    figure(f"imported rows on {kind} as the model says: {dict(counts)}")


@pytest.mark.parametrize("case", ["hidden", "foreign", "unshared", "removed"])
@pytest.mark.parametrize("near_url", ["memory"], indirect=True)
def test_an_import_preview_tells_nothing_hidden(houses: Callable[..., House], case: str) -> None:
    """Rows with a stranger's number, name or owner are spoken of as if there were no such one."""
    house = houses(case)
    their = house.stocked["customer"][1]
    rows = [
        {"number": number, "name": "probe", "industry": "", "owner": owner}
        for number in (str(their.number), "nobody's")
        for owner in ("", "zhao", "nobody")
    ]
    report = imported(house.guarded, "acme", str(house.li.id), rows)
    text = "\n".join(map(str, report.notes))
    hints = set(secrets(SECRET)) - {SECRET}
    assert not any(one in text for one in (*hints, str(their.id), str(house.zhao.id)))
    assert len({note.message.replace("zhao", "nobody") for note in report.notes[:3]}) <= 2
    taken = report.outcomes[RowOutcome.CONFLICT]
    assert taken == (1 if case in ("hidden", "unshared") else 0)
    assert report.outcomes[RowOutcome.SKIPPED] == 4
