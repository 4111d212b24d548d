"""Who is let in, and whose state is believed: token files, the headers with which a client shows a token, and signed state."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final

import msgspec

from models.serving.access import Grant, Tokens, client_token, digest, parse, read_tokens, write_tokens
from models.serving.front import Front, bearer
from streaming.errors import BadInput, BadSnapshot
from streaming.operator import signing
from streaming.operator.session import GameSession
from streaming.runners.kafka.partition import Partition
from streaming.runners.kafka.state_store import PROGRESS
from streaming.web.front import GRANT, FrontDoor
from streaming.wire.feed import GameStart, encode_feed
from tests.fuzz import mutations
from tests.fuzz.target import Finding, Target, joined, mutated_parts, parted
from tests.streaming import toy

_TOKEN: Final = "tl_the-token-of-the-fuzzer"
_GRANT: Final = Grant("truck", frozenset(("sport:toy",)), digest(_TOKEN))
#: paths of the front: a probe, one that needs a scope to read, and one for admin
_PATHS: Final = ("/health", "/api/games", "/metrics")
_OLD, _NEW = "o" * 40, "n" * 40
_KEYS: Final = f"new:{_NEW},old:{_OLD}"


def targets() -> Iterator[Target]:
    yield Target("token-file", _token_file, _token_files, (ValueError,), mutations.one)
    yield Target("token-header", _headers, _requests, (), mutated_parts)
    yield Target("client-token", _client_token, lambda: [b"tl_x", f"{_TOKEN}\n".encode()], (ValueError,))
    yield Target("tokens-command", _command, _commands, (), mutated_parts)
    yield Target("state-keys", _state_keys, _key_files, (BadInput,), mutations.one)
    yield Target("signed-state", _signed, _signed_states, (BadSnapshot,), mutated_parts)


# -- tokens ------------------------------------------------------------------------------------------------------------------


def _grants() -> list[Grant]:
    later = Grant("all", frozenset(("read", "predict")), digest("b"), 1_900_000_000.0)
    return [_GRANT, later, Grant("a", frozenset(("admin",)), digest("a"))]


@cache
def _token_files() -> list[bytes]:
    found = [b"tokens = []"]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("t.toml", "t.json"):
            write_tokens(Path(folder) / name, _grants())
            found.append((Path(folder) / name).read_bytes())
    return found


def _token_file(data: bytes) -> None:
    """What is read is written, and read again as the same; every grant answers what the front asks."""
    grants = parse(data, "tokens")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("t.toml" if len(data) % 2 else "t.json")
        write_tokens(path, grants)
        # The time of expiry is written to the second.
        if [(g.name, g.scopes, g.sha256) for g in read_tokens(path)] != [(g.name, g.scopes, g.sha256) for g in grants]:
            raise Finding("a token file that was read is another one when it is written")
    tokens = Tokens.of(grants)
    if tokens.grant("") is not None and digest("") not in data.decode("latin-1"):
        raise Finding("no token at all is let in")
    for grant in grants:
        tokens.still(grant)
        for what in ("reads", "predicts", "gallery", "admin"):
            grant.allowed(what)
        grant.reads_game("toy-1", "toy")


def _client_token(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "token"
        path.write_bytes(data)
        found = client_token({"T_FILE": str(path)}, "T")
    found.encode("utf-8")
    client_token({"T": data.decode("latin-1")}, "T")


@cache
def _door() -> tuple[asyncio.AbstractEventLoop, FrontDoor]:
    async def inside(scope: Any, receive: Any, send: Any) -> None:
        what = "" if scope["path"] in _PATHS[:1] else "admin" if scope["path"] == _PATHS[2] else "reads"
        if what and not scope[GRANT].allowed(what):
            raise Finding(f"{scope['path']} is reached without the scope that it needs")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    front = Front(Tokens.of([_GRANT]), host="stats.example.com", origins=("https://tv.example.com",), behind_proxy=True)
    front._requests = None  # the fuzzer is one client, and no rate is tried here
    return asyncio.new_event_loop(), FrontDoor(inside, front)


def _requests() -> list[bytes]:
    """Path and query, then headers."""
    token = _TOKEN.encode()
    return [
        joined([b"/api/games", b"authorization: Bearer " + token, b"host: stats.example.com"]),
        joined([b"/api/games?token=" + token + b"&a=b", b"x-forwarded-for: 1.2.3.4, 5.6.7.8", b"x-forwarded-proto: https"]),
        joined([b"/metrics", b"cookie: a=b; touchline_token=" + token, b"origin: https://tv.example.com", b"host: [::1]:80"]),
        joined([b"/health"]),
    ]


def _headers(data: bytes) -> None:
    """A request at the gateway's door: 2xx only where its path needs no token, or the right one was shown."""
    parts = parted(data)[:20] or [b"/"]
    path, _, query = parts[0].partition(b"?")
    headers = [(n.strip().lower(), v.strip()) for n, colon, v in (part.partition(b":") for part in parts[1:]) if colon]
    for _, value in headers:
        bearer(value.decode("latin-1"))
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "path": path.decode("latin-1"), "query_string": query,
        "headers": headers, "client": ("127.0.0.1", 1), "raw_path": path,
    }  # fmt: skip
    loop, door = _door()
    status: list[int] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
            for name, value in message["headers"]:
                if b"\n" in name + value or b"\r" in name + value:
                    raise Finding("a header of the answer has a line of its own")

    loop.run_until_complete(door(scope, receive, send))
    if status[-1:] not in ([200], [401], [403], [421], [429]):
        raise Finding(f"the answer has the status {status}")
    if status == [200] and path.decode("latin-1") in _PATHS[1:] and not _shown(query, headers):
        raise Finding("a path is reached without a token")


