"""State machines beside a plain model on each store: how long they run, quick and in full."""

import os
from typing import Any

import attrs
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

FULL = os.environ.get("CRMKIT_FULL") == "1"


@attrs.frozen(kw_only=True)
class Length:
    """How many histories of how many steps are tried in memory, and how many on other stores."""

    memory: tuple[int, int]
    others: tuple[int, int]


def run_machine(machine: Any, url: str, *, quick: Length, full: Length) -> None:
    """Try histories of a machine on the store of a URL, for as long as the run allows."""
    length = full if FULL else quick
    examples, steps = length.memory if url == "memory:" else length.others
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=examples, stateful_step_count=steps)
    )
