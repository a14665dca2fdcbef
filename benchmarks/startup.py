"""`python -m benchmarks.startup`: what `import crmkit` costs, each time in a fresh interpreter."""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

GOAL_SECONDS: Final = 0.25
DRIVERS: Final = ("sqlalchemy", "sqlite3", "psycopg", "pymysql", "pymongo", "bson")
_PROBE: Final = """
import json, sys, time
before = set(sys.modules)
started = time.perf_counter()
import {package}
seconds = time.perf_counter() - started
print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


class Startup(NamedTuple):
    """The seconds of every run, and the modules that the import brought."""

    package: str
    seconds: tuple[float, ...]
    modules: tuple[str, ...]

    @property
    def drivers(self) -> tuple[str, ...]:
        """Name the database drivers among the modules; there should be none."""
        return tuple(name for name in DRIVERS if name in self.modules)


def measure_startup(package: str, repeat: int) -> Startup:
    """Import `package` in `repeat` interpreters, after one that warms the disk cache."""
    runs = [_probe(package) for _ in range(repeat + 1)][1:]
    return Startup(package, tuple(seconds for seconds, _ in runs), tuple(runs[0][1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the median and spread; return 1 when it is too slow or imports a driver."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--package", default="crmkit")
    parser.add_argument("--repeat", type=int, default=10)
    asked = parser.parse_args(arguments)
    found = measure_startup(asked.package, asked.repeat)
    median = statistics.median(found.seconds)
    print(
        f"import {found.package}: {median:.3f} s"
        f" ({min(found.seconds):.3f}..{max(found.seconds):.3f}, {asked.repeat} runs),"
        f" goal {GOAL_SECONDS} s; {len(found.modules)} modules;"
        f" drivers imported: {', '.join(found.drivers) or 'none'}"
    )
    return 0 if median < GOAL_SECONDS and not found.drivers else 1


def _probe(package: str) -> tuple[float, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(package=package)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, modules = _pair(json.loads(done.stdout))
    return seconds, modules


def _pair(found: Any) -> tuple[float, list[str]]:
    return float(found[0]), [str(name) for name in found[1]]


if __name__ == "__main__":
    sys.exit(main())
