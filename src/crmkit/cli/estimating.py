"""`crmkit estimate`: the price of a scope in the terminal, and an offer to print."""

import argparse
from datetime import UTC, date, datetime

from crmkit.domain.estimates.scope import Scope
from crmkit.domain.estimates.scope_reading import scope_from_json, scope_from_toml
from crmkit.errors import BrokenFile, InvalidValue
from crmkit.plugins import Plugins


def estimate(options: argparse.Namespace) -> int:
    """Print the table; with `--offer` also write the page for the client."""
    practice = Plugins().practice()
    made = practice.estimate(_scope(options), options.profile, language=options.language)
    if options.offer is not None:
        offer = made.offer(on=_day(options.date), vendor=options.vendor)
        options.offer.write_text(offer.html(), encoding="utf-8")
    print(made.explain() if options.explain else made)
    if options.offer is not None:
        print(f"\noffer  {options.offer}")
    return 0


def _scope(options: argparse.Namespace) -> Scope:
    try:
        text = options.scope.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise BrokenFile(
            f"cannot be read: {unreadable}", path=str(options.scope), fix="give a TOML or JSON file"
        ) from None
    return scope_from_json(text) if options.scope.suffix == ".json" else scope_from_toml(text)


def _day(written: str | None) -> date:
    """Return the day of the offer: as given, else today."""
    if written is None:
        return datetime.now(UTC).astimezone().date()
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InvalidValue(
            f"{written!r} is no day", path="--date", fix="such as 2026-11-30"
        ) from None
