"""The gateway's front door as ASGI middleware: host, origin, rate and token of every request, and the headers of every answer.

A token arrives as ``Authorization: Bearer``, as the query's ``token`` (for browsers and OBS), or as the cookie that a page opened
with ``?token=`` sets. The query's token goes no further than this: it is in no log, and no page sends a referrer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from models.serving.access import ANYBODY, Grant
from models.serving.front import Front, bearer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE: Final = "touchline_token"
GRANT: Final = "touchline.grant"

#: probes, which say nothing of any game, and answer to any name since a cluster asks by address
PROBES: Final = ("/health", "/ready", "/live")
#: files of the package and of installed graphics, which are the same for everybody
FILES: Final = ("/static/", "/ograf/")
ADMIN: Final = ("/operator", "/api/operators", "/api/recordings")
METRICS: Final = "/metrics"

#: a page runs its own scripts and styles, from files; nothing else
_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src {connect}; "
    "object-src 'none'; worker-src 'none'; base-uri 'none'; form-action 'none'"
)


def grant_of(scope: Scope) -> Grant:
    """What the token of this request allows."""
    grant: Grant = scope.get(GRANT, ANYBODY)
    return grant


def needed(path: str) -> str:
    """What a path asks of a grant: "" nothing, ``reads``, ``metrics`` or ``admin``."""
    if path == METRICS:
        return "metrics"
    if path in PROBES or path.startswith(FILES) or is_part(path):
        return ""
    return "admin" if any(path == p or path.startswith(f"{p}/") for p in ADMIN) else "reads"


def is_part(path: str) -> bool:
    """Whether it is a script, style or picture beside the page of an installed graphic."""
    return path.startswith("/graphics/") and path.count("/") == 3


class FrontDoor:
    """Refuses what does not belong here, and adds the headers that protect a browser."""

    def __init__(self, app: App, front: Front) -> None:
        self.app, self.front = app, front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = _headers(scope)
        token = self._prepare(scope, headers)
        host, origin, path = headers.get(b"host", ""), headers.get(b"origin", ""), scope["path"]
        extra = self._answer_headers(scope, host, origin)
        with_headers = _adding(send, extra) if scope["type"] == "http" else send
        refusal = self._check(scope, token, host, origin, path)
        if refusal is not None:
            self.front.refused[refusal[0]] += 1
            await _refuse(scope, receive, send, *refusal, extra)
            return
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and origin and self.front.foreign_allowed(origin):
            await with_headers({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await with_headers({"type": "http.response.body", "body": b""})
            return
        if scope["type"] == "http" and token.in_query and self.front.tokens is not None:
            extra.append((b"set-cookie", _cookie(token.text, secure=scope.get("scheme") == "https")))
        await self.app(scope, receive, with_headers)

    def _prepare(self, scope: Scope, headers: dict[bytes, str]) -> _Token:
        """Take the token out of the request, and behind a proxy, the client's address and scheme from its headers."""
        if self.front.behind_proxy:
            address = (scope.get("client") or ("", 0))[0]
            scope["client"] = (self.front.client(address, headers.get(b"x-forwarded-for", "")), 0)
            if headers.get(b"x-forwarded-proto", "").lower() == "https":
                scope["scheme"] = "https" if scope["type"] == "http" else "wss"
        query, in_query = _without_token(scope.get("query_string", b""))
        if in_query is not None:
            scope["query_string"] = query
        text = bearer(headers.get(b"authorization", "")) or in_query or _cookie_token(headers.get(b"cookie", ""))
        return _Token(text, bool(in_query) and text == in_query)

    def _check(
        self, scope: Scope, token: _Token, host: str, origin: str, path: str
    ) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        front, client = self.front, front_client(self.front, scope)
        if path not in PROBES and not front.host_allowed(host):
            return 421, f"this server is not {host[:80]!r}: --allowed-host names the hosts it answers to", []
        reads_only = scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS") and path != "/sse"
        if not reads_only and not front.origin_allowed(origin, host):
            return 403, f"pages of {origin[:80]!r} may not read here: --allowed-origin names those that may", []
        grant = front.grant(token.text, client)
        if grant is None and token.text and not front.failed(client):
            return 429, "too many wrong tokens: try again later", _RETRY
        if not front.within_rate(grant, client):
            return 429, "too many requests: try again later", _RETRY
        what = needed(path)
        if what and grant is None:
            why = "the token is unknown or has expired" if token.text else "a token is needed (Authorization: Bearer, or ?token=)"
            return 401, why, [(b"www-authenticate", b"Bearer")]
        if what and grant is not None and not grant.allowed(what):
            scopes = "read, sport:NAME or game:ID" if what == "reads" else what
            return 403, f"this token may not open {path[:80]}: it lacks the scope {scopes}", []
        scope[GRANT] = grant or Grant("", frozenset())
        return None

    def _answer_headers(self, scope: Scope, host: str, origin: str) -> list[tuple[bytes, bytes]]:
        if scope["type"] != "http":
            return []
        path: str = scope["path"]
        connect = "'self'"
        if host and self.front.host_allowed(host):  # browsers inside playout machines may not count ws: as 'self'
            connect += f" ws://{host} wss://{host}"
        policy = _POLICY.format(connect=connect)
        # A graphic goes into other people's pages: an OGraf renderer frames it, perhaps from a file, which even * would not match.
        graphic = path.startswith("/graphics/")
        ancestors = "'self'" if path in ("/", "/catalogue") else "'none'"
        if not graphic:
            policy += f"; frame-ancestors {ancestors}"
        found = [
            (b"content-security-policy", policy.encode("latin-1")),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]
        if not graphic:
            found.append((b"x-frame-options", b"SAMEORIGIN" if ancestors == "'self'" else b"DENY"))
        if path.startswith(FILES) or graphic:
            found.append((b"access-control-allow-origin", b"*"))  # a renderer of another origin loads them as modules
        elif origin and self.front.foreign_allowed(origin):
            found += [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
        if scope.get("scheme") == "https":
            found.append((b"strict-transport-security", b"max-age=31536000"))
        return found


class _Token(msgspec.Struct, frozen=True):
    text: str
    in_query: bool = False


_RETRY: Final = [(b"retry-after", b"1")]
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"GET"),
    (b"access-control-allow-headers", b"authorization, last-event-id"),
    (b"access-control-max-age", b"600"),
]


