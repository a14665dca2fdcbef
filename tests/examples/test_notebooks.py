"""The notebooks of the examples run, and show what they show in the repository."""

import json
from pathlib import Path

import pytest

from tests.examples.notebooks import NOTEBOOKS, code_cells, read, run


def test_there_are_notebooks_in_both_languages() -> None:
    """One in English, one in Chinese."""
    assert {path.name for path in NOTEBOOKS} >= {"estimate.ipynb", "报价估算.ipynb"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_shows_what_it_computes(path: Path) -> None:
    """Every cell runs in order; its outputs are the stored ones, charts and tables too."""
    notebook = read(path)
    outputs = json.loads(json.dumps(run(notebook)))
    assert [cell["outputs"] for cell in code_cells(notebook)] == outputs
