"""The closed front of the gateway: hosts, origins, tokens and their scopes, TLS, and the headers that protect a browser."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from models.serving.access import Grant, Tokens, new_token, write_tokens
from models.serving.front import Front
from models.serving.listener import tls_context
from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from tests.certificates import self_signed
from tests.streaming.web.conftest import ServedMatch
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.scripted_f1 import Racing
from tests.waiting import TIMEOUT_S, until

MADE = {
    name: new_token(name, [scope])
    for name, scope in {
        "all": "read", "soccer": "sport:soccer", "f1": "sport:f1", "match": "game:demo-1", "asks": "predict",
        "scrapes": "metrics", "admin": "admin",
    }.items()
}  # fmt: skip
TOKEN = {name: token for name, (token, _) in MADE.items()}


class Served(ServedMatch):
    def __init__(self, gateway: Gateway, match: ScriptedMatch, race: Any, tokens: Tokens | None) -> None:
        super().__init__(gateway, match)
        self.race, self.tokens = race, tokens

    def push_all(self) -> None:
        self.push()
        outputs, events = self.race.step()
        self.hub.write(outputs, self.race.record.t0_us)
        self.hub.report(events)


@pytest.fixture(scope="module")
def closed() -> Iterator[Served]:
    """A gateway with tokens, a soccer match and a race."""
    match, race, hub = ScriptedMatch(), Racing(), Hub()
    hub.attach(match.record, match.metrics)
    hub.attach(race.record)
    tokens = Tokens.of([grant for _, grant in MADE.values()])
    with Gateway(hub, port=0, front=Front(tokens, origins=["https://graphics.example.com"])) as gateway:
        served = Served(gateway, match, race, tokens)
        served.push_all()
        yield served


def ask(served: ServedMatch, path: str, method: str = "GET", token: str = "", **headers: str) -> tuple[int, Any, dict[str, str]]:
    line = http.client.HTTPConnection("127.0.0.1", served.gateway.port, timeout=TIMEOUT_S)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    line.request(method, path, headers=sent)
    answer = line.getresponse()
    raw = answer.read()
    line.close()
    kind = answer.headers.get("content-type", "")
    return answer.status, json.loads(raw) if "json" in kind else raw, {k.lower(): v for k, v in answer.headers.items()}


def exhaust(client: Any) -> None:
    while True:
        client.recv(timeout=TIMEOUT_S)


def kinds(client: Any, count: int) -> list[dict[str, Any]]:
    return [json.loads(client.recv(timeout=TIMEOUT_S)) for _ in range(count)]


# -- hosts and origins ----------------------------------------------------------------------------------------------


def test_host_that_is_not_ours_is_421(shared_served: ServedMatch) -> None:
    for path in ("/", "/api/games", "/static/js/dom.js", "/sse?topics=stats.%23", "/metrics"):
        status, body, headers = ask(shared_served, path, host="evil.example")
        assert (status, "evil.example" in body["error"]) == (421, True), path
        assert "content-security-policy" in headers
    assert ask(shared_served, "/health", host="evil.example")[0] == 200, "a probe asks by any name"
    with pytest.raises(InvalidStatus) as refused, connect(shared_served.ws, additional_headers={"Host": "evil.example"}):
        pass
    assert refused.value.response.status_code == 421


def test_origin_that_is_not_ours_reads_nothing(shared_served: ServedMatch) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1", "http://["):
        with pytest.raises(InvalidStatus) as refused, connect(f"{shared_served.ws}?topics=stats.%23", origin=origin):  # type: ignore[arg-type]
            pass
        assert refused.value.response.status_code == 403
        assert b"--allowed-origin" in (refused.value.response.body or b"")
        assert ask(shared_served, "/sse?topics=stats.%23", origin=origin)[0] == 403
        assert ask(shared_served, "/api/games", "POST", origin=origin)[0] == 403
        assert "access-control-allow-origin" not in ask(shared_served, "/api/games", origin=origin)[2], (
            "a browser shows it to nobody"
        )
    own = shared_served.url
    with connect(f"{shared_served.ws}?topics=stats.%23", origin=own):  # type: ignore[arg-type]
        pass
    for path in ("/ograf/tower.mjs", "/static/js/ograf.js", "/graphics/tower"):
        assert ask(shared_served, path, origin="https://evil.example")[2]["access-control-allow-origin"] == "*", (
            "the same for everybody"
        )


def test_listed_origin_reads(closed: Served) -> None:
    origin = "https://graphics.example.com"
    status, _, headers = ask(closed, "/api/games", token=TOKEN["all"], origin=origin)
    assert (status, headers["access-control-allow-origin"], headers["vary"]) == (200, origin, "origin")
    status, _, headers = ask(
        closed, "/api/games", "OPTIONS", origin=origin, access_control_request_method="GET", token=TOKEN["all"]
    )
    assert status == 204
    assert "authorization" in headers["access-control-allow-headers"]
    with connect(f"{closed.ws}?topics=stats.%23&token={TOKEN['all']}", origin=origin):  # type: ignore[arg-type]
        pass


# -- tokens ---------------------------------------------------------------------------------------------------------

OPEN = ("/health", "/static/js/dom.js", "/static/icon.svg", "/ograf/tower.mjs", "/ograf/tower.ograf.json")
READS = (
    "/",
    "/catalogue",
    "/graphics/tower",
    "/api/games",
    "/api/catalogue/soccer",
    "/api/graphics",
    "/asyncapi.json",
    "/api/schemas",
)
ADMIN = ("/operator", "/metrics", "/api/operators", "/api/recordings")


def test_what_is_open_without_a_token(closed: Served) -> None:
    for path in OPEN:
        assert ask(closed, path)[0] == 200, path
    for path in (*READS, *ADMIN, "/nowhere", "/sse?topics=stats.%23", "/api/games/demo-1"):
        status, body, headers = ask(closed, path)
        assert (status, headers.get("www-authenticate")) == (401, "Bearer"), path
        assert "a token is needed" in body["error"]
        assert ask(closed, path, token="tl_wrong")[0] in (401, 429)
    with pytest.raises(InvalidStatus) as refused, connect(f"{closed.ws}?topics=stats.%23"):
        pass
    assert refused.value.response.status_code == 401


def test_scopes_open_paths(closed: Served) -> None:
    for path in READS:
        for name in ("all", "soccer", "match", "admin"):
            assert ask(closed, path, token=TOKEN[name])[0] == 200, (path, name)
        status, body, _ = ask(closed, path, token=TOKEN["asks"])
        assert (status, "lacks the scope" in body["error"]) == (403, True), path
    for path in ADMIN:
        assert ask(closed, path, token=TOKEN["admin"])[0] == 200, path
        scope = "metrics" if path == "/metrics" else "admin"
        for name in ("all", "soccer", "match", "asks"):
            status, body, _ = ask(closed, path, token=TOKEN[name])
            assert (status, f"scope {scope}" in body["error"]) == (403, True), (path, name)
    assert [ask(closed, path, token=TOKEN["scrapes"])[0] for path in ADMIN] == [403, 200, 403, 403]
    assert ask(closed, "/api/games", token=TOKEN["scrapes"])[0] == 403


def test_games_are_those_of_the_token(closed: Served) -> None:
    race = closed.race.record.game

    def seen(name: str) -> set[str]:
        return {g["game"] for g in ask(closed, "/api/games", token=TOKEN[name])[1]}

    assert seen("all") == seen("admin") == {"demo-1", race}
    assert seen("soccer") == seen("match") == {"demo-1"}
    assert seen("f1") == {race}
    for rest in ("", "/latest", "/moments", "/history", "/events"):
        assert ask(closed, f"/api/games/demo-1{rest}", token=TOKEN["match"])[0] == 200
        for game in ("demo-1", "no-such-game"):
            status, body, _ = ask(closed, f"/api/games/{game}{rest}", token=TOKEN["f1"])
            assert (status, body["error"]) == (403, f"this token may not read the game '{game}'"), "nor learn whether there is one"


def test_subscription_outside_the_scope_is_refused_by_name(closed: Served) -> None:
    for name, query, sentence in (
        ("soccer", "topics=stats.f1.car.*", "this token may not read stats.f1.car.*: it covers sport:soccer"),
        ("match", "topics=events.f1.%23", "this token may not read events.f1.#: it covers game:demo-1"),
        ("f1", "topics=stats.%23&game=demo-1", "this token may not read the game 'demo-1'"),
        ("f1", "topics=stats.%23&game=nothing", "this token may not read the game 'nothing'"),
    ):
        status, body, _ = ask(closed, f"/sse?{query}", token=TOKEN[name])
        assert (status, body["error"]) == (403, sentence)
        with pytest.raises(InvalidStatus) as refused, connect(f"{closed.ws}?{query}&token={TOKEN[name]}"):
            pass
        assert refused.value.response.status_code == 403
    with connect(f"{closed.ws}?token={TOKEN['soccer']}") as client:
        client.send('{"topics": ["stats.f1.*"]}')
        (problem,) = kinds(client, 1)
        assert problem == {"kind": "problem", "error": "this token may not read stats.f1.*: it covers sport:soccer"}
        client.send('{"topics": ["stats.soccer.match.score"]}')
        assert kinds(client, 1)[0]["kind"] == "game", "the connection goes on"


@pytest.mark.parametrize(("name", "other"), [("soccer", "f1"), ("match", "f1"), ("f1", "soccer")])
def test_wildcards_bring_only_the_games_of_the_token(closed: Served, name: str, other: str) -> None:
    hidden = closed.race.record.game if other == "f1" else "demo-1"
    with (
        connect(f"{closed.ws}?topics=%23&token={TOKEN[name]}") as client,
        connect(f"{closed.ws}?topics=%23&token={TOKEN['all']}") as sees,
    ):
        until(lambda: closed.hub.subscribers()["websocket"] >= 2)
        for _ in range(3):
            closed.push_all()
        games_all, games = set(), set()
        while games_all != {"demo-1", closed.race.record.game}:
            message = json.loads(sees.recv(timeout=TIMEOUT_S))
            games_all.add(message.get("game") or message["record"]["game"])
        closed.push_all()
        for _ in range(4):
            message = json.loads(client.recv(timeout=TIMEOUT_S))
            games.add(message.get("game") or message["record"]["game"])
    assert games
    assert hidden not in games


def test_token_in_the_address_becomes_a_cookie_and_is_in_no_log(closed: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        status, page, headers = ask(closed, f"/?game=demo-1&token={TOKEN['soccer']}")
        assert status == 200
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Secure" not in cookie
        assert headers["referrer-policy"] == "no-referrer"
        assert [g["game"] for g in ask(closed, "/api/games", cookie=cookie.partition(";")[0])[1]] == ["demo-1"]
        assert ask(closed, "/api/games", cookie="touchline_token=wrong")[0] in (401, 429)
        assert ask(closed, "/api/games", cookie="touchline_token")[0] == 401
        document = ask(closed, f"/ograf/tower.mjs?token={TOKEN['soccer']}")[1]
    assert TOKEN["soccer"].encode() not in page + document
    assert TOKEN["soccer"] not in caplog.text
    assert "set-cookie" not in ask(closed, "/api/games", token=TOKEN["soccer"])[2]
    encoded = f"/api/games?t%6Fken={TOKEN['soccer']}"
    assert ask(closed, encoded)[0] == 200, "however it is spelled"


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not() -> None:
    hub = Hub()
    with Gateway(hub, port=0, front=Front(Tokens.of([MADE["all"][1]]))) as gateway:
        served = ServedMatch(gateway, ScriptedMatch())
        answers = [ask(served, "/api/games", token=f"tl_{n}") for n in range(30)]
        assert [a[0] for a in answers[:20]] == [401] * 20
        assert answers[-1][0] == 429
        assert answers[-1][2]["retry-after"] == "1"
        assert ask(served, "/api/games", token=TOKEN["all"])[0] == 200


def test_requests_beyond_the_rate_are_429(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.serving.front.MOST_REQUESTS_AT_ONCE", 3)
    with Gateway(Hub(), port=0, front=Front(requests_per_s=0.001)) as gateway:
        served = ServedMatch(gateway, ScriptedMatch())
        assert [ask(served, "/health")[0] for _ in range(5)] == [200, 200, 200, 429, 429]


def test_subscriptions_of_a_token_end_when_it_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.gateway.TOKEN_CHECK_S", 0.05)
    monkeypatch.setattr("models.serving.access.CHECK_S", 0.0)
    monkeypatch.setattr("models.serving.access.SETTLED_S", 0.0)
    path = tmp_path / "tokens.toml"
    write_tokens(path, [MADE["all"][1], MADE["soccer"][1]])
    match, hub = ScriptedMatch(), Hub()
    hub.attach(match.record, match.metrics)
    with Gateway(hub, port=0, front=Front(Tokens(path))) as gateway:
        served = ServedMatch(gateway, match)
        with (
            connect(f"{served.ws}?topics=stats.%23&token={TOKEN['all']}") as taken,
            connect(f"{served.ws}?topics=stats.%23&token={TOKEN['soccer']}") as kept,
        ):
            line = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT_S)
            line.request("GET", f"/sse?topics=stats.%23&token={TOKEN['all']}")
            stream = line.getresponse()
            until(lambda: sum(hub.subscribers().values()) == 3)
            write_tokens(path, [MADE["soccer"][1]])
            until(lambda: sum(hub.subscribers().values()) == 1)
            with pytest.raises(ConnectionClosed):
                exhaust(taken)
            assert (taken.protocol.close_code, "taken back" in str(taken.protocol.close_reason)) == (1008, True)
            stream.read()  # ends
            served.push()
            assert json.loads(kept.recv(timeout=TIMEOUT_S))["kind"] == "game"
        assert ask(served, "/api/games", token=TOKEN["all"])[0] == 401


def test_connection_of_a_revoked_token_subscribes_to_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens.of([MADE["all"][1]])
    with (
        Gateway(Hub(), port=0, front=Front(tokens)) as gateway,
        connect(f"ws://127.0.0.1:{gateway.port}/ws?token={TOKEN['all']}") as client,
    ):
        tokens._take([])
        client.send('{"topics": ["stats.#"]}')
        with pytest.raises(ConnectionClosed):
            exhaust(client)
        assert client.protocol.close_code == 1008


# -- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(certificate: tuple[Path, Path]) -> Iterator[Gateway]:
    match, hub = ScriptedMatch(), Hub()
    hub.attach(match.record, match.metrics)
    front = Front(Tokens.of([MADE["all"][1]]), tls=tls_context(*certificate))
    with Gateway(hub, port=0, front=front) as gateway:
        hub.write(match.step()[0], match.t0_us)
        yield gateway


def test_gateway_speaks_tls(secured: Gateway, certificate: tuple[Path, Path]) -> None:
    assert secured.url.startswith("https://")
    trusts = ssl.create_default_context(cafile=str(certificate[0]))
    line = http.client.HTTPSConnection("127.0.0.1", secured.port, timeout=TIMEOUT_S, context=trusts)
    line.request("GET", f"/?token={TOKEN['all']}")
    answer = line.getresponse()
    assert answer.status == 200
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]
    line.close()

    async def first_message() -> Any:
        # not the client of threads: two of them on one TLS connection lose a request now and then
        address = f"wss://localhost:{secured.port}/ws?topics=stats.%23&token={TOKEN['all']}"
        async with asyncio.timeout(TIMEOUT_S), connect_async(address, ssl=trusts) as client:
            return json.loads(await client.recv())

    assert asyncio.run(first_message())["kind"] == "game"


def test_tls_is_1_2_or_newer(secured: Gateway, certificate: tuple[Path, Path]) -> None:
    assert tls_context(*certificate).minimum_version == ssl.TLSVersion.TLSv1_2
    trusts = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        socket.create_connection(("127.0.0.1", secured.port), TIMEOUT_S) as sock,
        trusts.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        assert wrapped.version() in ("TLSv1.2", "TLSv1.3")


def test_sockets_without_a_handshake_are_counted_and_end(secured: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.serving.listener.HANDSHAKE_S", 0.3)
    idle = [socket.create_connection(("127.0.0.1", secured.port), TIMEOUT_S) for _ in range(10)]
    until(lambda: len(secured.door.inside) >= 10)
    until(lambda: not secured.door.inside)
    plain = socket.create_connection(("127.0.0.1", secured.port), TIMEOUT_S)
    plain.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert not plain.recv(100).startswith(b"HTTP"), "no answer in the clear"
    for sock in (*idle, plain):
        sock.close()


def test_certificate_that_is_none_is_one_sentence(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for pair, word in (
        ((tmp_path / "none.pem", certificate[1]), "cannot read"),
        ((certificate[0], tmp_path / "none.pem"), "cannot read"),
        ((empty, certificate[1]), "no certificate and its private key"),
        ((certificate[0], certificate[0]), "no certificate and its private key"),
    ):
        with pytest.raises(ValueError, match=word):
            tls_context(*pair)


def test_behind_a_proxy_the_scheme_and_client_are_those_it_names() -> None:
    front = Front(Tokens.of([MADE["all"][1]]), host="0.0.0.0", hosts=["stats.example.com"], behind_proxy=True)
    with Gateway(Hub(), port=0, front=front) as gateway:
        served = ServedMatch(gateway, ScriptedMatch())
        named = {"host": "stats.example.com", "x_forwarded_proto": "https", "x_forwarded_for": "9.9.9.9, 203.0.113.5"}
        status, _, headers = ask(served, f"/?token={TOKEN['all']}", **named)
        assert (status, "Secure" in headers["set-cookie"]) == (200, True)
        document = ask(served, "/ograf/tower.ograf.json", token=TOKEN["all"], **named)[1]
        assert document["schema"]["properties"]["gateway"]["default"] == "https://stats.example.com"


# -- headers --------------------------------------------------------------------------------------------------------


def test_headers_of_every_kind_of_answer(shared_served: ServedMatch) -> None:
    paths = [
        "/",
        "/operator",
        "/catalogue",
        "/graphics/tower",
        "/api/games",
        "/nowhere",
        "/static/js/dom.js",
        "/metrics",
        "/health",
    ]
    for path in paths:
        headers = ask(shared_served, path)[2]
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy, path
        assert "data:" not in policy.replace("img-src 'self' data:", ""), path
        for part in ("script-src 'self';", "style-src 'self';", "object-src 'none'", "base-uri 'none'", "form-action 'none'"):
            assert part in policy, (path, part)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        if path.startswith("/graphics/"):
            assert "frame-ancestors" not in policy, "a renderer frames it"
        else:
            assert policy.endswith("frame-ancestors 'self'" if path in ("/", "/catalogue") else "frame-ancestors 'none'"), path


def test_no_page_has_a_script_or_style_of_its_own() -> None:
    static = Path(__file__).parents[3] / "streaming" / "web" / "static"
    pages = [*static.glob("*.html"), *static.glob("graphics/*.html")]
    assert len(pages) > 8
    for page in pages:
        text = page.read_text()
        for forbidden in (" style=", "<style", "<script>", " onclick=", " onload=", "javascript:"):
            assert forbidden not in text, (page.name, forbidden)
    for script in static.glob("js/**/*.js"):
        text = script.read_text()
        for forbidden in (
            "innerHTML",
            "insertAdjacentHTML",
            "outerHTML",
            "document.write",
            "eval(",
            "new Function",
            'setAttribute("style"',
        ):
            assert forbidden not in text, (script.name, forbidden)


def test_refusals_are_metrics(closed: Served) -> None:
    def count(status: int) -> float:
        text = ask(closed, "/metrics", token=TOKEN["admin"])[1].decode()
        found = [
            line for line in text.splitlines() if line.startswith(f'touchline_gateway_refused_requests_total{{status="{status}"}}')
        ]
        assert "touchline_gateway_connections " in text
        assert "touchline_gateway_refused_connections_total " in text
        return float(found[0].split()[-1]) if found else 0.0

    ask(closed, "/api/games")
    until(lambda: count(401) >= 1.0)  # what is shown is a few seconds old at most


def test_unscoped_grant_reads_nothing() -> None:
    nothing = Grant("", frozenset())
    assert not nothing.reads
    assert not nothing.admin
    assert not nothing.reads_game("g", "soccer")