def front_client(front: Front, scope: Scope) -> str:
    """Whom a request counts for."""
    return front.client((scope.get("client") or ("", 0))[0])


def _headers(scope: Scope) -> dict[bytes, str]:
    """The headers by name; where one is repeated, its values joined by commas."""
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _without_token(query: bytes) -> tuple[bytes, str | None]:
    """The query string without its ``token``, and the token; None where there is none."""
    if b"token" not in query and b"%" not in query:
        return query, None
    kept, token = [], None
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == "token":
            token = unquote_plus(value.decode("latin-1"))
        else:
            kept.append(part)
    return b"&".join(kept), token


def _cookie_token(header: str) -> str:
    if COOKIE not in header:
        return ""
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else unquote_plus(found.value)


def _cookie(token: str, *, secure: bool) -> bytes:
    return f"{COOKIE}={quote_plus(token)}; Path=/; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}".encode("latin-1")


def _adding(send: Send, extra: list[tuple[bytes, bytes]]) -> Send:
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *extra]
        await send(message)

    return with_headers


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    sentence: str,
    more: list[tuple[bytes, bytes]],
    extra: list[tuple[bytes, bytes]],
) -> None:
    """One sentence and its status, before a WebSocket is one too."""
    kind = "http" if scope["type"] == "http" else "websocket.http"
    if kind != "http":
        await receive()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *more, *extra]
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": msgspec.json.encode({"error": sentence})})
