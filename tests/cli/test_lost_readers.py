"""A command whose reader goes away, as in `crmkit demo | head`, ends quietly with its work done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmkit import estimates


def run_unread(*arguments: str, buffered: bool = True) -> tuple[int, str]:
    """Run a command that writes to a pipe nobody reads; return its code and its complaints."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crmkit.cli", *arguments],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"},
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("buffered", [True, False])
def test_a_demo_that_nobody_reads_still_draws(tmp_path: Path, buffered: bool) -> None:
    """It complains of nothing, and says by its code that its words were lost."""
    folder = tmp_path / "demo"
    told = run_unread("demo", "--into", str(folder), "--deals", "20", buffered=buffered)
    assert told == (141, "")
    assert "<svg" in (folder / "pipeline.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check", "--db", "sqlite:///{folder}/crm.db", "--apply"),
        ("report", "pipeline", "--db", "memory:"),
        ("estimate", "{folder}/scope.toml", "--offer", "{folder}/offer.html"),
        ("worker", "--db", "memory:", "--once"),
    ],
)
def test_any_command_ends_quietly_without_its_reader(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Also its help, which the parser prints by itself."""
    scope = estimates.Scope(name="CRM", client="Acme", modules={"customers": "standard"})
    (tmp_path / "scope.toml").write_text(scope.to_toml(), encoding="utf-8")
    words = [one.format(folder=tmp_path) for one in arguments]
    assert run_unread(*words) == (141, "")
