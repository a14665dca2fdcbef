"""Run one server for as long as the process that asked for it lives.

Started as a script of its own, with the standard library only. It waits for the lock on the
lifeline file, which the asking process holds until it closes the room or dies, however it dies.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

LOG_TAIL = 2_000
PR_SET_PDEATHSIG = 1


def keep(order: dict[str, Any]) -> None:
    """Run `command` in `folder` until the lifeline is let go; then kill it and leave no file."""
    folder, lifeline = Path(order["folder"]), Path(order["lifeline"])
    with lifeline.open() as held, (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            cast("list[str]", order["command"]),
            user=cast("str | None", order["user"]),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_dying_with_the_keeper(order["signal"]),  # noqa: PLW1509 - one thread so far
        )
        told = threading.Event()
        threading.Thread(target=_report_death, args=(server, folder, told), daemon=True).start()
        fcntl.lockf(held, fcntl.LOCK_SH)
        told.set()
        server.send_signal(order["signal"])
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)
    _remove_room(lifeline)


def _dying_with_the_keeper(last_signal: int) -> Callable[[], None] | None:
    """Ask Linux to end the server when the keeper itself is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, last_signal)


def _report_death(server: "subprocess.Popen[bytes]", folder: Path, told: threading.Event) -> None:
    """Leave the end of the log as the failure when the server ends before it was told to."""
    server.wait()
    if not told.is_set():
        tail = (folder / "log").read_bytes()[-LOG_TAIL:]
        (folder / "failure.new").write_bytes(tail)
        (folder / "failure.new").rename(folder / "failure")
        os._exit(1)


def _remove_room(lifeline: Path) -> None:
    """Remove the room when this was its last server."""
    if lifeline.exists() and list(lifeline.parent.iterdir()) == [lifeline]:
        shutil.rmtree(lifeline.parent, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep(json.loads(sys.argv[1]))
