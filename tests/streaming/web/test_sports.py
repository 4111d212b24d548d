"""Every sport has its page and its graphics, a sport without a module gets the plain page, and games are chosen: in real Chromium,
from scripted games in the shapes that the sports publish."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from streaming.web.gateway import Gateway
from streaming.web.graphics import FOLDER, graphics
from streaming.web.hub import Hub
from tests.patience import PATIENCE_MS
from tests.streaming import toy
from tests.streaming.web import test_browser
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.scripted_base import HOP_S, Scripted
from tests.streaming.web.scripted_sports import GAMES
from tests.streaming.web.test_browser import browser

__all__ = ["browser"]

#: speed of the scripted games, times real time
SPEED = 8


class Runners(Scripted):
    """A game of a sport that no page knows."""

    sport = "toy"

    def __init__(self, t0_us: int) -> None:
        super().__init__(msgspec.structs.replace(toy.game(), t0_us=t0_us, title="Toy v Toy"))

    def positions(self, t: float) -> Any:
        return np.stack([20 * np.sin(t / 5 + np.arange(5)), 15 * np.cos(t / 5 + np.arange(5)), np.zeros(5)], axis=1)

    def publish_step(self) -> None:
        self.publish("toy.player.path", "km", self.ids[:4], [0.5, 1.25, 0.75, 1.0])
        self.publish("toy.team.marks", "count", ("home", "away"), [3.0, 4.0])


class RunningGames(threading.Thread):
    """Games at once into one hub, until ``over`` is set."""

    def __init__(self, hub: Hub, kinds: Iterable[Callable[..., Any]] = (Runners, ScriptedMatch, *GAMES.values())) -> None:
        super().__init__(daemon=True)
        now_us = time.time_ns() // 1000
        self.hub, self.over = hub, threading.Event()
        self.games = [kind(t0_us=now_us) for kind in kinds]
        for game in self.games:
            hub.attach(game.record, game.metrics)

    def run(self) -> None:
        while not self.over.wait(HOP_S / SPEED):
            for game in self.games:
                outputs, events = game.step()
                self.hub.report(events)
                self.hub.write(outputs, time.time_ns() // 1000)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[str, RunningGames]]:
    hub = Hub()
    games = RunningGames(hub)
    games.start()
    with Gateway(hub, port=0) as gateway:
        yield gateway.url, games
        games.over.set()
        games.join()


def opened(browser: Any, url: str, faults: list[str]) -> Any:
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url)
    return page


def until(page: Any, expression: str) -> Any:
    """The value of ``expression`` once it is true; patiently, since every game runs at once and much faster than real time."""
    return test_browser.until(page, expression, 60.0)


def text_of(selector: str) -> str:
    """The text of an element, as an expression for the page."""
    return f"(document.querySelector({selector!r})?.innerText ?? '').replace(/\\s+/g, ' ').trim()"


def test_graphics_request_lists_each_page_with_its_description(running: tuple[str, RunningGames]) -> None:
    url, _ = running
    listed = httpx.get(f"{url}/api/graphics").json()
    assert {g["name"] for g in listed} == {p.stem for p in FOLDER.glob("*.html")} == set(graphics())
    for graphic in listed:
        assert graphic["title"]
        assert graphic["description"]
        assert "game" in graphic["parameters"]
        page = httpx.get(url + graphic["url"])
        assert page.headers["content-type"].startswith("text/html")
        assert httpx.get(f"{url}/static/js/graphics/{graphic['name']}.js").status_code == 200
    for sport in ("soccer", *GAMES):
        assert sum(not g["sports"] or sport in g["sports"] for g in listed) >= 2


@pytest.mark.browser
def test_live_page_of_each_sport_is_its_own_and_of_another_the_generic_one(browser: Any, running: tuple[str, RunningGames]) -> None:
    url, _ = running
    faults: list[str] = []
    page = opened(browser, f"{url}/?game=nfl-demo", faults)
    until(page, f"/^(3rd|4th) & 7$/.test({text_of('#down b')})")
    until(page, f"{text_of('.choices .best')} === 'Go for it 63.4%'")
    until(page, "touchline.field.throwNow()?.probability > 0.43 && touchline.field.play.line - touchline.field.play.los > 6.4")
    page.wait_for_selector("section.third:has-text('Trey Vandersloot')", timeout=PATIENCE_MS)
    assert page.locator("#home-goals").inner_text() == "17"
    # of several runs of one player the fastest, and no player who never had the ball
    until(page, f"{text_of('.block:nth-child(6)')} === 'FASTEST BALL CARRIERS with the ball in hand 81Trey Vandersloot 19.4mph'")
    assert page.locator("#game option").count() == 5
    with page.expect_navigation():
        page.locator("#game").select_option("mlb-demo")
    until(page, f"location.search === '?game=mlb-demo' && /^Dex Quintero · 1\\d\\.\\d ft · \\d\\d%$/.test({text_of('.leadline')})")
    assert page.locator(".bases .on").get_attribute("data-base") == "1"
    page.goto(f"{url}/?game=f1-demo")
    until(page, "document.querySelectorAll('.tower-row').length === 20")
    until(page, f"{text_of('.tower-row:nth-child(2)')} === '2 OKO +3.100 H 5'")
    until(page, f"{text_of('.block:has(.corner) header small')}.endsWith('turn 7')")
    until(page, f"/^\\w{{3}} on \\w{{3}} P\\d+ · 0\\.\\d\\d s · \\d\\.\\d laps to catch/.test({text_of('.battles .pair')})")
    page.goto(f"{url}/operator?game=nfl-demo")
    until(page, "document.querySelectorAll('#flow section > div').length === 110")  # every step of the game, in its groups
    assert page.locator("#games tr").count() == 6
    page.locator("#games tr", has_text="Admirals v Timberwolves").click()
    page.locator("#games tr", has_text="Harbour City v Northgate").focus()
    page.wait_for_timeout(1_200)  # the rows have been written anew
    page.keyboard.press("Enter")
    page.locator("#steps td", has_text="pitch_control").wait_for(timeout=PATIENCE_MS)
    page.goto(f"{url}/?game=toy-1")
    until(page, f"{text_of('.table')}.includes('player.path 1.25 km r1, most of 4')")
    until(page, "touchline.playback.ids.length === 5")
    assert page.locator("#home-short").inner_text() == "Home"
    assert faults == []
    page.close()


SHOWN = {
    "win-probability?game=nfl-demo": (".winbar", "Harbour City Admirals"),
    "completion-probability": (".plate", "Trey Vandersloot"),
    "decision-guide": (".plate", "GO FOR IT by 5.3 points"),
    "lead-probability": (".plate", "ft lead"),
    "batted-ball": (".plate", "HARD HIT"),
    "tower?mode=gap&rows=10": (".tower", "+3.100"),
    "battle": (".plate", "overtake probability"),
    "win-probability?game=f1-demo": (".winbar", "A. Vale 50% B. Okonkwo 25% C. Lindholm 13% D. Sato 6% E. Moreau 3% others 3%"),
}  # fmt: skip


@pytest.mark.browser
def test_graphic_is_on_air_while_its_values_are_recent(browser: Any, running: tuple[str, RunningGames]) -> None:
    url, games = running
    assert {name.partition("?")[0] for name in SHOWN} == set(graphics()) - {"lower-third"}
    faults: list[str] = []
    pages = [opened(browser, f"{url}/graphics/{name}{'&' if '?' in name else '?'}silent=2", faults) for name in SHOWN]
    for page, (selector, words) in zip(pages, SHOWN.values(), strict=True):
        page.bring_to_front()
        element = ".graphic " + selector
        box, rows = until(
            page,
            f"{text_of(element)}.toUpperCase().includes({words.upper()!r}) && [document.querySelector({element!r})"
            ".getBoundingClientRect().toJSON(), document.querySelectorAll('.tower-row').length]",
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
        # within what every screen shows
        assert 0.03 * 1920 <= box["left"] <= box["right"] <= 0.97 * 1920
        assert 0.03 * 1080 <= box["top"] <= box["bottom"] <= 0.97 * 1080
        assert rows == (10 if selector == ".tower" else 0)
    games.over.set()
    for page in pages:
        page.bring_to_front()
        until(page, "document.querySelector('.graphic') === null")
        page.close()
    assert faults == []
