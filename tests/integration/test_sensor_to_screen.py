"""The whole way, with nothing made up: `touchline demo` as a process of its own, a subscriber, and a real Chromium."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from tests.paths import ROOT
from tests.streaming.web.test_browser import browser, until
from tests.waiting import TIMEOUT_S, contention

__all__ = ["browser"]

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """A match with shots in its first minutes, at ten times its speed; yields the address of its pages."""
    # Compiled code is there, as `make setup` leaves it: how soon a demo is on the air is not how long compiling takes.
    subprocess.run([sys.executable, "-c", "from streaming.cli.warm import play; play('soccer')"], cwd=ROOT, check=True)
    most_s = 30.0 * contention()
    command = [sys.executable, "-m", "streaming.cli", "demo", "soccer", "--seed", "97", "--speed", "10", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            began, output = time.monotonic(), ""
            while "on the air" not in output:
                line = process.stdout.readline()
                assert line, f"the demo ended: {output}"
                output += line
            assert time.monotonic() - began < most_s
            found = re.search(r"live page\s+(http://\S+?)/\n", output)
            assert found, output
            yield found[1]
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=TIMEOUT_S)
            assert process.returncode == 0, rest
            assert "times real time" in rest
        finally:
            process.kill()


def test_subscriber_gets_each_shot_provisional_at_once_and_then_final(demo):
    url = demo.replace("http", "ws", 1) + "/ws?topics=stats.soccer.shot.xgoals"
    seen: dict[str, list[dict]] = {}
    with connect(url) as socket:
        end = time.monotonic() + 2 * TIMEOUT_S
        while time.monotonic() < end:
            try:
                message = json.loads(socket.recv(timeout=5))
            except TimeoutError:
                continue
            for update in message.get("updates", []):
                seen.setdefault(update["id"], []).append(update)
            if any({"provisional", "final"} <= {u["quality"] for u in both} for both in seen.values()):
                break
    both = next(b for b in seen.values() if {"provisional", "final"} <= {u["quality"] for u in b})
    shown, settled = both[0], both[-1]
    assert 0 < shown["value"] < 1
    assert shown["value"] == pytest.approx(settled["value"], abs=0.02)
    assert settled["model"]["name"] == "xgoals"
    assert len(settled["model"]["attributions"]) == 5
    assert settled["frame"]["offset_us"] == 0, "simulated events happen in their frames"


def test_live_page_shows_the_match_and_the_graphic_of_a_shot(demo, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(demo + "/")
    until(page, "/xgoals/i.test(document.querySelector('.third')?.innerText ?? '')", 2 * TIMEOUT_S)
    shown = float(page.locator(".third .value b").inner_text())
    moments = httpx.get(f"{demo}/api/games/{httpx.get(demo + '/api/games').json()[0]['game']}/moments").json()
    assert 0 <= shown <= 1
    assert f"{shown:.2f}" in {f"{u['value']:.2f}" for u in updates(moments) if u["stat"] == "soccer.shot.xgoals"}
    assert problems == []
    page.close()


def updates(message: object) -> Iterator[dict]:
    """Every stat update in a reply, wherever it stands."""
    if isinstance(message, dict):
        if "stat" in message and "value" in message:
            yield message
        for value in message.values():
            yield from updates(value)
    elif isinstance(message, list):
        for value in message:
            yield from updates(value)


def test_metrics_have_the_latency_of_every_stage(demo):
    text = httpx.get(demo + "/metrics").text
    assert re.search(r"touchline_\w*step\w*\{.*soccer\.player\.speed.*\} \d", text)
    for word in ("touchline_", "late", "subscribers", "watermark"):
        assert word in text
