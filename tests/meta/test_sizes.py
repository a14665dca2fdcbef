"""Files and functions stay small enough to be read."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
LONG_FUNCTION = 20
LONG_SHARE = 1 / 20

NAMED_EXCEPTIONS: dict[str, str] = {}
"""Functions above the longest, each with the reason why it is one thought."""


def test_files_hold_one_idea() -> None:
    """No source file is longer than 300 lines."""
    lengths = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    """No function is longer than 40 lines but for the exceptions, which are all needed."""
    long = {name for name, length in _functions() if length > LONGEST_FUNCTION}
    assert long == set(NAMED_EXCEPTIONS)


def test_most_functions_are_short() -> None:
    """At most one function in twenty is longer than 20 lines."""
    lengths = [length for _, length in _functions()]
    assert sum(length > LONG_FUNCTION for length in lengths) <= LONG_SHARE * len(lengths)


def _functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield f"{_name(path)}:{node.name}", node.end_lineno - node.lineno + 1


def _name(path: Path) -> str:
    return path.relative_to(ROOT / "src").as_posix()
