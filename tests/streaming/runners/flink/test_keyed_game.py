"""The state logic of a game on Flink without Flink: what is restored at any moment goes on as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.runners.flink.keyed_game import HEALTH_TICKS, TICK_MS, KeyedGames
from streaming.simulation.flink import KeyedLog, KeyedState
from streaming.simulation.tally import SPORT, make, script
from streaming.wire import topics
from streaming.wire.messages import decode_stats


def finals(games: KeyedGames, state: KeyedState, records: list[bytes]) -> list[tuple[str, object]]:
    state.key = "g0"
    rows = [row for at, raw in enumerate(records) for row in games.take("g0", raw, at, lambda: None)]
    found = [update for topic, _, value, _ in rows if topic == topics.stats(SPORT) for update in decode_stats(value or b"").updates]
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
            for topic, _, value, _ in games.take("g0", records[at], at, lambda: None):
                if topic == topics.stats(SPORT):
                    after += [(u.id, u.value) for u in decode_stats(value or b"").updates if u.quality == "final"]
        assert before + after == whole


def test_game_that_never_begins_leaves_no_state():
    state = KeyedState({}, {})
    assert finals(keyed(state, 3), state, script("g0", 3, 1_000)[1:]) == []
    assert not state.snapshots
    assert not state.logs


def test_messages_name_type_schema_stats_and_group_as_the_embedded_runner_does():
    state, records = KeyedState({}, {}), script("g0", 3, 1_000)
    games = KeyedGames(SPORT, make, state, KeyedLog(state), lambda: 0, 3, group="touchline-flink")
    state.key = "g0"
    rows = [row for at, raw in enumerate(records) for row in games.take("g0", raw, at, lambda: None, lambda: None)]
    found = {topic: about for topic, _, _, about in rows}
    same = {"content-type": b"application/json", "game": b"g0", "group": b"touchline-flink"}
    assert found[topics.stats(SPORT)] == {**same, "schema": b"stat-batch", "schema-version": b"2", "stats": b"tally.total"}
    assert found[topics.events(SPORT)] == {**same, "schema": b"event", "schema-version": b"1"}
    assert found[topics.dead(topics.telemetry(SPORT))] == {**same, "schema": b"dead-letter", "schema-version": b"1"}
    games = KeyedGames(SPORT, make, state, KeyedLog(state), lambda: 0, 3)
    (report,) = _healthy(games, state, script("g1", 3, 1_000))
    assert report[3] == {"content-type": b"application/json", "schema": b"health", "schema-version": b"2", "game": b"g1"}


def _healthy(games: KeyedGames, state: KeyedState, records: list[bytes]) -> list[Any]:
    """What a tick publishes of a game that is on, its report last."""
    state.key = "g1"
    for at, raw in enumerate(records[:-1]):
        list(games.take("g1", raw, at, lambda: None))
    return [row for row in games.tick("g1", TICK_MS * HEALTH_TICKS, lambda: None) if row[0] == topics.health(SPORT)]
