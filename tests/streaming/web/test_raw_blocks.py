"""A hub that a broker feeds with JSON gives its subscribers the very bytes of a hub that an operator feeds with blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec
import pytest

from streaming.monitoring.watch import ModelWatch
from streaming.web.filters import Filter
from streaming.web.game_cache import GameCache
from streaming.web.hub import BACKLOG, Hub
from streaming.web.subscribers import Subscriber
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.messages import messages
from streaming.wire.raw_stats import RawStatBlock, stat_blocks
from tests.streaming.web.scripted import ScriptedMatch
from tests.streaming.web.test_withholding import RECORD, block, watched

STEPS = 60


def through_broker(outputs: list[Output], published_us: int) -> list[Output | RawStatBlock]:
    """What a gateway behind a broker gets of what an operator published."""
    stats = [output for output in outputs if isinstance(output, StatBlock)]
    sent = messages("soccer", RECORD.game, stats, published_us)
    return [*(found for message in sent for _, found in stat_blocks(message.value))]


def hubs() -> tuple[Hub, Hub, Iterator[None]]:
    """A hub in the operator's process, one behind a broker, and the steps that feed both."""
    near, far, match = Hub(), Hub(), ScriptedMatch()
    for hub in (near, far):
        hub.attach(match.record)
        hub.drain()

    def steps() -> Iterator[None]:
        for _ in range(STEPS):
            outputs, _ = match.step()
            stats = [output for output in outputs if isinstance(output, StatBlock)]
            near.write(stats, match.t0_us)
            far.write(through_broker(outputs, match.t0_us), match.t0_us)
            near.drain()
            far.drain()
            yield

    return near, far, steps()


def joined(hub: Hub, wanted: Filter, after: int | None = None) -> Subscriber:
    subscriber = Subscriber(wanted, "websocket")
    hub.subscribe(subscriber, {} if after is None else {"demo-1": hub.games["demo-1"].seq - after})
    return subscriber


def texts(subscriber: Subscriber) -> list[str]:
    """Everything that waits; a game's sequence begins with the clock, and is left out."""
    return [re.sub(r'"seq":\d+', '"seq":0', out.text) for out in subscriber.pop_batch()]


WANTED = [
    Filter.of(["stats.#"]), Filter.of(["stats.soccer.shot.*", "stats.soccer.match.*"]),
    Filter.of(["stats.soccer.player.*", "stats.soccer.shot.*"], (), ["home-1", "home-10"]),
]  # fmt: skip


@pytest.mark.parametrize("wanted", WANTED, ids=["all", "topics", "subjects"])
def test_subscriber_gets_the_same_bytes_from_raw_blocks(wanted: Filter) -> None:
    near, far, steps = hubs()
    live = [joined(hub, wanted) for hub in (near, far)]
    slow = [joined(hub, wanted) for hub in (near, far)]
    count = 0
    for _ in steps:
        ours, theirs = (texts(subscriber) for subscriber in live)
        assert ours == theirs
        count += len(theirs)
    assert count > 1
    for how in (slow, [joined(hub, wanted) for hub in (near, far)], [joined(hub, wanted, 20) for hub in (near, far)]):
        ours, theirs = (texts(subscriber) for subscriber in how)
        assert ours == theirs
        assert len(theirs) > 1


def test_raw_blocks_have_the_same_history_and_moments() -> None:
    near, far, steps = hubs()
    for _ in steps:
        pass
    both: list[GameCache] = [hub.games["demo-1"] for hub in (near, far)]
    ours, theirs = (game.history(Filter.of(["stats.#"])) for game in both)
    assert ours == theirs
    assert len(theirs["soccer.match.win_probability"]) == 4
    moments, raw_moments = ([item.raw for item in game.moments(Filter.of(["stats.#"]))] for game in both)
    assert moments == raw_moments
    assert len(raw_moments) == 6


def test_raw_blocks_of_a_contradicted_model_are_withheld() -> None:
    blocks: list[Output] = [
        block("soccer.shot.xgoals", 0.02, "e1"), block("soccer.team.xgoals", 1.5, version=None),
        block("soccer.player.speed", 25.0, version=None),
    ]  # fmt: skip
    models: ModelWatch = watched(0.02, 0.81)
    found = []
    for outputs in (blocks, through_broker(blocks, 0)):
        hub = Hub()
        hub.attach(RECORD)
        hub.watch(models, "withhold")
        hub.drain()
        subscriber = joined(hub, Filter.of(["stats.#"]))
        hub.write(outputs, 0)
        hub.drain()
        found.append(texts(subscriber))
    assert found[0] == found[1]
    updates = [update for text in found[1] for update in json.loads(text).get("updates", [])]
    assert [u["quality"] for u in updates] == ["unavailable", "unavailable", "final"]


def test_hub_that_is_behind_sheds_windows_of_raw_blocks_and_no_event() -> None:
    hub, match = Hub(), ScriptedMatch()
    hub.attach(match.record)
    hub.drain()
    subscriber = joined(hub, Filter.of(["stats.soccer.#"]))
    subscriber.pop_batch()
    for _ in range(BACKLOG + 150):
        hub.write(through_broker(match.step()[0], 1), 1)
    hub.drain()
    assert hub.shed > 0
    found = [u for text in texts(subscriber) for u in msgspec.json.decode(text).get("updates", [])]
    assert {u["event"] for u in found if u["stat"] == "soccer.shot.xgoals"} == {f"shot-{i + 1}" for i in range(match.shots)}
