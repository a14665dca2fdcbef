"""`python -m benchmarks`: measure the subjects and print the tables."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import WORKS, Outcome, Settings, measure
from benchmarks.places import place_of
from benchmarks.profiled import PROFILED, as_lines, profiles
from benchmarks.report import as_json, as_markdown, as_text
from benchmarks.subjects import ENTRIES, STORES, Entry
from benchmarks.worker import Size


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen works on the chosen stores; return 1 when a subject failed."""
    asked = _parser().parse_args(arguments)
    size = Size(rows=asked.rows, deals=asked.deals)
    outcomes: list[Outcome] = []
    for store in asked.store or STORES:
        with place_of(store, getattr(asked, store, None)) as place:
            entries = _installed(store, peers=asked.peers, subjects=asked.subject)
            if asked.profile:
                _print_profiles(entries, place, asked.work or [*PROFILED], size)
                continue
            settings = Settings(store, place, entries, asked.work or [*WORKS], asked.repeat, size)
            found = measure(settings)
        print(f"\r{(as_markdown if asked.markdown else as_text)(found, size)}", flush=True)
        outcomes += found
    if asked.json:
        Path(asked.json).write_text(as_json(outcomes, size), encoding="utf-8")
    return int(any(outcome.failed for outcome in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--store", action="append", choices=STORES, help="default: all three")
    parser.add_argument("--work", action="append", choices=[*WORKS], help="default: all of them")
    parser.add_argument("--subject", action="append", help="only this one beside the raw driver")
    parser.add_argument("--peers", action="store_true", help="measure the other libraries too")
    parser.add_argument("--rows", type=int, default=100_000, help="contacts (default %(default)s)")
    parser.add_argument("--deals", type=int, default=500_000, help="default %(default)s")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions (default %(default)s)")
    parser.add_argument("--postgres", metavar="URL", help="use this server, not one of our own")
    parser.add_argument("--mongo", metavar="URL", help="use this replica set, not one of our own")
    parser.add_argument("--profile", action="store_true", help="show where crmkit spends its time")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--json", metavar="FILE", help="also write every time to this file")
    return parser


def _print_profiles(entries: list[Entry], place: str, works: list[str], size: Size) -> None:
    """Say where each subject of crmkit spends its time, work by work."""
    for entry in entries:
        if not entry.raw:
            for work, shares in profiles(entry, place, works, size):
                print(as_lines(f"{entry.name} on {entry.store}", work, shares), flush=True)


def _installed(store: str, *, peers: bool, subjects: list[str] | None) -> list[Entry]:
    chosen = []
    for entry in ENTRIES:
        if entry.store != store or not (entry.raw or _wanted(entry, subjects, peers=peers)):
            continue
        missing = entry.missing()
        if missing:
            print(f"left out: {entry.name} on {store}: {missing}", file=sys.stderr)
        else:
            chosen.append(entry)
    return chosen


def _wanted(entry: Entry, subjects: list[str] | None, *, peers: bool) -> bool:
    return entry.name in subjects if subjects else peers or not entry.peer


if __name__ == "__main__":
    sys.exit(main())
