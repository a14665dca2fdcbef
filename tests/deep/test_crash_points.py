"""A process that ends at any statement of a write leaves all of it or nothing."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deep.crashing_support import SUPPORT

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("CRMKIT_FULL") == "1"
STEP = 1 if FULL else 4
SAMPLE = 3
"""How many writes of support the quick run takes, at every 12th point."""
DIED = 9
KEYLESS = {"undo", "define_field", "retire_field", "define_pipeline"}
SCENARIOS = (
    *("register_customer", "update_customer", "add_contact", "relate_contact", "capture_lead"),
    *("convert_lead", "complete_activity", "win_deal", "move_deal", "define_pipeline"),
    *("merge_customers", "define_field", "retire_field", "insert_many", "save_many"),
    *("upsert_many", "remove", "restore", "undo"),
    *("open_ticket", "reply_to_ticket", "move_ticket", "resolve_ticket"),
)
State = dict[str, list[tuple[Any, ...]]]


def run_services(*arguments: str) -> list[dict[str, Any]]:
    """Run the crashing services in a process and return what they printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.deep.crashing_services", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def state_of(path: Path) -> State:
    """Return every row of every table."""
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        rows = {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for (name,) in tables.fetchall()
        }
    connection.close()
    return rows


def check_all_is_counted(statements: list[str], changed: set[str]) -> None:
    """Refuse a count that a write has slipped past: a crash point nobody sees proves nothing."""
    assert any(sql.startswith("BEGIN") for sql in statements)
    assert statements[-1] == "COMMIT"
    for table in changed:
        writes = [sql for sql in statements if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
        assert any(table in sql for sql in writes), f"no counted statement writes {table}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database to start from."""
    path = tmp_path_factory.mktemp("crash") / "before.db"
    run_services("prepare", str(path))
    return path


@pytest.mark.deep
@pytest.mark.parametrize("scenario", [*SCENARIOS, *(SUPPORT if FULL else ())])
def test_a_crash_leaves_all_or_nothing(
    template: Path, tmp_path: Path, scenario: str, figure: Callable[[str], None]
) -> None:
    """Rows, change log, outbox, claims and key are those of before or those of after, to the byte.

    They are those of after exactly where the commit had passed.
    """
    crash(template, tmp_path, scenario, step=STEP, figure=figure)


@pytest.mark.deep
def test_a_crash_in_support_leaves_all_or_nothing(
    template: Path, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """So do all writes of support: due times are those of before or those of after, with all else.

    The quick run takes some of them, by a seed; the full run takes each at every statement.
    """
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    for scenario in random.Random(seed).sample(SUPPORT, SAMPLE):
        folder = tmp_path / scenario
        folder.mkdir()
        crash(template, folder, scenario, step=3 * STEP, figure=figure)


def crash(
    template: Path, folder: Path, scenario: str, *, step: int, figure: Callable[[str], None]
) -> None:
    """Let a write pass, then die at every step-th of its statements, and judge what is left."""
    counted, *deaths = run_services("run", str(template), str(folder), scenario, str(step))
    before, after = state_of(template), state_of(folder / "after.db")
    changed = {name for name in after if after[name] != before[name]}
    assert changed & {"crm_outbox_message", "crm_outbox_parcel"}
    expected = {"crm_change", "crm_changeset"}
    assert changed >= expected | (set() if scenario in KEYLESS else {"crm_idempotency_key"})
    check_all_is_counted(counted["statements"], changed)
    assert deaths
    for death in deaths:
        path = folder / f"{death['number']}-{death['phase']}.db"
        place = f"{scenario}, {death['phase']} {death['number']}: {death['sql']}"
        assert death["status"] == DIED, place
        found = state_of(path)
        assert found in (before, after), f"partial state: {place}"
        last = death["number"] == len(counted["statements"])
        assert (found == after) == (last and death["phase"] == "after"), place
    statements = len(counted["statements"])
    figure(f"crash sqlite, {scenario}: {statements} statements, {len(deaths)} crashes, 0 partial")
