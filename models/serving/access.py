"""Tokens: who may read which games, ask models, operate the gallery, or administer. The gateway and the endpoint share them.

A token file is TOML or JSON, and holds no token but its SHA-256, which is enough since a token is 256 random bits:

    [[tokens]]
    name = "truck-3"
    sha256 = "5e88...d8"
    scopes = ["sport:soccer", "game:f1-monza"]
    expires = 2027-06-30T00:00:00Z

Scopes: ``read`` (every game), ``sport:NAME``, ``game:ID``, ``predict`` (ask the models of an endpoint), ``gallery`` (operate it),
``metrics`` (Prometheus), ``admin`` (the operator page, loading models, and everything else). The file is read again when it
changes. One that is torn, empty or gone changes nothing and is logged once; ``tokens = []`` takes every token back.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

_log = logging.getLogger(__name__)

PREFIX: Final = "tl_"
#: how often the file is looked at, and how long it must have been left alone before it is read, s
CHECK_S: Final = 1.0
SETTLED_S: Final = 0.5
MOST_FILE_BYTES: Final = 4 << 20
MOST_TOKEN_BYTES: Final = 512

SCOPES: Final = "read, sport:NAME, game:ID, predict, gallery, metrics or admin"
_PLAIN: Final = frozenset(("read", "predict", "gallery", "metrics", "admin"))
_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Grant:
    """What one token allows. ``sha256`` is empty where no token is asked for."""

    name: str
    scopes: frozenset[str]
    sha256: str = ""
    #: seconds since 1970; None: never
    expires_s: float | None = None

    @property
    def admin(self) -> bool:
        return "admin" in self.scopes

    @property
    def reads_all(self) -> bool:
        return not self.scopes.isdisjoint(("read", "admin"))

    @property
    def reads(self) -> bool:
        """Whether there is anything of a game that it may read."""
        return self.reads_all or any(scope.startswith(("sport:", "game:")) for scope in self.scopes)

    @property
    def predicts(self) -> bool:
        return not self.scopes.isdisjoint(("predict", "admin"))

    @property
    def gallery(self) -> bool:
        return not self.scopes.isdisjoint(("gallery", "admin"))

    @property
    def metrics(self) -> bool:
        return not self.scopes.isdisjoint(("metrics", "admin"))

    def reads_sport(self, sport: str) -> bool:
        """Whether it may read every game of a sport."""
        return self.reads_all or (sport != "" and f"sport:{sport}" in self.scopes)

    def reads_game(self, game: str, sport: str) -> bool:
        """Whether it may read a game; ``sport`` is empty while it is not known."""
        return self.reads_sport(sport) or f"game:{game}" in self.scopes

    def allowed(self, what: str) -> bool:
        """Whether it allows what a path asks for: ``reads``, ``predicts``, ``gallery``, ``metrics`` or ``admin``."""
        return bool(getattr(self, what))


#: where no token is asked for: on the loopback everybody may do everything
ANYBODY: Final = Grant("", frozenset(("admin",)))


class _Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    sha256: str
    scopes: list[str]
    expires: datetime | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    tokens: list[_Entry]


def digest(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes; ``ValueError`` with one sentence when one is none."""
    found = frozenset(scopes)
    for scope in sorted(found):
        kind, colon, name = scope.partition(":")
        if scope not in _PLAIN and not (colon and kind in ("sport", "game") and name.strip()):
            raise ValueError(f"{scope[:80]!r} is no scope: a scope is {SCOPES}")
    if not found:
        raise ValueError(f"a token needs a scope: {SCOPES}")
    return found


def parse(raw: bytes, what: str) -> list[Grant]:
    """The grants of a token file; ``ValueError`` with one sentence that begins with ``what``."""
    try:
        # JSON begins with a brace, which TOML cannot
        decoded = msgspec.json.decode(raw) if raw.lstrip().startswith(b"{") else tomllib.loads(raw.decode())
        entries = msgspec.convert(decoded, _File).tokens
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ValueError(f"{what} is no token file: {str(error)[:200]}") from None
    grants, seen = list[Grant](), set[str]()
    for entry in entries:
        if not entry.name or not entry.name.isprintable() or entry.name in seen:
            raise ValueError(f"{what}: every token has a name of its own, and {entry.name[:80]!r} is none")
        seen.add(entry.name)
        if not _SHA256.fullmatch(entry.sha256):
            raise ValueError(f"{what}: sha256 of {entry.name} is not 64 hexadecimal digits; touchline tokens new makes a token")
        if entry.expires is not None and entry.expires.tzinfo is None:
            raise ValueError(f"{what}: expires of {entry.name} has no time zone: write 2027-06-30T00:00:00Z")
        try:
            scopes = check_scopes(entry.scopes)
        except ValueError as error:
            raise ValueError(f"{what}: {entry.name}: {error}") from None
        grants.append(Grant(entry.name, scopes, entry.sha256, None if entry.expires is None else entry.expires.timestamp()))
    return grants


