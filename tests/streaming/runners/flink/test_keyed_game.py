"""The state logic of a game on Flink without Flink: what is restored at any moment goes on as if nothing had happened."""

from __future__ import annotations

import pytest

from streaming.runners.flink.keyed_game import KeyedGames
from streaming.simulation.flink import KeyedLog, KeyedState
from streaming.simulation.tally import SPORT, make, script
from streaming.wire import topics
from streaming.wire.messages import decode_stats


def finals(games: KeyedGames, state: KeyedState, records: list[bytes]) -> list[tuple[str, object]]:
    state.key = "g0"
    rows = [row for at, raw in enumerate(records) for row in games.take("g0", raw, at, lambda: None)]
    found = [update for topic, _, value in rows if topic == topics.stats(SPORT) for update in decode_stats(value or b"").updates]
    return [(update.id, update.value) for update in found if update.quality == "final"]


def keyed(state: KeyedState, every: int) -> KeyedGames:
    return KeyedGames(SPORT, make, state, KeyedLog(state), lambda: 0, every)


@pytest.mark.parametrize("every", [1, 3, 100])
def test_job_restored_after_any_record_gives_the_same_finals(every):
    records = script("g0", 8, 1_000)
    whole = finals(keyed(state := KeyedState({}, {}), every), state, records)
    assert len(whole) == 9
    for cut in range(1, len(records)):
        state = KeyedState({}, {})
        before = finals(keyed(state, every), state, records[:cut])
        restored = state.copy()
        games = keyed(restored, every)
        restored.key = "g0"
        after = []
        for at in range(cut, len(records)):
            for topic, _, value in games.take("g0", records[at], at, lambda: None):
                if topic == topics.stats(SPORT):
                    after += [(u.id, u.value) for u in decode_stats(value or b"").updates if u.quality == "final"]
        assert before + after == whole


def test_game_that_never_begins_leaves_no_state():
    state = KeyedState({}, {})
    assert finals(keyed(state, 3), state, script("g0", 3, 1_000)[1:]) == []
    assert not state.snapshots
    assert not state.logs
