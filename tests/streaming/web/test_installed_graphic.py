"""The graphic of ``docs/adding-a-graphic.md``, a package of its own: served, listed, an OGraf graphic, and drawn in a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streaming.errors import BadInput
from streaming.web.gateway import application
from streaming.web.graphics import graphics
from streaming.web.hub import Hub
from tests.doc_examples import install_page
from tests.plugin_packages import install
from tests.streaming.web import test_browser
from tests.streaming.web.conftest import ServedMatch, serve_match

browser = test_browser.browser


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    graphics.cache_clear()
    install_page("adding-a-graphic.md", tmp_path, monkeypatch)
    yield tmp_path
    graphics.cache_clear()


def get(*paths: str) -> list[httpx.Response]:
    async def all_of() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application(Hub())), base_url="http://gateway") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(all_of())


def test_graphic_of_a_plugin_is_served_and_listed(site: Path) -> None:
    page, script, listed, manifest = get(
        "/graphics/ball-speed", "/graphics/ball-speed/ball-speed.js", "/api/graphics", "/ograf/ball-speed.ograf.json"
    )
    assert page.text == (site / "ball_speed" / "ball-speed.html").read_text()
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.text == (site / "ball_speed" / "ball-speed.js").read_text()
    (found,) = [graphic for graphic in listed.json() if graphic["name"] == "ball-speed"]
    assert (found["title"], found["sports"], found["stats"]) == ("Ball speed", ["soccer"], ["soccer.ball.speed"])
    assert json.loads(manifest.text)["name"] == "Ball speed"


@pytest.mark.parametrize("path", ["ball-speed/__init__.py", "ball-speed/..", "ball-speed/other.js", "no-such", "no-such/a.js"])
def test_other_files_of_a_graphic_s_folder_are_not_served(site: Path, path: str) -> None:
    (answer,) = get(f"/graphics/{path.replace('..', '%2e%2e')}")
    assert answer.status_code == 404


def test_graphic_without_its_page_is_refused_with_one_sentence(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "odd-graphics", {"touchline.graphics": ["odd = ball_speed:FOLDER"]})
    sentence = "^odd-graphics offers the graphic odd as ball_speed:FOLDER, which is no folder with a page odd[.]html$"
    with pytest.raises(BadInput, match=sentence):
        application(Hub())


@pytest.fixture
def live(site: Path) -> Iterator[ServedMatch]:
    """A gateway that began with the graphic installed."""
    yield from serve_match()


@pytest.mark.browser
def test_graphic_of_a_plugin_shows_the_speed_and_goes_off_air(browser: Any, live: ServedMatch) -> None:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{live.url}/graphics/ball-speed")
    live.push(5)
    shown = "(() => { const s = document.getElementById('speed'); return !s.hidden && /^\\d+ km\\/h$/.test(s.textContent); })()"
    test_browser.until(page, shown)
    test_browser.until(page, "document.getElementById('speed').hidden")
    assert faults == []
