"""Rooms: folders where servers run while somebody holds the lock, shared within a test run."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

import attrs

from crmkit.errors import StoreUnavailable

START_SECONDS = 120
STOP_SECONDS = 20
LOCAL = "127.0.0.1"
MEMORY = Path("/dev/shm")  # noqa: S108  # files in it get names of their own
MEMORY_NEEDED = 8 << 30
KEEPER = Path(__file__).parent / "keeper.py"


@attrs.frozen
class Program:
    """What runs in a room: a command, the system user it runs as, the signal that ends it."""

    command: Sequence[str]
    user: str | None = None
    last_signal: signal.Signals = signal.SIGKILL


@attrs.define
class Room:
    """A temporary folder for servers; who opened it holds its lifeline, others may join.

    The servers end when the opener closes the room or dies, however it dies. POSIX systems only.
    """

    folder: Path
    _lifeline: IO[str] | None = attrs.field(default=None, repr=False)
    _keepers: list["subprocess.Popen[bytes]"] = attrs.field(factory=list, repr=False)

    @classmethod
    def open(cls, *, durable: bool = False) -> Self:
        """Make a room that lasts as long as this process, or until it is closed.

        Unless `durable`, its files are kept in memory where the machine has enough of it.
        """
        if sys.platform == "win32":
            raise StoreUnavailable("servers for tests run on POSIX systems only", path="server")
        import fcntl

        place = None if durable else memory_folder()
        folder = Path(tempfile.mkdtemp(prefix="crmkit-servers-", dir=place))
        lifeline = (folder / "lifeline").open("w")
        fcntl.lockf(lifeline, fcntl.LOCK_EX)
        return cls(folder, lifeline)

    def close(self) -> None:
        """End every server in the room and remove the folder; only its opener does so."""
        if self._lifeline is None:
            return
        self._lifeline.close()
        self._lifeline = None
        for keeper in self._keepers:
            keeper.wait(STOP_SECONDS)
        end = time.monotonic() + STOP_SECONDS
        while self._running() and time.monotonic() < end:
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, program: Program, *, folder: Path) -> None:
        """Start a program in its folder, with a keeper who ends it with the room."""
        order: dict[str, Any] = {
            "command": list(program.command),
            "folder": str(folder),
            "lifeline": str(self.folder / "lifeline"),
            "user": program.user,
            "signal": int(program.last_signal),
        }
        command = [sys.executable, "-I", str(KEEPER), json.dumps(order)]
        keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._keepers.append(keeper)

    def _running(self) -> list[Path]:
        if not self.folder.exists():
            return []
        folders = [path for path in self.folder.iterdir() if path.is_dir()]
        return [folder for folder in folders if not (folder / "failure").exists()]


@attrs.frozen
class Server(ABC):
    """A database server on a port of this machine; start one of the kinds."""

    name: ClassVar[str]

    port: int
    durable: bool = False
    _room: Room | None = attrs.field(default=None, repr=False, eq=False)

    @classmethod
    def start(cls, *, durable: bool = False) -> Self:
        """Start a server that ends with the block, with `stop()` or with this process.

        Unless `durable`, it may lose data when the machine stops, and is faster for that.
        MissingExtra or StoreUnavailable where there is no such server.
        """
        room = Room.open(durable=durable)
        server = cls(_free_port(), durable, room)
        try:
            (room.folder / cls.name).mkdir()
            server.run_in(room)
        except BaseException:
            room.close()
            raise
        return server

    @classmethod
    def shared(cls, room: Room) -> Self:
        """Give the one server of this kind in a room; who comes first starts it, not durable."""
        folder = room.folder / cls.name
        try:
            folder.mkdir()
        except FileExistsError:
            wait_until((folder / "port").exists, folder=folder, what=cls.name)
            return cls(int((folder / "port").read_text()))
        server = cls(_free_port())
        server.run_in(room)
        write_whole(folder / "port", str(server.port))
        return server

    def run_in(self, room: Room) -> None:
        """Run the server in its folder of a room, and wait until it answers."""
        folder = room.folder / self.name
        try:
            program = self.program(folder)
        except Exception as failure:
            write_whole(folder / "failure", str(failure))
            if isinstance(failure, OSError | subprocess.SubprocessError):
                raise StoreUnavailable(str(failure), path=self.name) from failure
            raise
        command = [*program.command, f"--port={self.port}"]
        room.keep(attrs.evolve(program, command=command), folder=folder)
        wait_until(self.answers, folder=folder, what=self.name)

    @abstractmethod
    def url(self, database: str) -> str:
        """Give the URL of a database."""

    @abstractmethod
    def database(self, name: str) -> str:
        """Make an empty database and give its URL; letters, digits and underscores."""

    @abstractmethod
    def drop(self, name: str) -> None:
        """Remove a database with all it holds, whoever is connected."""

    @abstractmethod
    def program(self, folder: Path) -> Program:
        """Make the data folder and give the program that serves it."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether the server may be written to."""

    def stop(self) -> None:
        """End the server; one that is shared ends with its room."""
        if self._room is not None:
            self._room.close()

    def __enter__(self) -> Self:
        """Give the running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the server."""
        self.stop()


def memory_folder() -> Path | None:
    """Give the folder whose files are kept in memory, or None where less than 8 GiB are free."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED else None
    return None


def wait_until(ready: Callable[[], bool], *, folder: Path, what: str) -> None:
    """Wait for a server; StoreUnavailable with the end of its log when it ended instead."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if (folder / "failure").exists():
            raise StoreUnavailable((folder / "failure").read_text(errors="replace"), path=what)
        if ready():
            return
        time.sleep(0.05)
    raise StoreUnavailable(f"not ready after {START_SECONDS} seconds", path=what)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.rename(path)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((LOCAL, 0))
        port: int = free.getsockname()[1]
        return port