def new_token(name: str, scopes: Iterable[str], days: float | None = None, now_s: float | None = None) -> tuple[str, Grant]:
    """A token of 256 random bits and its grant; ``days`` until it expires. ``ValueError`` for a scope that is none."""
    token = PREFIX + secrets.token_urlsafe(32)
    expires_s = None if days is None else float(int((time.time() if now_s is None else now_s) + days * 86_400))
    return token, Grant(name, check_scopes(scopes), digest(token), expires_s)


def read_tokens(path: Path) -> list[Grant]:
    """The grants of a token file; ``ValueError`` with one sentence."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read the token file {path}: {error.strerror}") from None
    if len(raw) > MOST_FILE_BYTES:
        raise ValueError(f"{path} is no token file: it is larger than {MOST_FILE_BYTES:,} bytes")
    return parse(raw, str(path))


class Tokens:
    """The tokens of a file, as it is now. ``ValueError`` with one sentence when it cannot be read at the start."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self.trouble = ""
        self._grants: list[Grant] = []
        self._signature = self._look()
        self._looked_s = 0.0
        self._take(read_tokens(path))

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Tokens:
        """Tokens without a file."""
        tokens = cls.__new__(cls)
        tokens.path, tokens._clock, tokens.trouble, tokens._signature = Path(), time.time, "", None
        tokens._looked_s = float("inf")
        tokens._take(list(grants))
        return tokens

    def __len__(self) -> int:
        return len(self._grants)

    def grant(self, token: str) -> Grant | None:
        """What a token allows; None when it is unknown or has expired. Takes as long for one as for another."""
        self.refresh()
        shown, found = digest(token[:MOST_TOKEN_BYTES]), None
        for grant in self._grants:
            if hmac.compare_digest(grant.sha256, shown):
                found = grant
        return found if found is not None and self._in_time(found) else None

    def still(self, grant: Grant) -> bool:
        """Whether a grant from before holds: its token has neither expired, nor been taken back, nor been given other scopes."""
        self.refresh()
        return grant in self._grants and self._in_time(grant)

    def refresh(self) -> None:
        """Read the file again when it has changed, has been left alone for ``SETTLED_S``, and is whole."""
        now_s = time.monotonic()
        if now_s - self._looked_s < CHECK_S:
            return
        self._looked_s = now_s
        signature = self._look()
        if signature == self._signature:
            return
        if signature is not None and 0.0 <= self._clock() - signature[0] / 1e9 < SETTLED_S:
            return  # it may be half written
        self._signature = signature
        try:
            grants = read_tokens(self.path)
        except ValueError as error:
            self.trouble = f"{error}; the tokens from before stay"
            _log.error("%s", self.trouble)
            return
        self._take(grants)
        _log.info("%d tokens in %s", len(grants), self.path)

    def _take(self, grants: list[Grant]) -> None:
        self._grants, self.trouble = grants, ""

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _in_time(self, grant: Grant) -> bool:
        return grant.expires_s is None or self._clock() < grant.expires_s


def write_tokens(path: Path, grants: Iterable[Grant]) -> None:
    """Write a token file in one move, readable by its owner only: JSON for a name that ends so, else TOML. ``OSError``."""
    entries = [
        _Entry(g.name, g.sha256, sorted(g.scopes), None if g.expires_s is None else datetime.fromtimestamp(g.expires_s, UTC))
        for g in grants
    ]
    if path.suffix == ".json":
        content = msgspec.json.format(msgspec.json.encode(_File(entries)), indent=2) + b"\n"
    else:
        content = "\n".join(_toml(entry) for entry in entries).encode() or b"tokens = []\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _toml(entry: _Entry) -> str:
    def quoted(text: Any) -> str:
        return msgspec.json.encode(text).decode()  # a JSON string or array of strings is one of TOML

    lines = ["[[tokens]]", f"name = {quoted(entry.name)}", f"sha256 = {quoted(entry.sha256)}", f"scopes = {quoted(entry.scopes)}"]
    if entry.expires is not None:
        lines.append(f"expires = {entry.expires.strftime('%Y-%m-%dT%H:%M:%SZ')}")
    return "\n".join(lines) + "\n"


def client_token(environment: Mapping[str, str], variable: str) -> str:
    """The token that a client sends: of the variable, or of the file that ``<variable>_FILE`` names, which is read again for every
    new connection; empty without either. ``ValueError`` with one sentence."""
    if path := environment.get(f"{variable}_FILE", ""):
        try:
            token = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise ValueError(f"cannot read the token in {path}: {getattr(error, 'strerror', None) or error}") from None
    else:
        token = environment.get(variable, "").strip()
    if not token.isprintable() or any(c.isspace() for c in token) or len(token) > MOST_TOKEN_BYTES:
        raise ValueError(f"{variable} is no token: it is one word of at most {MOST_TOKEN_BYTES} characters")
    return token
