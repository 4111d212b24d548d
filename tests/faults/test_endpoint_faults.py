"""The endpoint is paused and killed in the middle of a game: the game goes on in time, its stats say so, and recover."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from models.serving.circuit_breaker import LONGEST_PAUSE_S
from simulators.catalogue import open_simulator
from streaming.factory import operator_for
from streaming.wire.blocks import Output
from streaming.wire.records import StatUpdate
from tests.streaming import helpers
from tests.waiting import contention

pytestmark = pytest.mark.slow

MODELS = ("xgoals", "pass-completion", "soccer-win-probability")
#: on a core of its own
DEADLINE_S = 0.1


def endpoint(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "streaming.cli", "endpoint", "--port", "0", "--uds", str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "Ctrl-C ends it" in process.stdout.readline()
    return process


def gone(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def modelled(out: list[Output]) -> list[StatUpdate]:
    return [u for u in helpers.updates(out) if u.model is not None and u.quality != "provisional"]


@pytest.mark.parametrize("fallback", ["shipped", "none"])
def test_endpoint_that_stops_and_returns_changes_only_values_meanwhile(tmp_path: Path, fallback: str) -> None:
    world = open_simulator("soccer", 3, 4.0)
    records = list(world.stream(25))
    expected = helpers.finals(helpers.play(operator_for(world.record), records))
    path, deadline_s = tmp_path / "e.sock", DEADLINE_S * contention()
    process = endpoint(path)
    try:
        given = [f"{name}=unix:{path}?deadline_ms={1000 * deadline_s:.0f}&fallback={fallback}" for name in MODELS]
        operator = operator_for(world.record, given)
        cuts = [len(records) * k // 4 for k in range(5)]
        phases: list[list[Output]] = []
        waited_s: list[float] = []
        for phase in range(4):
            if phase == 1:
                process.send_signal(signal.SIGSTOP)
            elif phase == 2:
                gone(process)
            elif phase == 3:
                process = endpoint(path)
                time.sleep(LONGEST_PAUSE_S)
            out: list[Output] = []
            for record in records[cuts[phase] : cuts[phase + 1]]:
                out.extend(operator.on_record(record))
                # all that a record waited for all the models; the time that a stand-in computes is in it
                waited_s.append(operator.context.budget.spent_s)
            phases.append(out)
        phases[-1].extend(operator.finish())
    finally:
        gone(process)
    # one stall of a machine that others use too is not the game's waiting
    assert sorted(waited_s)[-3] < 1.5 * deadline_s
    seen = [Counter((u.quality, u.model.fallback_reason) for u in modelled(out) if u.model) for out in phases]
    print(*seen, sep="\n")
    everything = [u for out in phases for u in modelled(out)]
    if fallback == "none":
        away = {reason for quality, reason in seen[1] + seen[2] if quality == "stale"}
        assert away <= {"slow", "down", "circuit_open", "late"}
        assert sum(n for (quality, _), n in (seen[1] + seen[2]).items() if quality == "stale") > 50
        for update in everything:
            if update.event is not None and update.quality == "stale":
                assert update.value is None
        ticks = [u for u in everything if u.stat == "soccer.match.win_probability"]
        for before, after in itertools.pairwise(ticks):
            if after.quality == "stale" and before.revision == after.revision == 0:
                assert after.value == before.value  # what was known last
        finals = [u for u in everything if u.quality == "final"]
    else:
        assert {reason for _, reason in seen[1] + seen[2]} <= {"", "slow", "down", "circuit_open", "late"}
        assert sum(n for (_, reason), n in (seen[1] + seen[2]).items() if reason) > 20  # a value holds until it changes
        assert not [u for u in everything if u.quality != "final"]
        finals = everything
        # nothing else of the game is any different, and the stand-in's are the values of the same model
        got = helpers.finals([block for out in phases for block in out])
        assert got.keys() == expected.keys()
    # before, and after without a restart: the endpoint's own
    for phase in (0, 3):
        assert seen[phase]["final", ""] > 5
    # a machine that others use too may be slow before anything breaks, and then a fallback has that reason
    assert {reason for _, reason in seen[0]} <= {"", "slow", "circuit_open", "late"}
    assert list(seen[3])[-1] == ("final", ""), "no other kind of value appears once the endpoint answers"
    known = sorted((msgspec.json.decode(raw, type=StatUpdate) for raw in expected.values()), key=lambda u: u.window_us[1])
    values = {(u.id, u.revision): u.value for u in known}
    for update in finals:
        # what holds may go out when the endpoint is back, at a tick where it went without saying
        if update.event is None:
            stood = [u for u in known if u.stat == update.stat and u.subject == update.subject]
            assert update.value == [u for u in stood if u.window_us[1] <= update.window_us[1]][-1].value
        else:
            assert update.value == values[update.id, update.revision]
