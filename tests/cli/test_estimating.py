"""`crmkit estimate`: from a file with the scope to a table and an offer."""

from pathlib import Path

import pytest

from crmkit import estimates
from crmkit.cli import main

SCOPE = estimates.Scope(
    name="客户管理系统", client="鲁西科技", modules={"customers": "standard", "pipeline": "adapted"}
)


@pytest.fixture(params=["scope.toml", "scope.json"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a file with the scope, as TOML and as JSON."""
    path = tmp_path / request.param
    text = SCOPE.to_json() if path.suffix == ".json" else SCOPE.to_toml()
    path.write_text(text, encoding="utf-8")
    return path


def test_table_is_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same table as in a notebook."""
    assert main(["estimate", str(file)]) == 0
    assert capsys.readouterr().out == f"{estimates.estimate(SCOPE)}\n"


def test_offer_is_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In Chinese, of the day that was given."""
    page = file.with_name("offer.html")
    options = ["--language", "zh", "--offer", str(page), "--vendor", "聊城软件"]
    assert main(["estimate", str(file), *options, "--date", "2026-11-30"]) == 0
    assert "含税合计" in capsys.readouterr().out
    written = page.read_text(encoding="utf-8")
    assert "项目报价书" in written
    assert "2026-12-30" in written


def test_offer_of_today(file: Path) -> None:
    """Without a day, it is made today."""
    page = file.with_name("offer.html")
    assert main(["estimate", str(file), "--offer", str(page)]) == 0
    assert "Valid until" in page.read_text(encoding="utf-8")


def test_reasons_are_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every figure with its source."""
    assert main(["estimate", str(file), "--explain", "--profile", "csbmk-p50"]) == 0
    assert "hours per function point: 6.72  [CSBMK-202510 P50 p.9]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("modules = 3", [], "scope.modules: expected"),
        ('modules = ["customer"]', [], "scope.modules.customer: there is no such module"),
        ('modules = ["customers"]\nusers = -1', [], "scope.users: -1 is below 1"),
        ('modules = ["customers"]\ncity = "聊城"', [], "scope.city: CSBMK-202510 has no rate"),
        ('modules = ["customers"]', ["--profile", "cheap"], "profile: there is no profile"),
        (
            'modules = ["customers"]',
            ["--offer", "offer.html", "--date", "soon"],
            "--date: 'soon' is no day",
        ),
        (None, [], "cannot be read"),
    ],
)
def test_misuse_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    options: list[str],
    told: str,
) -> None:
    """With the field at fault, and the code of a misuse."""
    file = tmp_path / "scope.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert main(["estimate", str(file), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("crmkit: ")
    assert told in error
    assert len(error.splitlines()) == 1