def _shown(query: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the token is anywhere in the request, however it is quoted."""
    from urllib.parse import unquote_plus

    text = b" ".join((query, *(value for _, value in headers))).decode("latin-1")
    return _TOKEN in text or _TOKEN in unquote_plus(text) or _TOKEN in text.replace("\\", "")


def _commands() -> list[bytes]:
    """A token file, then the words of the command line."""
    toml = _token_files()[1]
    return [
        joined([toml, b"list"]),
        joined([toml, b"new", b"--scope", b"sport:nfl", b"--name", b"obs-1", b"--days", b"3"]),
        joined([toml, b"revoke", b"truck"]),
        joined([b"", b"new", b"--scope", b"read"]),
    ]


def _command(data: bytes) -> None:
    """``touchline tokens``: it does what it is for, or ends with 2 and one sentence; the file can be read after it as before."""
    parts = parted(data)[:12] or [b""]
    words = [part.decode("utf-8", "replace").replace("\0", "") for part in parts[1:]]
    words = [word for word in words if not word.startswith("--t")]  # its own file only
    from streaming.cli.app import run

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.toml"
        path.write_bytes(parts[0])
        readable = _readable(path)
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["tokens", *words[:1], "--tokens", str(path), *words[1:]])
        if code not in (0, 2) or (code == 2 and not err.getvalue().strip()):
            raise Finding(f"touchline tokens ends with {code} and {err.getvalue()[:200]!r}")
        if code == 2 and path.read_bytes() != parts[0]:
            raise Finding("touchline tokens refuses, and has changed the file")
        if readable and not _readable(path):
            raise Finding("the token file cannot be read any more")


def _readable(path: Path) -> bool:
    try:
        read_tokens(path)
    except ValueError:
        return False
    return True


# -- signed state ------------------------------------------------------------------------------------------------------------


def _key_files() -> list[bytes]:
    return [_KEYS.encode(), _KEYS.replace(",", "\n").encode(), b""]


def _state_keys(data: bytes) -> None:
    """Keys that are accepted sign and open; a refusal shows no secret."""
    text = data.decode("utf-8", "replace")
    try:
        keys = signing.parse(text)
    except BadInput as error:
        if _OLD in str(error) or _NEW in str(error):
            raise Finding("a secret is in the refusal") from None
        raise
    sealed = keys.seal(b"state", b"place")
    if keys.open(sealed, b"place", "it") != b"state":
        raise Finding("what was signed is not what is opened")
    if keys.secrets and _opens(keys, sealed, b"other place"):
        raise Finding("a state is taken in another place")


def _opens(keys: signing.StateKeys, raw: bytes, where: bytes) -> bool:
    try:
        keys.open(raw, where, "it")
    except BadSnapshot:
        return False
    return True


@contextmanager
def _with_keys(text: str) -> Iterator[None]:
    before = {name: os.environ.pop(name, None) for name in (signing.VARIABLE, signing.FILE_VARIABLE)}
    os.environ[signing.VARIABLE] = text
    try:
        yield
    finally:
        del os.environ[signing.VARIABLE]
        os.environ.update({name: value for name, value in before.items() if value is not None})


@cache
def _signed_parts() -> tuple[tuple[bytes, ...], ...]:
    """(Progress, state of the game, snapshot of a session), signed with the new key and with the old one."""
    found = []
    for keys in (_KEYS, f"old:{_OLD}"):
        with _with_keys(keys):
            partition = Partition(0, "toy", toy.final_only)
            for offset, one in enumerate((GameStart(record=toy.game()), toy.track(1.0), toy.mark(1, 0.5))):
                partition.take(offset, b"toy-1", encode_feed(one), 1)
            stored = dict(partition.due(0.0, 0.0, 9))
            session = partition.sessions["toy-1"]
            found.append((partition.progress(), stored["toy-1"], session.snapshot()))
    return tuple(found)


def _signed_states() -> list[bytes]:
    return [joined(parts) for parts in _signed_parts()]


def _signed(data: bytes) -> None:
    """A process with keys believes what one of them signed, to the byte, and nothing else."""
    parts = [*parted(data)[:3], b"", b"", b""][:3]
    ours = {part for known in _signed_parts() for part in known}
    with _with_keys(_KEYS):
        session = GameSession("toy", "toy-1", toy.final_only)
        if parts[2]:
            session.restore(parts[2])
            if parts[2] not in ours:
                raise Finding("a snapshot is believed that nobody signed")
        partition = Partition(0, "toy", toy.final_only)
        partition.restore({PROGRESS: parts[0], "toy-1": parts[1]})
        if parts[0] not in ours or not _is_ours(parts[1]):
            raise Finding("a stored state is believed that nobody signed")


def _is_ours(stored: bytes) -> bool:
    """The envelope of a state is not signed: its offset is in the signature, and the time of the end says when it is dropped."""
    known = {tuple(msgspec.msgpack.decode(part[1])[:3]) for part in _signed_parts()}
    return tuple(msgspec.msgpack.decode(stored)[:3]) in known
