"""The arguments of every command, on one page."""

import argparse
from pathlib import Path

from crmkit import __version__
from crmkit.cli.checking import check
from crmkit.cli.demo import demo
from crmkit.cli.estimating import estimate
from crmkit.cli.exporting import export_records
from crmkit.cli.importing import import_files
from crmkit.cli.reporting import report
from crmkit.cli.working import work_off


def parser() -> argparse.ArgumentParser:
    """Return the parser of the `crmkit` command."""
    whole = argparse.ArgumentParser(prog="crmkit", description="A CRM core, from the command line.")
    whole.add_argument("--version", action="version", version=f"crmkit {__version__}")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _demo(commands.add_parser("demo", help="make a sample company and report on its sales"))
    _import(commands.add_parser("import", help="import files by a mapping"))
    _export(commands.add_parser("export", help="export the records of an entity"))
    _report(commands.add_parser("report", help="report on what is stored"))
    _estimate(commands.add_parser("estimate", help="price a CRM project from its scope"))
    _check(commands.add_parser("check", help="check schema, plugins and settings"))
    _worker(commands.add_parser("worker", help="deliver events to plugins"))
    return whole


def _demo(command: argparse.ArgumentParser) -> None:
    command.add_argument("--into", type=Path, default=Path("crmkit-demo"), help="folder to make")
    command.add_argument("--deals", type=int, default=2000, help="how many deals (2000)")
    command.set_defaults(run=demo)


def _import(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument("source", type=Path, help="a file, or the folder of the mapped files")
    command.add_argument("--mapping", type=Path, help="a TOML or JSON file with the mapping")
    command.add_argument("--entity", help="without a mapping: guess one for this entity")
    command.add_argument("--key", help="without a mapping: the field that tells records apart")
    command.add_argument("--dry-run", action="store_true", help="go the whole way, keep nothing")
    command.add_argument("--notes", type=Path, help="write every note to this CSV file")
    command.add_argument("--create", action="store_true", help="set up the database if needed")
    command.add_argument("--from-system", help="take new records over as they stand there")
    command.add_argument("--said-by", default="", help="who vouches that they stand so there")
    command.add_argument("--reason", default="", help="why they come over")
    command.set_defaults(run=import_files)


def _export(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument("entity", help="customer, deal, ... or a plugin's own")
    command.add_argument("target", type=Path, help="a .csv, .jsonl or .xlsx file to write")
    command.add_argument("--where", help="a filter as JSON")
    command.set_defaults(run=export_records)


def _report(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", choices=["pipeline"], help="which report")
    _store(command)
    command.add_argument("--zone", default="UTC", help="time zone of days and quarters (UTC)")
    command.add_argument("--html", type=Path, help="also write a page with charts")
    command.add_argument("--language", choices=["en", "zh"], default="en")
    command.set_defaults(run=report)


def _estimate(command: argparse.ArgumentParser) -> None:
    command.add_argument("scope", type=Path, help="a TOML or JSON file with the scope")
    command.add_argument("--profile", help="the vendor's profile (the first there is)")
    command.add_argument("--language", choices=["en", "zh"], default="en")
    command.add_argument("--explain", action="store_true", help="print where each figure is from")
    command.add_argument("--offer", type=Path, help="write an offer to print to this HTML file")
    command.add_argument("--vendor", default="", help="who makes the offer")
    command.add_argument("--date", help="the day of the offer (today)")
    command.set_defaults(run=estimate)


def _check(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument("--apply", action="store_true", help="apply the schema steps")
    command.set_defaults(run=check)


def _worker(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument("--once", action="store_true", help="deliver what is due and end")
    command.add_argument("--every", type=float, default=1.0, help="seconds between looks (1)")
    command.set_defaults(run=work_off)


def _store(command: argparse.ArgumentParser) -> None:
    command.add_argument("--db", default="sqlite:///crmkit.db", help="the store's URL")
    command.add_argument("--tenant", default="main", help="whose records (main)")
    command.add_argument("--by", default="cli", help="who acts, for the change log (cli)")
