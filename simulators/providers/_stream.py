"""From arrays to the stream that a live game would have been: one clock, one order, stated delays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from streaming.wire.records import Event, Period, Telemetry

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
#: towards +x or towards -x
Side = Literal[-1, 1]

#: the epoch of games whose date is not in the files: 2000-01-01T00:00:00Z is the first tracked instant
NO_DATE_US = 946_684_800_000_000
#: what a sample and a human-coded event take from the field to us, where the files don't say
TRACKING_DELAY_US = 40_000
EVENT_DELAY_US = 1_000_000
#: samples of one packet of an import
PACKET = 8192


def tracking(
    game: str,
    feed: str,
    t_us: Ints,
    tags: Sequence[int],
    xyz_m: Floats,
    in_play: Floats | None = None,
    vendor: Mapping[str, Floats] | None = None,
) -> Callable[[], Iterator[Telemetry]]:
    """Frames as packets: ``t_us`` (T,), ``xyz_m`` (T, N, 3) NaN where not seen, ``in_play`` (T,) 1, 0 or NaN.

    A sample exists where x and y are known; an unknown z stays NaN. ``in_play`` travels on the ball, tag 0. ``vendor`` {channel:
    (T, N)} are the provider's own figures of the same samples, to be compared with.
    """

    def packets() -> Iterator[Telemetry]:
        tag_row = np.array(tags, np.uint32)
        step = max(1, PACKET // max(1, len(tag_row)))
        for lo in range(0, len(t_us), step):
            part = xyz_m[lo : lo + step]
            frame, entity = np.nonzero(np.isfinite(part[:, :, :2]).all(axis=2))
            if not len(frame):
                continue
            channels = {}
            if in_play is not None:
                play = np.where(tag_row[entity] == 0, in_play[lo : lo + step][frame], np.nan)
                channels["in_play"] = play.astype(np.float32)
            with np.errstate(over="ignore"):
                for name, values in (vendor or {}).items():
                    channels[name] = values[lo : lo + step][frame, entity].astype(np.float32)
            t = t_us[lo : lo + step][frame]
            with np.errstate(over="ignore"):  # the guard refuses what becomes infinite
                x, y, z = (part[frame, entity, axis].astype(np.float32) for axis in range(3))
            yield Telemetry(game, feed, t, tag_row[entity], x, y, z, t + TRACKING_DELAY_US, channels=channels)

    return packets


def in_arrival_order(packets: Iterable[Telemetry], events: Sequence[Event]) -> Iterator[Telemetry | Event]:
    """Merge packets (in order of arrival, a stamp per sample) and events; packets are cut where an event arrived."""
    waiting = sorted(events, key=lambda event: event.arrival_us)
    at = 0
    for packet in packets:
        arrived: Any = packet.arrival_us
        done = 0
        while at < len(waiting) and waiting[at].arrival_us < arrived[-1]:
            cut = int(np.searchsorted(arrived, waiting[at].arrival_us, side="right"))
            if cut > done:
                yield packet.take(slice(done, cut))
                done = cut
            yield waiting[at]
            at += 1
        yield packet.take(slice(done, None)) if done else packet
    yield from waiting[at:]


def edges(game: str, periods: Sequence[Period]) -> list[Event]:
    """The start and end of every period, for files that don't report them. Events of one instant are taken in the order
    of their ids, so a start's sorts before, an end's after whatever the provider calls its own."""
    events = []
    for p in periods:
        for kind, ident, at in (("period_start", "0-start", p.start_us), ("period_end", "z-end", p.end_us)):
            if at is not None:
                ident, arrival_us = f"{ident}-{p.number}", at + EVENT_DELAY_US
                events.append(Event(id=ident, game=game, type=kind, t_us=at, period=p.number, arrival_us=arrival_us))
    return events


def in_time_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.t_us, event.id))
