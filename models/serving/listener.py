"""A listening socket whose connections are counted as they are accepted, before TLS and before a byte of HTTP, and TLS itself."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from models.serving.admission import Door, Ticket

#: a TLS handshake must be complete after so long, s
HANDSHAKE_S: Final = 5.0
#: connections accepted in one turn of the loop: those that are open already get theirs in between
ACCEPTED_PER_TURN: Final = 64
#: pause when the process has no descriptor left, s
EXHAUSTED_S: Final = 0.1
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_log = logging.getLogger(__name__)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with the certificate chain and the private key of these PEM files; ``ValueError`` with one sentence."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        try:
            path.read_bytes()
        except OSError as error:
            raise ValueError(f"cannot read {path}: {error.strerror}") from None

    def no_password() -> str:
        raise ValueError(f"{key} is encrypted: the server needs a key without a passphrase")

    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError as error:
        raise ValueError(
            f"{certificate} and {key} are no certificate and its private key in PEM: {error.reason or error}"
        ) from None
    return context


class Listener:
    """Accepts on ``sock`` (bound) and makes a protocol of each connection: ``protocol(ticket)``. The protocol calls ``leave`` of
    its ticket when the connection is lost, and sets its ``cut``."""

    def __init__(
        self,
        sock: socket.socket,
        door: Door,
        protocol: Callable[[Ticket], asyncio.Protocol],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.sock, self.door, self._protocol, self._tls = sock, door, protocol, tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exhausted = False

    def start(self, loop: asyncio.AbstractEventLoop, backlog: int = 1024) -> None:
        """Listen, and accept from now on."""
        self._loop = loop
        self.sock.setblocking(False)
        self.sock.listen(backlog)
        loop.add_reader(self.sock.fileno(), self._accept)

    def close(self) -> None:
        """Accept nothing more; connections stay."""
        if self._loop is not None and self.sock.fileno() >= 0:
            self._loop.remove_reader(self.sock.fileno())
            self._loop = None
        self.sock.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTED_PER_TURN):
            try:
                connected, address = self.sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._pause(error)
                return
            self._exhausted = False
            ticket = self.door.enter(address[0] if isinstance(address, tuple) else "")
            if ticket is None or self._loop is None:
                connected.close()
                continue
            connected.setblocking(False)
            task = self._loop.create_task(self._connect(connected, ticket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            ticket.cut = task.cancel

    def _pause(self, error: OSError) -> None:
        """Descriptors are used up: trying again at once would keep the loop busy with nothing else."""
        assert self._loop is not None
        if not self._exhausted:
            self._exhausted = True
            _log.error("no connection can be accepted at the moment: %s", error.strerror)
        loop = self._loop
        loop.remove_reader(self.sock.fileno())

        def again() -> None:
            if self._loop is not None:
                loop.add_reader(self.sock.fileno(), self._accept)

        loop.call_later(EXHAUSTED_S, again)

    async def _connect(self, connected: socket.socket, ticket: Ticket) -> None:
        assert self._loop is not None
        options: dict[str, Any] = {}
        if self._tls is not None:
            options = {"ssl": self._tls, "ssl_handshake_timeout": HANDSHAKE_S}
        try:
            await self._loop.connect_accepted_socket(lambda: self._protocol(ticket), connected, **options)
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            # no handshake, or the client has gone, or it made room for another
            connected.close()
            ticket.leave()
