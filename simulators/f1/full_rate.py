"""The cars at full rate: raw blocks of 120 channels, each at its own rate, for twenty cars some 3 gigabits a second.

Motion and inputs come from the race, window by window; between them every channel takes its level there and shakes about it as its
sensor does. The shaking is cut from a long table of noise, at another place for every block, which is what makes it fast enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import long_kernel
from features.f1.channels import CHANNELS, COLUMNS, NAMES, POSITION
from simulators.f1.game import STEP_US, GrandPrix
from streaming.reducing.blocks import PREFIX, Plan, PlannedChannel, encode_head, encode_plan

BLOCK_US: Final = 20_000
#: floats of noise: half a megabyte, which stays in a core's cache
TABLE: Final = 1 << 17


@long_kernel
def _fill(out: Any, counts: Any, start: Any, end: Any, shake: Any, table: Any, offset: int) -> None:
    """Samples of every channel from its level at the start of a block to that at its end, and its noise."""
    at = 0
    for c in range(counts.shape[0]):
        n = counts[c]
        if n == 0:
            continue
        step = np.float32((end[c] - start[c]) / n)
        level, spread = np.float32(start[c]), np.float32(shake[c])
        done = 0
        while done < n:
            from_ = (offset + done + 7919 * c) % table.shape[0]
            m = min(n - done, table.shape[0] - from_)
            part, noise = out[at + done : at + done + m], table[from_ : from_ + m]
            for j in range(m):
                part[j] = level + spread * noise[j] + step * np.float32(done + j + 1)
            done += m
        at += n


class FullRate:
    """Raw blocks of a race. ``plan`` describes them; iterating gives the plan's bytes and then block after block, the cars in
    turn, 20 ms each: views of one buffer, valid until the next block."""

    def __init__(self, race: GrandPrix, cars: int = 20) -> None:
        self.race, self.cars = race, cars
        self.plan = Plan(
            game=race.record.game,
            feed=race.record.feeds[0].name,
            t0_us=race.t0_us,
            channels=[PlannedChannel(channel.name, channel.rate_hz) for channel in CHANNELS],
            sources=[n + 1 for n in range(cars)],
        )
        rng = np.random.Generator(np.random.Philox(key=[race.seed, 0xF11]))
        self._table = np.clip(rng.normal(0.0, 1.0, TABLE), -4.0, 4.0).astype(np.float32)
        steady = {*POSITION, "lap", "lap_distance_m", "gear", "drs_open", "pit_limiter", "flag", "tyre_age_laps", "tyre_compound"}
        self._shake = np.array([0.0 if name in steady else 2e-3 for name in NAMES])

    @property
    def bytes_per_second(self) -> float:
        """Of all cars, in real time."""
        return float(4 * self.plan.rates.sum() * self.cars + self.cars * PREFIX.size * 1e6 / BLOCK_US)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield encode_plan(self.plan)
        room = bytearray(PREFIX.size + self.plan.body_bytes(self.plan.t0_us, BLOCK_US) + 4 * len(NAMES))
        before: npt.NDArray[Any] | None = None
        sequence = 0
        parts = STEP_US // BLOCK_US
        for t_us, places, columns, sends, _ in self.race.chunks():
            levels = self._levels(places, columns)
            before = levels[0] if before is None else before
            for k in range(len(t_us)):
                for part in range(parts):
                    start_us = int(t_us[k]) - STEP_US + part * BLOCK_US
                    counts = self.plan.edges(start_us + BLOCK_US) - self.plan.edges(start_us)
                    total = int(counts.sum())
                    body = np.frombuffer(room, np.float32, total, PREFIX.size)
                    for car in range(self.cars):
                        if not sends[k, car]:
                            continue
                        rise = (levels[k, car] - before[car]) / parts
                        start = before[car] + part * rise
                        start[self._steps], rise[self._steps] = levels[k, car][self._steps], 0.0
                        shake = self._shake * np.abs(levels[k, car])
                        _fill(body, counts, start, start + rise, shake, self._table, (sequence * 104_729) % TABLE)
                        room[: PREFIX.size] = encode_head(self.plan, car + 1, start_us, BLOCK_US, sequence, 4 * total)
                        sequence += 1
                        yield memoryview(room)[: PREFIX.size + 4 * total]
                before = levels[k]

    #: states and counts jump, and do not glide from one value to the next
    _steps: Final = np.array(
        [
            NAMES.index(name)
            for name in ("lap", "lap_distance_m", "gear", "drs_open", "pit_limiter", "flag", "tyre_age_laps", "tyre_compound")
        ]
    )

    @staticmethod
    def _levels(places: npt.NDArray[Any], columns: dict[str, Any]) -> npt.NDArray[np.float64]:
        """(T, N, 120): the value of every channel at the end of each window."""
        parts = []
        for name in NAMES:
            if name in POSITION:
                parts.append(places[:, :, POSITION.index(name)])
            else:
                last = f"{name}.last"
                parts.append(columns[last] if last in COLUMNS else columns[name])
        return np.stack(parts, axis=2)
