"""A game as records: its game record, and its telemetry and events in the order in which they arrive."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.mlb.diamond import FIELD
from features.mlb.vocabulary import CHANNELS
from simulators.common import Record, check, check_packing, in_order, simulated
from simulators.mlb.pitches import Pitching
from simulators.mlb.scene import HZ, Report, Scene
from simulators.mlb.teams import TEAM, clubs
from streaming.wire.records import Event, Feed, GameRecord, Period, Telemetry

T0_US: Final = 1_775_588_400_000_000  #: 2026-04-07 19:00 UTC
BREAK_S: Final = 25.0  #: between half innings, shortened: no telemetry in it
FEED: Final = "tracking"
MAX_FRAMES: Final = 2500
_PLAYERS: Final = 2 * TEAM


@dataclass(frozen=True)
class Chunk:
    """Consecutive frames of one pitch, n of them, E entities with the ball last.

    Attributes
    ----------
    t_us, arrival_us : (n,) int64
    xyz : (n, E, 3) m, NaN for a player off the field
    channels : (C, n, E) in the order of ``CHANNELS``, NaN where an entity does not carry one
    events : what happened in these frames
    """

    t_us: npt.NDArray[np.int64]
    arrival_us: npt.NDArray[np.int64]
    xyz: npt.NDArray[np.float64]
    channels: npt.NDArray[np.float64]
    events: list[Event]


def frame_us(number: int) -> int:
    """Time of grid row ``number`` since t0, rounded as the grid does."""
    return (2 * number * 1_000_000 + HZ) // (2 * HZ)


class Game:
    """One seeded game. ``record`` is known at once; ``stream()`` plays it from the start, each call anew and identically."""

    def __init__(self, seed: int, minutes: float = 90.0, *, game: str | None = None, t0_us: int = T0_US) -> None:
        check("game", seed, minutes, 300)
        self.seed, self.minutes, self.t0_us = seed, minutes, t0_us
        rng = np.random.Generator(np.random.Philox(key=seed))
        self.clubs = clubs(rng)
        self._play_key = int(rng.integers(0, 1 << 62))
        self.frames = max(round(minutes * 60 * HZ), 2)
        home, away = self.clubs.teams
        self.record = GameRecord(
            game=game or f"mlb-{seed}",
            sport="mlb",
            t0_us=t0_us,
            teams=self.clubs.teams,
            entities=self.clubs.entities,
            tags=self.clubs.tags,
            feeds=[
                Feed(name=FEED, kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
                Feed(name="events", kind="events", lateness_ms=5000),
            ],
            periods=[Period(number=1, start_us=t0_us, end_us=t0_us + frame_us(self.frames))],
            length_m=FIELD.length_m,
            width_m=FIELD.width_m,
            title=f"{away.name} at {home.name}",
            provenance=simulated("mlb", seed, minutes),
        )

    def pitching(self) -> Pitching:
        """The game from its first pitch, without frames."""
        return Pitching(self.clubs, np.random.Generator(np.random.Philox(key=self._play_key)))

    def chunks(self) -> Iterator[Chunk]:
        """The game as arrays, a pitch at a time."""
        pitching = self.pitching()
        first, serial, number = 1, 0, 0
        period = pitching.state.inning
        opening: list[Report] = [Report(0.0, "half_start", -1, attrs=pitching.state.attrs())]
        while first <= self.frames and not pitching.state.over:
            period, top = pitching.state.inning, pitching.state.batting
            count = (float(pitching.state.balls), float(pitching.state.strikes), float(pitching.state.outs))
            scene = pitching.scene()
            reports = [*opening, *scene.reports]
            opening = []
            length = math.ceil(scene.length_s * HZ)
            state = pitching.state
            pause = 0
            if state.walked_off() or state.outs >= 3:
                reports.append(Report(scene.length_s - 0.05, "half_end", -1, attrs=state.attrs()))
                pitching.end_half()
                if state.over:
                    reports.append(Report(scene.length_s - 0.01, "game_end", -1, attrs=state.attrs()))
                else:
                    pause = math.ceil(BREAK_S * HZ)
                    opening = [Report(0.0, "half_start", -1, attrs=state.attrs())]
            n = min(length, self.frames - first + 1)
            events = []
            for report in reports:
                if report.t_s * HZ < n:
                    serial += 1
                    events.append(self._event(report, first, serial, period, top))
            yield self._chunk(scene, first, n, count, events, rng_of(self.seed, number))
            first += length + pause
            number += 1

    def _chunk(self, scene: Scene, first: int, n: int, count: tuple[float, float, float], events: list[Event], rng: Any) -> Chunk:
        numbers = np.arange(first, first + n)
        t_us = self.t0_us + (2 * numbers * 1_000_000 + HZ) // (2 * HZ)
        xyz, phase, base = scene.frames(np.arange(n) / HZ, _PLAYERS)
        channels = np.full((len(CHANNELS), n, _PLAYERS + 1), np.nan)
        named = dict(zip(CHANNELS, channels, strict=True))
        named["phase"][:, _PLAYERS] = phase
        for name, value in zip(("balls", "strikes", "outs"), count, strict=True):
            named[name][:, _PLAYERS] = value
        named["base"][:, :_PLAYERS] = base
        named["sprint_mps"][:, :_PLAYERS] = self.clubs.sprint_mps
        named["delivery_s"][:, :_PLAYERS] = self.clubs.delivery_s
        named["pop_s"][:, :_PLAYERS] = self.clubs.pop_s
        return Chunk(t_us, t_us + rng.integers(15_000, 45_000, n), xyz, channels, events)

    def _event(self, report: Report, first: int, serial: int, period: int, batting: int) -> Event:
        t_us = self.t0_us + frame_us(first) + round(report.t_s * 1e6)
        entity = None if report.player < 0 else self.clubs.entities[report.player]
        team = self.record.teams[batting].id if entity is None else entity.team
        x, y = report.place if report.place is not None else (None, None)
        return Event(
            id=f"e{serial}",
            game=self.record.game,
            type=report.type,
            t_us=t_us,
            period=min(period, 50),
            team=team,
            player=None if entity is None else entity.id,
            x_m=None if x is None else round(x, 3),
            y_m=None if y is None else round(y, 3),
            outcome=report.outcome,
            attrs={k: round(v, 6) if isinstance(v, float) else v for k, v in report.attrs.items()},
            arrival_us=t_us + round(report.delay_s * 1e6),
        )

    def stream(self, frames_per_packet: int = 1) -> Iterator[Record]:
        """Telemetry packets of up to ``frames_per_packet`` frames, and events, in the order of their arrival.

        A packet of one frame has one arrival; a longer one has an arrival per sample and comes when its last sample has. Packets
        never cross from one pitch to the next.
        """
        check_packing(frames_per_packet, MAX_FRAMES)
        return in_order((chunk.events, self._packets(chunk, frames_per_packet)) for chunk in self.chunks())

    def _packets(self, chunk: Chunk, frames_per_packet: int) -> Iterator[Telemetry]:
        for at in range(0, len(chunk.t_us), frames_per_packet):
            rows = slice(at, at + frames_per_packet)
            packet = self._packet(chunk, rows, np.maximum.accumulate(chunk.arrival_us[rows]))
            if len(packet):
                yield packet

    def _packet(self, chunk: Chunk, rows: slice, arrival: npt.NDArray[np.int64]) -> Telemetry:
        xyz, t_us = chunk.xyz[rows], chunk.t_us[rows]
        there = np.isfinite(xyz[:, :, 0])
        frame, entity = np.nonzero(there)
        one = len(t_us) == 1
        x, y, z = xyz[frame, entity].astype(np.float32).T
        tags = np.array([tag.tag for tag in self.record.tags], np.uint32)
        channels = {
            name: column[rows][frame, entity].astype(np.float32) for name, column in zip(CHANNELS, chunk.channels, strict=True)
        }
        return Telemetry(
            self.record.game,
            FEED,
            t_us[frame],
            tags[entity],
            x.copy(),
            y.copy(),
            z.copy(),
            int(arrival[0]) if one else arrival[frame],
            channels=channels,
        )


def rng_of(seed: int, number: int) -> np.random.Generator:
    """The randomness of the sensors during a pitch: apart from that of the play."""
    return np.random.Generator(np.random.Philox(key=(seed & ((1 << 63) - 1)) ^ (number << 20) ^ 0x5EED))
