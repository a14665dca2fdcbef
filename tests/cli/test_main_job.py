"""The main job: a real sales history comes in, and the report is right, the same on each store."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from crmkit.cli import main

ROOT = Path(__file__).parent.parent.parent
MAPPING = ROOT / "examples" / "maven" / "mapping.toml"
REPORT = """Pipeline

  won                     4,238 of 6,711 closed = 0.631501
  won value               10,005,534 USD (mean 2,360.91 USD)
  days to win             mean 51.78, median 57, max 138
  price against list      -0.35 %
  open tasks              0 (0 overdue)

Open deals by stage
  engaging                  1,589                     -
  prospecting                 500                     -

Won by quarter
  2017 Q1                     531         1,134,672 USD
  2017 Q2                   1,254         3,086,111 USD
  2017 Q3                   1,257         2,982,255 USD
  2017 Q4                   1,196         2,802,496 USD

Won by manager
  Melvin Marxen               882         2,251,930 USD
  Summer Sewald               828         1,964,750 USD
  Rocco Neubert               691         1,960,545 USD
  Celia Rouche                610         1,603,897 USD
  Cara Losch                  480         1,130,049 USD
  Dustin Brinkmann            747         1,094,363 USD
"""


@pytest.fixture(params=["sqlite", "postgresql", "mongodb"])
def url(request):
    """Give an empty database of each kind."""
    names = {"sqlite": "fresh_sqlite", "postgresql": "fresh_postgres", "mongodb": "fresh_mongo"}
    return request.getfixturevalue(names[request.param])


def test_sales_history_is_imported_and_reported(url, shared, capsys, tmp_path):
    """Four dirty files become records, the dirt is told row by row, and the figures are right."""
    source = shared / "data" / "maven_crm"
    notes = tmp_path / "notes.csv"
    command = ["import", "--db", url, "--create", "--mapping", str(MAPPING), str(source)]
    assert main([*command, "--notes", str(notes)]) == 0
    told = capsys.readouterr().out
    assert "sales_pipeline.csv -> deal: 8,800 created" in told
    assert "(1,480 corrected, 1,925 blank)" in told
    with notes.open(encoding="utf-8") as file:
        kinds = [(row["column"], row["kind"]) for row in csv.DictReader(file)]
    assert kinds.count(("product", "corrected")) == 1480
    assert kinds.count(("account", "blank")) == 1425
    assert kinds.count(("engage_date", "blank")) == 500
    assert kinds.count(("sector", "corrected")) == 12
    assert kinds.count(("office_location", "corrected")) == 1
    assert main(["report", "pipeline", "--db", url]) == 0
    assert capsys.readouterr().out == REPORT


def test_second_import_changes_nothing(fresh_sqlite, shared, capsys):
    """The same files once more leave every record as it is."""
    source = shared / "data" / "maven_crm"
    command = ["import", "--db", fresh_sqlite, "--create", "--mapping", str(MAPPING), str(source)]
    assert main(command) == 0
    capsys.readouterr()
    assert main(command) == 0
    assert "deal: 0 created, 0 updated, 8,800 unchanged" in capsys.readouterr().out


def test_dry_run_keeps_nothing(fresh_sqlite, shared, capsys):
    """A dry run tells what would become of the rows, and writes none."""
    source = shared / "data" / "maven_crm" / "products.csv"
    text = MAPPING.read_text(encoding="utf-8")
    start, end = (
        text.index('[[files]]\nfile = "products.csv"'),
        text.index('[[files]]\nfile = "accounts.csv"'),
    )
    mapping = Path(fresh_sqlite.removeprefix("sqlite:///")).parent / "products.toml"
    mapping.write_text('name = "products"\n' + text[start:end], encoding="utf-8")
    command = ["import", "--db", fresh_sqlite, "--create", "--mapping", str(mapping), "--dry-run"]
    assert main([*command, str(source)]) == 0
    assert "7 created" in capsys.readouterr().out
    main(["export", "--db", fresh_sqlite, "product", str(mapping.with_suffix(".csv"))])
    assert "product: 0 rows" in capsys.readouterr().out


def test_what_another_system_settled_comes_over(fresh_sqlite, tmp_path, capsys):
    """An accepted quote is refused as a row, and taken over with who vouches for it and why."""
    file = tmp_path / "quotes.csv"
    file.write_text(
        "number,name,currency,outcome,closed_at\nK3-1,Lathe,CNY,accepted,2025-03-01\n",
        encoding="utf-8",
    )
    command = ["import", "--db", fresh_sqlite, "--create", "--entity", "quote", str(file)]
    assert main(command) == 1
    assert "is accepted by accepting a version only" in capsys.readouterr().out
    assert main([*command, "--from-system", "K3"]) == 2
    assert "origin.said_by" in capsys.readouterr().err
    words = ["--from-system", "K3", "--said-by", "Zhao", "--reason", "a new system"]
    assert main([*command, *words]) == 0
    target = tmp_path / "said.csv"
    assert main(["export", "--db", fresh_sqlite, "attestation", str(target)]) == 0
    with target.open(encoding="utf-8") as told:
        [row] = csv.DictReader(told)
    assert (row["system"], row["said_by"], row["reason"]) == ("K3", "Zhao", "a new system")


def test_demo_prints_and_draws(tmp_path, capsys):
    """The demo makes a company, prints its pipeline and writes a page that loads nothing."""
    assert main(["demo", "--into", str(tmp_path / "demo"), "--deals", "200"]) == 0
    told = capsys.readouterr().out
    assert "Won by manager" in told
    page = (tmp_path / "demo" / "pipeline.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    assert main(["demo", "--into", str(tmp_path / "demo")]) == 2


def test_report_speaks_chinese(tmp_path, capsys):
    """The report has Chinese labels, and its columns still stand in line."""
    main(["demo", "--into", str(tmp_path / "demo"), "--deals", "50"])
    capsys.readouterr()
    database = f"sqlite:///{tmp_path / 'demo' / 'demo.db'}"
    page = tmp_path / "report.html"
    command = ["report", "pipeline", "--db", database, "--language", "zh", "--html", str(page)]
    assert main(command) == 0
    assert "按经理赢单" in capsys.readouterr().out
    assert 'lang="zh"' in page.read_text(encoding="utf-8")


def test_check_tells_and_applies(fresh_sqlite, capsys):
    """Check names the waiting steps, and takes them when told to."""
    assert main(["check", "--db", fresh_sqlite]) == 1
    assert "waiting" in capsys.readouterr().out
    assert main(["check", "--db", fresh_sqlite, "--apply"]) == 0
    assert "all in place" in capsys.readouterr().out


def test_worker_delivers_once(fresh_sqlite, capsys):
    """The worker ends after one round when asked to."""
    main(["check", "--db", fresh_sqlite, "--apply"])
    capsys.readouterr()
    assert main(["worker", "--db", fresh_sqlite, "--once"]) == 0
    assert "delivered 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["report", "pipeline", "--db", "oracle://x"], 2, "unknown kind of store"),
        (["report", "pipeline", "--db", "sqlite:///{tmp}/none.db"], 1, "crm.schema.apply()"),
        (["import", "--db", "memory:", "{tmp}/none.csv"], 2, "--mapping"),
        (["import", "--db", "memory:", "--mapping", "{tmp}/none.toml", "{tmp}"], 2, "none.toml"),
        (["export", "--db", "memory:", "nobody", "{tmp}/x.csv"], 2, "not registered"),
        (["export", "--db", "memory:", "customer", "{tmp}/x.pdf"], 2, "cannot write"),
        (["export", "--db", "memory:", "customer", "{tmp}/x.csv", "--where", "{"], 2, "--where"),
    ],
)
def test_misuse_gets_one_clear_line(tmp_path, capsys, arguments, code, said):
    """A wrong call ends with its code and one line that says what to do."""
    assert main([argument.replace("{tmp}", str(tmp_path)) for argument in arguments]) == code
    errors = capsys.readouterr().err
    assert said in errors
    assert errors.startswith("crmkit: ")
    assert len(errors.splitlines()) == 1


def test_command_is_installed():
    """The package runs as a program."""
    done = subprocess.run(
        [sys.executable, "-m", "crmkit.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("crmkit ")
