"""What a gateway costs for each stat that it passes on: from a broker's message to the text for a subscriber, without sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np

from streaming.bench.figures import figure
from streaming.bench.gateway import _game, _window
from streaming.bench.timing import Result
from streaming.wire.blocks import StatBlock
from streaming.wire.messages import decode_stats, messages
from streaming.wire.raw_stats import stat_blocks

#: each way of passing on runs so often; the quickest counts, since what else the machine does can only add
ROUNDS: Final = 5


def relay(sport: str | None = None, windows: int = 200) -> Result:
    """CPU of one stat (us) through a hub with one subscriber to everything. The floor decodes the same bytes into a string; beside
    it stands what decoding and encoding every update would cost alone."""
    from features.core.sport import load_sport, sports
    from streaming.web.filters import Filter
    from streaming.web.hub import Hub
    from streaming.web.subscribers import Subscriber

    declared = load_sport(sport or min(sports()))
    record, rng = _game(declared.name), np.random.default_rng(7)
    values: list[bytes] = []
    for k in range(1, windows + 1):
        blocks = [block for block in _window(declared, record, k, rng) if isinstance(block, StatBlock)]
        values += [message.value for message in messages(record.sport, record.game, blocks, k)]
    stats = sum(len(decode_stats(value).updates) for value in values)

    def passed_on() -> None:
        hub, subscriber = Hub(), Subscriber(Filter.of(["stats.#"]), "websocket")
        hub.attach(record)
        hub.drain()
        hub.subscribe(subscriber, {})
        for k, value in enumerate(values):
            hub.write([block for _, block in stat_blocks(value)], k)
            hub.drain()
            for out in subscriber.pop_batch():
                assert out.text

    encode = msgspec.json.Encoder().encode
    return {
        "what": "a stat through the gateway: a broker's message -> the text for a subscriber",
        "figures": {
            "cpu_us_per_stat": figure(_cpu_us(passed_on) / stats),
            "stats_per_message": figure(stats / len(values)),
            "bytes_per_stat": figure(sum(map(len, values)) / stats),
        },
        "floor": {
            "cpu_us_per_stat": figure(_cpu_us(lambda: _each(bytes.decode, values)) / stats),
            "decode_and_encode_us_per_stat": figure(_cpu_us(lambda: _each(lambda v: encode(decode_stats(v)), values)) / stats),
        },
        "target": "none",
    }


def _each(work: Callable[[bytes], Any], values: list[bytes]) -> None:
    for value in values:
        work(value)


def _cpu_us(work: Callable[[], None]) -> float:
    took = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        work()
        took.append(time.process_time_ns() - start)
    return min(took) / 1000
