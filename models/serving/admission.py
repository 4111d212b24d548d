"""Who may connect, and how often: bounds on open connections, in total and of one address, and on what one client does a second.

The total leaves descriptors in reserve, so that a crowd of sockets never keeps the process from opening a file. When it is reached,
the connection that has waited longest without a complete request makes room: sockets that only sit there lock nobody out.
"""

from __future__ import annotations

import ipaddress
import resource
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Final

#: descriptors that connections leave to files, model artefacts, brokers and the rest of the process
RESERVED_DESCRIPTORS: Final = 256
#: connections of one address that is not of this machine
MOST_PER_ADDRESS: Final = 256
#: connections that one address may open at once, and then a second
MOST_CONNECTS_AT_ONCE: Final = 4096
MOST_CONNECTS_PER_S: Final = 200.0
#: connections beyond the most that get the reason; further ones are closed without a word
MOST_REFUSED: Final = 32
#: clients whose rates are remembered
MOST_CLIENTS: Final = 10_000


def connections_within_descriptors(most: int) -> int:
    """``most``, or fewer where the limit of open files (``RLIMIT_NOFILE``) is too low for them: at least half of it stays free
    when it is small, otherwise ``RESERVED_DESCRIPTORS``."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, max(soft - RESERVED_DESCRIPTORS, soft // 2)))


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's loopback."""
    name = host.strip("[]").partition("%")[0].lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", "ip6-localhost", "ip6-loopback") or name.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def client_of(address: str) -> str:
    """The client that an address counts for: itself, or its network of 64 bits in IPv6, which one customer has whole."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False))


class TokenBucket:
    """``burst`` at once, then ``rate_per_s``."""

    __slots__ = ("_at_s", "_level", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self.rate_per_s, self.burst = rate_per_s, burst
        self._level, self._at_s = burst, time.monotonic()

    def take(self, now_s: float | None = None) -> bool:
        """Whether one more is within the rate; then it is counted."""
        now_s = time.monotonic() if now_s is None else now_s
        self._level = min(self.burst, self._level + (now_s - self._at_s) * self.rate_per_s)
        self._at_s = now_s
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True


class RateLimit:
    """A bucket for each client; those that were silent longest are forgotten beyond ``MOST_CLIENTS``."""

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self.rate_per_s, self.burst = rate_per_s, burst
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether one more of this client is within its rate; then it is counted."""
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = TokenBucket(self.rate_per_s, self.burst)
            if len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(client)
        return bucket.take()


class Ticket:
    """One connection's place. ``refusal``: the sentence for its client, when there is no place for it."""

    __slots__ = ("_door", "address", "cut", "refusal")

    def __init__(self, door: Door, address: str, refusal: str = "") -> None:
        self._door, self.address, self.refusal = door, address, refusal
        #: closes the connection at once; set by who has it
        self.cut: Callable[[], object] = lambda: None

    def used(self) -> None:
        """A request has arrived whole: this connection no longer makes room for others."""
        self._door.waiting.pop(self, None)

    def leave(self) -> None:
        """The connection has ended; more than once is the same."""
        self._door.leave(self)


class Door:
    """Counts connections. ``most`` is asked each time; ``address_limited`` is False where all arrive by one proxy."""

    def __init__(self, most: Callable[[], int], most_per_address: int = MOST_PER_ADDRESS, *, address_limited: bool = True) -> None:
        self._connects = RateLimit(MOST_CONNECTS_PER_S, MOST_CONNECTS_AT_ONCE)
        self._most, self.most_per_address, self.address_limited = most, most_per_address, address_limited
        self.inside: set[Ticket] = set()
        #: those without a complete request yet, the oldest first
        self.waiting: OrderedDict[Ticket, None] = OrderedDict()
        self.by_address: Counter[str] = Counter()
        #: connections that were refused, and that made room
        self.refused = self.cut = 0

    def enter(self, address: str) -> Ticket | None:
        """A place for a connection, a refusal for its client, or None: close it without a word."""
        client = client_of(address)
        if self.address_limited and client and not self._connects.take(client):
            self.refused += 1
            return None
        most = self._most()
        if self.address_limited and not is_loopback(client) and self.by_address[client] >= self.most_per_address:
            return self._refuse(client, f"{self.most_per_address:,} connections of your address are open: close some first", most)
        if len(self.inside) >= most and not self._make_room():
            return self._refuse(client, f"{most:,} connections are open: try again later", most)
        ticket = Ticket(self, client)
        self.waiting[ticket] = None
        self._add(ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        if ticket in self.inside:
            self.inside.remove(ticket)
            self.waiting.pop(ticket, None)
            self.by_address[ticket.address] -= 1
            if self.by_address[ticket.address] <= 0:
                del self.by_address[ticket.address]

    def _add(self, ticket: Ticket) -> None:
        self.inside.add(ticket)
        self.by_address[ticket.address] += 1

    def _refuse(self, client: str, sentence: str, most: int) -> Ticket | None:
        self.refused += 1
        if len(self.inside) >= most + MOST_REFUSED:
            return None
        ticket = Ticket(self, client, sentence)
        self._add(ticket)
        return ticket

    def _make_room(self) -> bool:
        if not self.waiting:
            return False
        oldest, _ = self.waiting.popitem(last=False)
        self.cut += 1
        self.leave(oldest)
        oldest.cut()
        return True
