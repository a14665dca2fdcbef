"""Imports point one way, and no driver is imported before it is needed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/crmkit"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DRIVERS = ("sqlalchemy", "pymongo", "psycopg", "pymysql", "cattrs", "alembic", "orjson", "pytest")
IMPORTED_AS = {"python-calamine": "python_calamine", "chinesecalendar": "chinese_calendar"}


def test_every_module_has_its_layer() -> None:
    """A new top-level module has a place among the layers."""
    layers, *_ = PROJECT["tool"]["importlinter"]["contracts"]
    placed = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules - {"__init__"} | packages == placed
    assert layers["exhaustive"]


@pytest.mark.parametrize(
    "program",
    ["import crmkit", "from crmkit import Deal, Money, where", "import crmkit.services.sales"],
)
def test_importing_brings_no_driver(program: str) -> None:
    """What a program imports first is free of drivers and of the test libraries."""
    report = f"{program}; import sys; print(*sorted(set(sys.modules) & set({DRIVERS})))"
    run = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize(
    "extra",
    [
        "mongo",
        "postgres",
        "mysql",
        "migrate",
        "excel",
        "pdf",
        "fast",
        "frames",
        "holidays",
        "chinesecalendar",
    ],
)
def test_every_extra_is_used(extra: str) -> None:
    """A library that an extra brings is known to some module."""
    sources = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    for requirement in PROJECT["project"]["optional-dependencies"][extra]:
        library = requirement.partition(">")[0].partition("[")[0]
        assert IMPORTED_AS.get(library, library) in sources
