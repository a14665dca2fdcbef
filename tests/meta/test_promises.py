"""The page of what other systems get wrong names, for each defect, a test that is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/what-others-get-wrong.md"
ROW = re.compile(
    r"^\| (?P<wrong>.+?) \| (?P<seen>.+?) \| (?P<holds>.+?) \| (?P<shown>.+?) \|$", re.MULTILINE
)
SHOWN = re.compile(r"`((?:tests|src)/[\w/]+\.py)::(test_\w+|Test\w+)`")


def test_every_promise_names_a_test_that_exists() -> None:
    """Each row has a test, in a file of the repository, that is called so."""
    missing = []
    for row in _rows():
        shown = SHOWN.findall(row["shown"])
        if not shown:
            missing.append(row["wrong"])
        missing += [f"{path}::{name}" for path, name in shown if name not in _names(path)]
    assert missing == []


def test_the_page_is_long_enough_to_mean_something() -> None:
    """There are at least sixty defects, and no test stands for more than four of them."""
    rows = _rows()
    shown = [one for row in rows for one in SHOWN.findall(row["shown"])]
    often = {one: shown.count(one) for one in shown if shown.count(one) > 4}
    assert (len(rows) >= 60, often) == (True, {})


def _rows() -> list[dict[str, str]]:
    found = [row.groupdict() for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    return [row for row in found if not row["wrong"].startswith(("what ", "---"))]


def _names(path: str) -> set[str]:
    """Return the tests of a file: functions and methods, and names that are test cases."""
    file = ROOT / path
    if not file.is_file():
        return set()
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
