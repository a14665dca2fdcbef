"""README, manual, change log and error page tell what the code does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import crmkit
from crmkit import errors

ROOT = Path(__file__).parents[2]
BUSINESS = ("crmkit.domain.parties", "crmkit.domain.sales", "crmkit.domain.access")


def test_ci_runs_the_second_command_of_the_readme() -> None:
    """What a stranger is told to run is what continuous integration runs."""
    second = _commands("README.md")[1]
    run = (line.strip() for line in (ROOT / ".ci/run").read_text().splitlines())
    assert second in run


def test_both_readmes_give_the_same_commands() -> None:
    """The README and the 中文 README give the same two commands."""
    assert _commands("README.md") == _commands("README.zh.md")
    assert len(_commands("README.md")) == 2


def test_the_version_is_one() -> None:
    """Package, project file and change log name the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert crmkit.__version__ == project["version"] == newest[1]


@pytest.mark.parametrize("name", crmkit.__all__)
def test_every_public_name_is_told(name: str) -> None:
    """Every public name can be imported and has a docstring."""
    assert getattr(crmkit, name).__doc__


def test_the_error_page_draws_every_error() -> None:
    """The tree at the top of the error page has every error below its first base."""
    classes = [found for found in vars(errors).values() if isinstance(found, type)]
    built = {
        found.__name__: found.__bases__[0].__name__
        for found in classes
        if found.__module__ == errors.__name__ and found is not errors.CrmkitError
    }
    assert _drawn() == built


def test_the_glossary_knows_every_record() -> None:
    """Every record that a program imports has a row in the glossary, with its 中文."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", _read("docs/glossary.md"), re.MULTILINE)
    chinese = dict(rows)
    public = [getattr(crmkit, name) for name in crmkit.__all__]
    classes = [found for found in public if not isinstance(found, ModuleType)]
    records = [found.__name__ for found in classes if found.__module__.startswith(BUSINESS)]
    unknown = [name for name in records if not re.search("[一-鿿]", chinese.get(_term(name), ""))]
    assert unknown == []


def test_every_promise_of_support_has_its_test() -> None:
    """Each row of the page of promises names tests, and each of them exists."""
    page = _read("docs/guides/support/promises.md")
    rows = [row for row in page.splitlines() if row.startswith("| ") and "| shown by |" not in row]
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows]
    assert all(named)
    assert len(rows) > 30
    missing = [
        f"{path}::{name}"
        for path, name in {one for tests in named for one in tests}
        if f"def {name}(" not in _read(path)
    ]
    assert missing == []


@pytest.mark.timeout(1200)
def test_the_manual_builds_without_a_warning(tmp_path: Path) -> None:
    """Sphinx builds the manual; a warning is an error."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    folders = [str(ROOT / "docs"), str(tmp_path)]
    built = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")


def _commands(readme: str) -> list[str]:
    blocks: list[str] = re.findall(r"```bash\n(.+?)\n```", _read(readme), re.DOTALL)
    return blocks


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _drawn() -> dict[str, str]:
    above, drawn = ["CrmkitError"], {}
    for indent, name in re.findall(r"^    ([│ ]*)[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4 + 1
        above[depth:] = [name]
        drawn[name] = above[depth - 1]
    return drawn


def _term(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda capital: f" {capital[1].lower()}", name)
