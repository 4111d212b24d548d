"""A broker's clock changes no final: what a runner with one publishes is what a replay without one does."""

from __future__ import annotations

from collections import Counter

import pytest

from streaming.factory import maker
from streaming.operator.session import GameSession
from streaming.wire.blocks import DeadLetter, StatBlock
from tests.conformance.scripts import Script, scripts


def played(script: Script, began_us: int, step_us: int) -> tuple[dict[tuple[str, int], str], Counter[str]]:
    """Finals and dead letters of a script whose records the broker gets from ``began_us`` on (0: it has no clock)."""
    session = GameSession(script.sport, script.game, maker(provisional=False))
    finals: dict[tuple[str, int], str] = {}
    dead: Counter[str] = Counter()
    for i, (_, value) in enumerate(script.messages):
        for output in session.take(value, began_us + i * step_us if began_us else 0):
            if isinstance(output, StatBlock) and output.settled:
                finals |= {(update.id, update.revision): repr(update.value) for update in output.updates(0)}
            elif isinstance(output, DeadLetter):
                dead[output.reason] += len(output)
    return finals, dead


@pytest.mark.slow
@pytest.mark.parametrize("sport", ["soccer", "nfl"])
def test_game_that_is_sent_fast_is_the_same_with_a_brokers_clock(sport: str) -> None:
    for script in scripts(sport, "clock"):
        wanted = played(script, 0, 0)
        assert wanted[0]
        for began_us in (1_796_000_000_000_000, 1_000_000_000_000_000):
            assert played(script, began_us, 100) == wanted, script.name
