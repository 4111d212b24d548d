"""What grows with the games that have been played: nothing of /metrics, and nothing of the gateway's memory."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streaming.operator.metrics import OperatorMetrics
from streaming.web import prometheus
from streaming.web.encoded_block import EncodedBlock
from streaming.web.filters import Filter
from streaming.web.game_cache import GameCache
from streaming.web.hub import MAX_REASONS, METRICS_KEEP_S, OTHER_REASONS, Hub
from streaming.web.prometheus import exposition
from streaming.web.shown_games import OTHER_GAMES, ShownGames, summed
from streaming.web.subscribers import Subscriber
from streaming.wire.blocks import DeadLetter
from tests.streaming.web.scripted import ScriptedMatch, record
from tests.waiting import TIMEOUT_S

DAY_S = 86_400.0


def metrics_of(windows: int) -> OperatorMetrics:
    found = OperatorMetrics(tuple(f"step {i}" for i in range(60)))
    found.step_ns[:], found.step_calls[:], found.windows = 1_000, windows, windows
    found.counts["accepted", "sample"] = windows
    for k in range(windows):
        found.window_latency.add(200.0 + k)
    found.watermark_us, found.arrival_us = 1, 1 + windows
    return found


def report(hub: Hub, game: str, windows: int, age_s: float = 0.0) -> None:
    hub.attach(record(game))
    hub.measure(game, metrics_of(windows), "elsewhere", int((time.time() - age_s) * 1e6))
    hub.drain()


def samples(text: bytes, name: str) -> dict[str, float]:
    """By game, the values of a metric."""
    families = text_string_to_metric_families(text.decode())
    return {s.labels["game"]: s.value for family in families for s in family.samples if s.name == name}


def test_ended_games_leave_metrics():
    hub = Hub()
    for k in range(1_000):
        report(hub, f"ended-{k}", 3, age_s=METRICS_KEEP_S + 1)
    report(hub, "on-1", 3)
    text = exposition(hub)()
    assert samples(text, "touchline_windows_total") == {"on-1": 3}
    assert len(text) < 200_000


def test_time_on_metrics_is_the_hub_s():
    hub = Hub(metrics_keep_s=30)
    report(hub, "on-1", 3, age_s=20)
    report(hub, "ended-1", 3, age_s=40)
    assert set(samples(exposition(hub)(), "touchline_windows_total")) == {"on-1"}


def test_metrics_are_rendered_beside_the_event_loop(monkeypatch):
    hub, turning, rendered = Hub(), threading.Event(), []
    report(hub, "on-1", 3)

    def render(registry: CollectorRegistry) -> bytes:
        assert turning.wait(TIMEOUT_S), "the loop stands still meanwhile"
        rendered.append(threading.get_ident())
        return generate_latest(registry)

    monkeypatch.setattr(prometheus, "generate_latest", render)

    async def scrape() -> int:
        task = asyncio.create_task(exposition(hub).text())
        await asyncio.sleep(0.01)
        turning.set()
        assert await task
        return threading.get_ident()

    assert asyncio.run(scrape()) not in rendered
    assert len(rendered) == 1


def test_scrapers_share_one_rendering():
    hub = Hub()
    report(hub, "on-1", 3)

    async def twice() -> tuple[bytes, bytes]:
        render = exposition(hub)
        first = await render.text()
        report(hub, "on-2", 3)
        return first, await render.text()

    first, second = asyncio.run(twice())
    assert first is second


def test_games_beyond_the_bound_are_summed_and_the_sum_never_falls():
    hub, shown = Hub(), ShownGames(METRICS_KEEP_S, most=2)
    render = exposition(hub, shown=shown)
    for k in range(5):
        report(hub, f"g{k}", 10 + k)
    assert samples(render(), "touchline_windows_total") == {"g0": 10, "g1": 11, OTHER_GAMES: 12 + 13 + 14}
    report(hub, "g3", 20)
    assert samples(render(), "touchline_windows_total")[OTHER_GAMES] == 12 + 20 + 14
    hub.games["g4"].reported_us -= int(2e6 * METRICS_KEEP_S)
    hub.games["g0"].reported_us -= int(2e6 * METRICS_KEEP_S)
    assert samples(render(), "touchline_windows_total") == {"g1": 11, OTHER_GAMES: 12 + 20 + 14}, "what has ended stays in the sum"
    report(hub, "g5", 1)
    assert samples(render(), "touchline_windows_total") == {"g1": 11, "g5": 1, OTHER_GAMES: 46}, "a free place is taken"
    assert samples(render(), "touchline_window_latency_seconds_count")[OTHER_GAMES] == 46


def test_sum_adds_counts_and_takes_the_greatest_of_what_cannot_be_added():
    one, two = metrics_of(3), OperatorMetrics(("step 1", "other"))
    two.step_ns[:], two.step_max_ns[:], two.watermark_us, two.arrival_us = 7, 9, 1, 5
    both = summed([one, two])
    assert both.steps == (*one.steps, "other")
    assert both.step_ns.tolist() == [1_000, 1_007, *[1_000] * 58, 7]
    assert both.step_max_ns.tolist() == [0, 9, *[0] * 58, 9]
    assert (both.windows, both.watermark_lag_us, both.window_latency.count) == (3, 4, 3)


def test_silence_of_a_game_is_since_its_newest_record():
    hub = Hub()
    report(hub, "on-1", 3)
    report(hub, "gone-1", 3, age_s=60)
    for name, age_s in (("on-1", 40.0), ("gone-1", 100.0)):
        metrics = hub.games[name].metrics
        assert metrics is not None
        metrics.arrival_us = int((time.time() - age_s) * 1e6)
    assert samples(exposition(hub)(), "touchline_game_silent_seconds") == {"on-1": pytest.approx(40, abs=2)}


@pytest.mark.slow
def test_two_hundred_games_one_after_another_leave_nothing_in_memory():
    hub, watching = Hub(keep_s=3_600), Subscriber(Filter.of(["stats.#"]), "websocket")
    hub.subscribe(watching, {})
    sizes = []
    for k in range(200):
        match = ScriptedMatch(f"game-{k}", shot_every=2)
        hub.attach(match.record, match.metrics)
        for _ in range(6):
            outputs, events = match.step()
            hub.write(outputs, match.t0_us)
            hub.report(events)
        hub.drain()
        watching.pop_batch()
        for cache in hub.games.values():  # an hour and a half goes by
            cache.updated_ns -= 5_400 * 1_000_000_000
        hub.drop_silent()
        if k in (20, 199):
            gc.collect()
            kinds = [type(found) for found in gc.get_objects()]
            sizes.append([kinds.count(GameCache), kinds.count(EncodedBlock)])
    assert not hub.games
    assert not watching.seqs
    (caches, blocks), (caches_at_end, blocks_at_end) = sizes
    assert caches_at_end <= caches
    assert blocks_at_end <= blocks


def test_dropped_game_that_goes_on_is_announced_again():
    hub, match = Hub(keep_s=60), ScriptedMatch()
    hub.attach(match.record, match.metrics)
    hub.write(match.step()[0], match.t0_us)
    hub.drain()
    hub.games["demo-1"].updated_ns -= 61 * 1_000_000_000
    hub.drop_silent()
    assert "demo-1" not in hub.games
    hub.write(match.step()[0], match.t0_us)
    hub.drain()
    assert hub.games["demo-1"].record == match.record


def test_old_report_of_a_compacted_topic_does_not_bring_a_game_back():
    hub = Hub(keep_s=60)
    hub.measure("old-1", metrics_of(1), "elsewhere", int((time.time() - DAY_S) * 1e6))
    hub.drain()
    assert not hub.games


def test_silent_games_are_dropped_while_others_play():
    hub, match = Hub(keep_s=60), ScriptedMatch("on-1")
    report(hub, "ended-1", 3, age_s=DAY_S)
    hub._swept_s -= 11
    hub.write(match.step()[0], match.t0_us)
    hub.drain()
    assert set(hub.games) == {"on-1"}


def test_reasons_of_dead_letters_are_bounded():
    hub = Hub()
    hub.write([DeadLetter("telemetry.soccer", "g", f"reason {k}", 0, b"", "") for k in range(3 * MAX_REASONS)], 0)
    hub.drain()
    assert len(hub.dead_letter_counts) == MAX_REASONS + 1
    assert sum(hub.dead_letter_counts.values()) == 3 * MAX_REASONS
    assert hub.dead_letter_counts["", OTHER_REASONS] == 2 * MAX_REASONS
