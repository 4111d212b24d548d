"""The front of an HTTP server: which hosts and origins it answers to, to whom, and how often.

A server on the loopback asks for no token. Any other refuses to start without TLS, or a proxy in front that has it, and without
tokens (``check_front``). A name in the Host header that is not ours is refused, since a page of anybody's can have its own name
point to this machine (DNS rebinding); an Origin that is not ours is refused where a browser would not protect the answer by itself.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from models.serving.access import ANYBODY, Grant, Tokens
from models.serving.admission import Door, RateLimit, client_of, is_loopback

#: requests of one token, or of one address where there is none: at once, and then a second
MOST_REQUESTS_AT_ONCE: Final = 4096
MOST_REQUESTS_PER_S: Final = 500.0
#: wrong tokens of one address
MOST_FAILURES_AT_ONCE: Final = 20
MOST_FAILURES_PER_S: Final = 1.0

#: Host headers that are remembered as allowed
MOST_KNOWN_HOSTS: Final = 256

_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


def check_front(host: str, *, tls: bool, behind_proxy: bool, tokens: bool, option: str = "--host") -> None:
    """``ValueError`` with one sentence when a server that listens on ``host``, given by ``option``, would be open to others."""
    if is_loopback(host):
        return
    missing = []
    if not tls and not behind_proxy:
        missing.append("TLS (--tls-cert and --tls-key), or --behind-proxy where a proxy in front has it")
    if not tokens:
        missing.append("tokens (--tokens FILE; touchline tokens new makes one)")
    if missing:
        raise ValueError(f"{option} {host} lets others in, and needs {'; and '.join(missing)}")


class Front:
    """``hosts``: names besides the loopback's that clients use for this server, ``*`` for any; ``origins``: of pages that may read
    it besides its own, as ``https://graphics.example.com``, or ``null`` for pages from files. ``host`` is where it listens,
    ``requests_per_s`` the rate of one token or address (None: unbounded), ``most_connections`` of all (None: as the server has
    it)."""

    def __init__(
        self,
        tokens: Tokens | None = None,
        *,
        host: str = "127.0.0.1",
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        behind_proxy: bool = False,
        requests_per_s: float | None = MOST_REQUESTS_PER_S,
        tls: ssl.SSLContext | None = None,
        most_connections: int | None = None,
    ) -> None:
        self.tokens, self.behind_proxy = tokens, behind_proxy
        self.tls, self.most_connections = tls, most_connections
        #: by status, how many requests were refused here; the door of the server, once it listens
        self.refused: Counter[int] = Counter()
        self.door: Door | None = None
        self.hosts = {name.lower().strip("[]") for name in (*hosts, host)}
        self.any_address = not is_loopback(host)
        self.origins = {origin.lower().rstrip("/") for origin in origins}
        self._requests = None if requests_per_s is None else RateLimit(requests_per_s, MOST_REQUESTS_AT_ONCE)
        self._known_hosts: set[str] = set()
        self._failures = RateLimit(MOST_FAILURES_PER_S, MOST_FAILURES_AT_ONCE)

    def host_allowed(self, header: str) -> bool:
        """Whether the Host header is one of ours. None at all is: no browser leaves it out. A name without a dot is of this network
        (the service of a container), and an address cannot be pointed elsewhere."""
        if header == "" or header in self._known_hosts:
            return True
        allowed = self._host_allowed(header)
        if allowed and len(self._known_hosts) < MOST_KNOWN_HOSTS:
            self._known_hosts.add(header)
        return allowed

    def _host_allowed(self, header: str) -> bool:
        if len(header) > 300 or _HOST.fullmatch(header) is None:
            return False
        name = header.rpartition(":")[0] if re.search(r":[0-9]+$", header) else header
        name = name.strip("[]").lower().rstrip(".")
        if "*" in self.hosts or name in self.hosts or is_loopback(name):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return "." not in name
        return self.any_address

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may read here: its own pages (the origin is that of the Host header), and those listed."""
        if origin == "":
            return True  # no page of a browser
        origin = origin.lower()
        if origin in self.origins or "*" in self.origins:
            return True
        try:
            parts = urlsplit(origin) if "://" in origin else None
        except ValueError:  # a bracket that is not closed
            return False
        return parts is not None and parts.scheme in ("http", "https") and parts.netloc == host.lower()

    def foreign_allowed(self, origin: str) -> bool:
        """Whether a page of this origin, another than ours, may read here."""
        return origin.lower() in self.origins or "*" in self.origins

    def client(self, address: str, forwarded_for: str = "") -> str:
        """Whom a request counts for: behind a proxy the address that it added last."""
        if self.behind_proxy and forwarded_for:
            address = forwarded_for.rpartition(",")[2].strip() or address
        return client_of(address)

    def grant(self, token: str, client: str) -> Grant | None:
        """What is allowed with a token (empty: without one); None when it is nothing."""
        if self.tokens is None:
            return ANYBODY
        return self.tokens.grant(token) if token else None

    def failed(self, client: str) -> bool:
        """Count a wrong token; whether its client is still within its rate."""
        return self._failures.take(client)

    def within_rate(self, grant: Grant | None, client: str) -> bool:
        """Count a request; whether it is within the rate of its token or address."""
        if self._requests is None:
            return True
        return self._requests.take(f"token {grant.name}" if grant is not None and grant.sha256 else client)


def bearer(header: str) -> str:
    """The token of an Authorization header; empty when it has none."""
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
