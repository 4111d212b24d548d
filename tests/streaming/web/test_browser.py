"""Real Chromium looks at the real pages: a shot's graphic appears with the right xGoals; the line comes back by itself."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from tests.streaming.web.conftest import ServedMatch
from tests.streaming.web.scripted import HOP_S, ScriptedMatch
from tests.waiting import TIMEOUT_MS, TIMEOUT_S

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium is installed, and CI must not skip the browser tests")
        pytest.skip("no Chromium is installed: infra/chromium.sh says how to get it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


def until(page, expression: str, seconds: float = TIMEOUT_S):  # type: ignore[no-untyped-def]
    """The value of ``expression`` in the page once it is true. (The page forbids ``eval``, so that Playwright cannot wait for it.)

    What belongs together is read in one expression: between two a graphic may have left the page.
    """
    end = time.monotonic() + seconds
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < end, f"{expression} did not come true"
        page.wait_for_timeout(50)
    return value


#: the card of a named shooter in one look: value, unit, team, its reasons, whether the field marks the shot
CARD = """(() => {
  const third = [...document.querySelectorAll('.third')].find((card) => card.innerText.includes('%s'));
  const text = (selector) => third.querySelector(selector).innerText;
  return third && [text('.value b'), text('.value span'), text('.identity span'),
    third.querySelectorAll('.why .up, .why .dn').length, touchline.field.shotNow !== null];
})()"""


class Player(threading.Thread):
    """Plays the scripted match into a hub in real time, without shots of its own."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(daemon=True)
        self.hub, self.match = hub, ScriptedMatch(t0_us=time.time_ns() // 1000, shot_every=10**9)
        self.over, self.lock = threading.Event(), threading.Lock()
        hub.attach(self.match.record, self.match.metrics)

    def run(self) -> None:
        while not self.over.wait(HOP_S):
            with self.lock:
                self.hub.write(self.match.step()[0], time.time_ns() // 1000)

    def shoot(self, shooter: int, quality: str = "final") -> float:
        """A shot now; returns its xGoals."""
        with self.lock:
            match = self.match
            end_us = match.t0_us + round(match.k * HOP_S * 1e6)
            blocks, event = match.shot(end_us, match.xyz(match.k * HOP_S), shooter, quality)
            self.hub.write(blocks, time.time_ns() // 1000)
            self.hub.report([event])
            return float(blocks[0].values[0][0])  # type: ignore[union-attr]


@pytest.fixture
def player(served: ServedMatch) -> Iterator[Player]:
    served.hub.games.clear()
    thread = Player(served.hub)
    thread.start()
    yield thread
    thread.over.set()
    thread.join()


def test_live_page_after_a_shot_shows_its_card_with_xgoals(browser, served: ServedMatch, player: Player) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda r: faults.append(f"fetched {r.url}") if not r.url.startswith(served.url) else None)
    page.goto(served.url)
    page.wait_for_selector("#state.on", timeout=TIMEOUT_MS)
    assert page.locator("#home-short").inner_text() == "HAR"
    assert page.locator(".third").count() == 0
    page.evaluate("touchline.lower.seconds = 3")
    for shooter, name, team in ((9, "Salazar", "Harbour City"), (20, "Keane", "Northgate")):
        xgoals = player.shoot(shooter)
        value, unit, who, reasons, marked = until(page, CARD % name)
        assert (value, unit) == (f"{xgoals:.2f}", "xGoals")
        assert who.startswith(team)
        assert reasons == 4
        assert marked, "the shot is on the field too"
    until(page, "document.querySelector('#home-goals').textContent === '1'")
    before = page.evaluate("touchline.playback.head")
    until(page, f"touchline.playback.head > {before} + 0.5")
    assert page.evaluate("Number.isFinite(touchline.playback.at(touchline.playback.head)[0])")
    player.over.set()
    page.wait_for_selector("#state.quiet", timeout=TIMEOUT_MS)
    page.wait_for_selector("section.block.old", timeout=TIMEOUT_MS)
    assert faults == []
    page.close()


def test_lower_third_corrects_a_provisional_value_and_shows_nothing_old(  # type: ignore[no-untyped-def]
    browser, served: ServedMatch, player: Player
) -> None:
    player.shoot(3)
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(f"{served.url}/graphics/lower-third?seconds=30")
    deadline = time.monotonic() + TIMEOUT_S
    while served.hub.subscribers()["websocket"] < 1 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    player.shoot(4, "provisional")
    page.wait_for_selector(".third.provisional", timeout=TIMEOUT_MS)
    assert page.locator(".third").inner_text().startswith("5\nMoreau")
    player.match.shots -= 1
    final = player.shoot(4)
    page.wait_for_selector(".third:not(.provisional)", timeout=TIMEOUT_MS)
    assert page.locator(".third .value b").inner_text() == f"{final:.2f}"
    assert page.locator(".third").count() == 1
    page.close()


def test_live_page_reconnects_after_the_gateway_restarted(browser, served: ServedMatch, player: Player) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(served.url)
    page.wait_for_selector("#state.on", timeout=TIMEOUT_MS)
    served.gateway.stop()
    page.wait_for_selector("#state.down", timeout=TIMEOUT_MS)
    with Gateway(served.hub, port=served.gateway.port):
        page.wait_for_selector("#state.on", timeout=TIMEOUT_MS)
        xgoals = player.shoot(5)
        page.locator(".third .value b").wait_for(timeout=TIMEOUT_MS)
        assert page.locator(".third .value b").inner_text() == f"{xgoals:.2f}"
        page.close()


def test_operator_and_catalogue_pages_have_their_tables(browser, served: ServedMatch, player: Player) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{served.url}/operator")
    page.locator("#steps td", has_text="pitch_control").wait_for(timeout=TIMEOUT_MS)
    assert page.locator("#figures .card").count() == 8
    page.goto(f"{served.url}/catalogue")
    until(page, "/stats$/.test(document.querySelector('#count').textContent)")
    assert faults == []
    page.close()
