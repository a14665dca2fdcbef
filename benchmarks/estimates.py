"""`python -m benchmarks.estimates`: how long an estimate takes, and how near its P90 is.

Times are those of the processor, which other programs do not lengthen much; on an idle machine they
are those of the clock, as nothing here waits.
"""

import argparse
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from crmkit import estimates

GOALS: Final = {"estimate": 1.0, "simulate": 30.0, "tornado": 50.0, "first": 1000.0}
"""Milliseconds."""
GOAL_ERROR: Final = 0.01
_FIRST: Final = (
    "from crmkit import estimates; "
    "print(estimates.estimate(estimates.Scope(modules=['customers'])).total)"
)


def scope_of_all() -> estimates.Scope:
    """Ask for every module, three links and a year of upkeep: 22 uncertain inputs."""
    return estimates.Scope(
        modules=[kind.name for kind in estimates.CRM_CATALOGUE],
        users=100,
        roles=8,
        permissions="field",
        process="deep",
        interface="redesigned",
        integrations=[
            estimates.Integration(system=system, direction="both", entities=3)
            for system in ("ERP", "OA", "CTI")
        ],
        maintenance=estimates.Maintenance(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the median and the best of each; return 1 when a median misses its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimates", description=__doc__)
    parser.add_argument("--repeat", type=int, default=30)
    asked = parser.parse_args(arguments)
    scope = scope_of_all()
    made = estimates.estimate(scope)
    subjects: dict[str, tuple[str, Callable[[], object]]] = {
        "estimate": ("estimate", lambda: estimates.estimate(scope)),
        "simulate": ("simulate, 1,000 points", lambda: made.simulate(1000, seed=1)),
        "tornado": (f"tornado, {len(made.tornado())} inputs", made.tornado),
        "first": ("first result, fresh interpreter", _first),
    }
    missed = [
        name
        for name, (title, subject) in subjects.items()
        if _told(title, _times(subject, asked.repeat), GOALS[name]) > GOALS[name]
    ]
    error = p90_error(made)
    print(f"P90 of 1,000 points: error {error:.2%} (root mean square), goal {GOAL_ERROR:.0%}")
    return int(bool(missed) or error >= GOAL_ERROR)


def p90_error(made: estimates.Estimate, seeds: int = 40) -> float:
    """Return the root mean square error of the P90 beside 400,000 points."""
    exact = float(made.simulate(400_000, seed=999).at(0.9).amount)
    errors = [float(made.simulate(1000, seed).at(0.9).amount) / exact - 1 for seed in range(seeds)]
    return math.sqrt(statistics.fmean(error**2 for error in errors))


def _first() -> None:
    subprocess.run([sys.executable, "-c", _FIRST], check=True, capture_output=True)


def _times(subject: Callable[[], object], repeat: int) -> list[float]:
    subject()
    times = []
    for _ in range(repeat):
        started = _used()
        subject()
        times.append((_used() - started) * 1000)
    return times


def _used() -> float:
    """Return the seconds of processor that this program and its children have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _told(title: str, times: list[float], goal: float) -> float:
    median = statistics.median(times)
    print(f"{title:<34} {median:8.2f} ms (best {min(times):.2f}), goal {goal:,.0f} ms")
    return median


if __name__ == "__main__":
    sys.exit(main())
