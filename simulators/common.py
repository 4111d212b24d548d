"""What all simulators share: checks of seed and length, provenance, and records in the order of arrival."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Final

from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry

Record = Telemetry | Event

#: raised when a simulator plays another game than before from the same seed
SIMULATORS_VERSION: Final = "1"


def simulated(simulator: str, seed: int, minutes: float, **more: str) -> dict[str, str]:
    """The provenance of a simulated game: which simulator, in which version, and its parameters.
    The key ``world`` is the spelling of recordings since version 0.1."""
    return {
        "source": "simulated",
        "world": simulator,
        "version": SIMULATORS_VERSION,
        "seed": str(seed),
        "minutes": f"{minutes:g}",
        **more,
    }


def check(kind: str, seed: int, minutes: float, longest_min: int) -> None:
    """``BadInput`` unless there is a ``kind`` of game (match, race) of that seed and length."""
    if not 0 <= seed < 1 << 63:
        raise BadInput(f"a seed is a whole number from 0 to 2^63 - 1, not {seed}")
    if not (math.isfinite(minutes) and 0.1 <= minutes <= longest_min):
        raise BadInput(f"a simulated {kind} lasts 0.1 to {longest_min} minutes, not {minutes}")


def check_packing(frames_per_packet: int, most: int) -> None:
    """``BadInput`` unless a packet may carry so many frames."""
    if not 1 <= frames_per_packet <= most:
        raise BadInput(f"a packet carries 1 to {most} frames, not {frames_per_packet}")


def in_order(parts: Iterable[tuple[Iterable[Event], Iterable[Telemetry]]]) -> Iterator[Record]:
    """Packets and events in the order of their arrival, from parts of a game in the order of time: the events that a part adds, and
    its packets. A packet arrives with its last sample. An event precedes the first packet that arrives no earlier; of two events
    that arrive at once, the one that was added first precedes the other."""
    waiting: list[tuple[int, int, Event]] = []
    count = 0
    for events, packets in parts:
        for event in events:
            count += 1
            heapq.heappush(waiting, (event.arrival_us, count, event))
        for packet in packets:
            at = packet.arrival_us if isinstance(packet.arrival_us, int) else int(packet.arrival_us[-1])
            while waiting and waiting[0][0] <= at:
                yield heapq.heappop(waiting)[2]
            yield packet
    while waiting:
        yield heapq.heappop(waiting)[2]
