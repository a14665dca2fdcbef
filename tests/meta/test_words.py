"""What is written in the repository keeps to its rules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "docs", "examples", "benchmarks", ".ci")
KINDS = {".py", ".md", ".toml", ".yml", ".yaml", ".cfg"}
WRITTEN = sorted(
    path
    for folder in (ROOT.glob("*"), *((ROOT / name).rglob("*") for name in FOLDERS))
    for path in folder
    if path.is_file() and path.suffix in KINDS and "_build" not in path.parts
)
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "src/crmkit/testing").rglob("*.py")])

FORBIDDEN = {
    "a machine path": r"(?<![\w.])/(tmp|home|root|work|mnt|Users)/",
    "unfinished work": r"\b(TO" + r"DO|FIX" + r"ME|Not" + r"ImplementedError)\b",
    "code hidden from coverage": "pragma: " + "no cover",
    "a test that is put aside": r"pytest\.mark\." + "(skip|xfail)",
}
BAGS = {"utils", "util", "common", "base", "helpers", "helper", "core", "manager", "misc"}
BAGS_ALLOWED = {"plugins/manager.py"}
VAGUE = ("Helper", "Util", "Handler", "Processor", "Impl", "Abstract")


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_nothing_forbidden_is_written(rule: str) -> None:
    """Neither machine paths nor unfinished work, neither hidden code nor tests put aside."""
    found = re.compile(FORBIDDEN[rule])
    assert [line for line in _lines() if found.search(line)] == []


def test_every_test_says_what_is_promised() -> None:
    """Every test has a docstring that begins with one whole sentence."""
    silent = [
        f"{path.relative_to(ROOT)}:{test.name}"
        for path in TESTS
        for test in _tests_in(path)
        if not (ast.get_docstring(test) or "").partition("\n\n")[0].endswith((".", "。"))
    ]
    assert silent == []


def test_no_module_is_a_bag() -> None:
    """Modules are named for what they hold."""
    modules = {path.relative_to(ROOT / "src/crmkit").as_posix(): path for path in SOURCES}
    bags = {name for name, path in modules.items() if {path.stem, path.parent.name} & BAGS}
    assert bags == BAGS_ALLOWED


def test_no_class_is_named_for_nothing() -> None:
    """Classes are named in the words of the trade."""
    classes = [node.name for path in SOURCES for node in _classes_in(path)]
    assert [name for name in classes if name.startswith(VAGUE) or name.endswith(VAGUE)] == []


def _lines() -> Iterator[str]:
    for path in WRITTEN:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}: {line}"


def _tests_in(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _classes_in(path: Path) -> Iterator[ast.ClassDef]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return (node for node in nodes if isinstance(node, ast.ClassDef))
