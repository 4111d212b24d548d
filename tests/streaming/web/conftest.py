"""A real gateway on a free port, fed with the scripted match."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streaming.web.gateway import Gateway
from streaming.web.hub import Hub
from tests.streaming.web.scripted import ScriptedMatch


class ServedMatch:
    """A running gateway, its hub, and the match that feeds it."""

    def __init__(self, gateway: Gateway, match: ScriptedMatch) -> None:
        self.gateway, self.hub, self.match = gateway, gateway.hub, match
        self.url, self.ws = gateway.url, gateway.url.replace("http", "ws", 1) + "/ws"

    def push(self, steps: int = 1) -> None:
        for _ in range(steps):
            outputs, events = self.match.step()
            self.hub.write(outputs, self.match.t0_us)
            if events:
                self.hub.report(events)


def serve_match() -> Iterator[ServedMatch]:
    match = ScriptedMatch()
    hub = Hub()
    hub.attach(match.record, match.metrics)
    with Gateway(hub, port=0) as gateway:
        yield ServedMatch(gateway, match)


@pytest.fixture
def served() -> Iterator[ServedMatch]:
    """A gateway and a match for one test."""
    yield from serve_match()


@pytest.fixture(scope="module")
def shared_served() -> Iterator[ServedMatch]:
    """A gateway and a match for the tests of a module that change nothing."""
    yield from serve_match()
