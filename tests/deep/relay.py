"""Stands between psycopg and PostgreSQL, counts what is asked, and cuts the line where it is told.

It reads PostgreSQL's messages (a letter, four bytes of length, the body), so that a cut falls
exactly before a request reaches the server, or after the server has done it and before the reply.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

REQUESTS = frozenset({ord("Q"), ord("S"), ord("c")})
"""Query, Sync and CopyDone: what the client waits after."""
DONE = frozenset({ord("Z"), ord("G")})
"""ReadyForQuery and CopyInResponse: the request before it has had its effect."""


class Relay:
    """Passes bytes to a server on this machine, and may cut one connection at one request."""

    def __init__(self, port: int) -> None:
        """Listen on a free port for what is meant for `port`."""
        self.asked: list[str] = []
        self.was_cut = False
        self._cut_at: tuple[int, str] | None = None
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def watch(self, cut_at: tuple[int, str] | None = None) -> None:
        """Count requests from now on; cut "before" or "after" the one of this number."""
        self.asked, self.was_cut, self._cut_at = [], False, cut_at

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cuts_here(self, phase: str) -> bool:
        """Say whether the line is to be cut at the request that came last; once only."""
        if self.was_cut or self._cut_at != (len(self.asked), phase):
            return False
        self.was_cut = True
        return True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                _Line(self, client, socket.create_connection(("127.0.0.1", self._target)))


class _Line:
    """One connection through the relay."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay = relay
        self._client = client
        self._server = server
        self._text = ""
        self._waits_for_done = threading.Event()
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pump in (self._ask, self._reply):
            threading.Thread(target=pump, daemon=True).start()

    def _ask(self) -> None:
        with contextlib.suppress(OSError):
            for message in _messages(self._client, greeted=False):
                if message[0] in (ord("Q"), ord("P")):
                    self._text = _text(message)
                if message[0] in REQUESTS:
                    self._relay.asked.append(self._text)
                    if self._relay.cuts_here("before"):
                        break
                    if self._relay.cuts_here("after"):
                        self._waits_for_done.set()
                self._server.sendall(message)
        if not self._waits_for_done.is_set():
            self._end()

    def _reply(self) -> None:
        with contextlib.suppress(OSError):
            for message in _messages(self._server, greeted=True):
                if not self._waits_for_done.is_set():
                    self._client.sendall(message)
                elif message[0] in DONE:
                    break
        self._end()

    def _end(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _messages(source: socket.socket, *, greeted: bool) -> Iterator[bytes]:
    """Bring whole messages; a client's first has no letter."""
    buffer, letter = b"", 1 if greeted else 0
    while True:
        head = letter + 4
        length = letter + int.from_bytes(buffer[letter:head], "big") if len(buffer) >= head else 0
        if length and len(buffer) >= length:
            yield buffer[:length]
            buffer, letter = buffer[length:], 1
            continue
        more = source.recv(65_536)
        if not more:
            return
        buffer += more


def _text(message: bytes) -> str:
    """Return the SQL of a Query or Parse; a Parse names its statement first."""
    body = message[5:] if message[0] == ord("Q") else message[5:].partition(b"\0")[2]
    return body.partition(b"\0")[0].decode()
