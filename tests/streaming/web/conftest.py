"""A real gateway on a free port, fed with the scripted match."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from tests.streaming.web.scripted import ScriptedMatch


class Stage:
    """A gateway that is on, its hub, and the match that feeds it."""

    def __init__(self, gateway: Gateway, match: ScriptedMatch) -> None:
        self.gateway, self.hub, self.match = gateway, gateway.hub, match
        self.url, self.ws = gateway.url, gateway.url.replace("http", "ws", 1) + "/ws"

    def push(self, steps: int = 1) -> None:
        for _ in range(steps):
            outputs, events = self.match.step()
            self.hub.write(outputs, self.match.t0_us)
            if events:
                self.hub.report(events)


def staged() -> Iterator[Stage]:
    match = ScriptedMatch()
    hub = Hub()
    hub.attach(match.record, match.metrics)
    with Gateway(hub, port=0) as gateway:
        yield Stage(gateway, match)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """One of its own."""
    yield from staged()


@pytest.fixture(scope="module")
def standing() -> Iterator[Stage]:
    """One for many tests that leave nothing behind."""
    yield from staged()
