"""Real Chromium reports no violation of the policy on any page or graphic, with tokens and without, and runs nothing that a name
brings along; a graphic works in the frame of a renderer of another origin, where no cookie reaches it."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from models.serving.access import Tokens, new_token
from models.serving.front import Front
from streaming.web.gateway import Gateway
from streaming.web.graphics import graphics
from streaming.web.hub import Hub
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.scripted_sports import GAMES
from tests.streaming.web.test_browser import browser, until
from tests.streaming.web.test_sports import RunningGames
from tests.waiting import TIMEOUT_MS

__all__ = ["browser"]
pytestmark = pytest.mark.browser

ADMIN, READ = (new_token(name, [scope]) for name, scope in (("admin", "admin"), ("obs", "read")))
MARKUP = "<img src=x onerror=document.title='scripted'><script>document.title='scripted'</script>"


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    """Every sport, behind tokens; the soccer match has markup for a title."""
    hub = Hub()
    games = RunningGames(hub, (ScriptedMatch, *GAMES.values()))
    match = games.games[0]
    hub.attach(msgspec.structs.replace(match.record, title=MARKUP), match.metrics)
    games.start()
    with Gateway(hub, port=0, front=Front(Tokens.of([ADMIN[1], READ[1]]))) as gateway:
        yield gateway
        games.over.set()
        games.join()


def watched(browser: Any, **options: Any) -> tuple[Any, list[str]]:
    page = browser.new_page(viewport={"width": 1920, "height": 1080}, **options)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("console", lambda said: faults.append(f"{said.type}: {said.text}") if said.type in ("error", "warning") else None)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error(`violation of ${e.violatedDirective}: ${e.blockedURI}`))"
    )
    return page, faults


def addresses() -> list[str]:
    sports = [f"/?game={kind(t0_us=0).record.game}" for kind in (ScriptedMatch, *GAMES.values())]
    return [*sports, "/operator", "/catalogue", *(f"/graphics/{name}" for name in sorted(graphics()))]


@pytest.mark.parametrize("address", addresses())
def test_page_violates_no_policy(browser: Any, running: Gateway, address: str) -> None:
    page, faults = watched(browser)
    token = ADMIN[0] if address == "/operator" else READ[0]
    page.goto(f"{running.url}{address}{'&' if '?' in address else '?'}token={token}")
    if address.startswith("/?"):
        page.wait_for_selector("#state.on", timeout=TIMEOUT_MS)
    elif address == "/operator":
        page.wait_for_selector("#state.on, #steps tr", timeout=TIMEOUT_MS)
    elif address == "/catalogue":
        page.wait_for_selector("#graphics tr", timeout=TIMEOUT_MS)
    page.wait_for_timeout(1_500)
    assert faults == []
    assert page.title() != "scripted"
    page.close()


def test_links_of_a_page_work_by_the_cookie(browser: Any, running: Gateway) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{running.url}/?token={ADMIN[0]}")
    page.wait_for_selector("#state.on", timeout=TIMEOUT_MS)
    page.click("a[href='/operator']")
    page.wait_for_selector("#steps tr", timeout=TIMEOUT_MS)
    assert ADMIN[0] not in page.url
    assert page.evaluate("document.cookie") == "", "no script reads it"
    context.close()


def test_policy_stops_what_a_page_must_not_do(browser: Any, running: Gateway) -> None:
    """The test of the tests: a violation is seen, and nothing of another's runs."""
    page, faults = watched(browser)
    page.goto(f"{running.url}/?token={READ[0]}")
    page.evaluate(
        """() => {
          const script = document.createElement('script'), box = document.createElement('div');
          script.textContent = "document.title = 'scripted'";
          document.head.append(script);
          box.setAttribute('style', 'color: red');
          document.body.append(box);
        }"""
    )
    page.wait_for_timeout(300)
    assert page.title() != "scripted"
    assert any("script-src" in fault for fault in faults)
    assert any("style-src" in fault for fault in faults)
    page.close()


class Renderer(http.server.BaseHTTPRequestHandler):
    """A page of another site."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><body></body>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def renderer() -> Iterator[str]:
    """The address of a page of another site than 127.0.0.1: its frames get no cookie of ours."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Renderer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_graphic_works_in_a_renderer_of_another_site(browser: Any, running: Gateway, renderer: str) -> None:
    page, faults = watched(browser)
    page.goto(renderer)
    answer = page.evaluate(
        """async ([manifest, data]) => {
          const found = await (await fetch(manifest)).json();
          customElements.define('a-graphic', (await import(new URL(found.main, manifest))).default);
          window.graphic = document.createElement('a-graphic');
          document.body.append(graphic);
          const loaded = await graphic.load({ data, renderType: 'realtime' });
          return [loaded, await graphic.playAction({}), Object.keys(found.schema.properties)];
        }""",
        [f"{running.url}/ograf/tower.ograf.json", {"token": READ[0], "sport": "f1"}],
    )
    assert [part["statusCode"] for part in answer[:2]] == [200, 200]
    assert "token" in answer[2]
    page.frames[1].locator(".tower-row").first.wait_for(timeout=TIMEOUT_MS)
    assert faults == []
    page.close()


def test_other_pages_cannot_frame_the_operator_page(browser: Any, running: Gateway, renderer: str) -> None:
    page, faults = watched(browser)
    page.goto(renderer)
    page.evaluate(
        "(url) => { const f = document.createElement('iframe'); f.src = url; document.body.append(f); }",
        f"{running.url}/operator?token={ADMIN[0]}",
    )
    end = time.monotonic() + 60
    while not any("frame-ancestors" in fault for fault in faults) and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert any("frame-ancestors" in fault for fault in faults), faults
    assert until(page, "document.querySelectorAll('iframe').length === 1")
    page.close()
