"""Listing: every action that may be permitted or refused, found where it is declared."""

import pkgutil
from importlib import import_module
from typing import Final

import crmkit.services as here
from crmkit.ports import Action
from crmkit.work import auditing

_HEAD: Final = "| action | right | English | 中文 |\n|---|---|---|---|\n"


def actions() -> tuple[Action, ...]:
    """Return the actions of all services by name."""
    found: dict[str, Action] = {}
    names = (one.name for one in pkgutil.walk_packages(here.__path__, f"{here.__name__}."))
    for module in (auditing, *map(import_module, names)):
        for value in vars(module).values():
            if isinstance(value, Action):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))


def actions_table() -> str:
    """Return the actions as a table for the manual; without a right one is granted by its name."""
    rows = (
        f"| `{action.name}` | {action.right or ''} | {action.summary} | {action.zh} |"
        for action in actions()
    )
    return _HEAD + "\n".join(rows) + "\n"
