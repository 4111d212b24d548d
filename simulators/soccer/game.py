"""A match as records: its game record, and its telemetry and events in the order in which they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulators.common import Record, check, check_packing, in_order, simulated
from simulators.soccer import engine
from simulators.soccer.report import event_of
from simulators.soccer.state import (
    CLOCK_S,
    EVENTS,
    FINISHING,
    HZ,
    KICKOFF_TEAM,
    LEAVER,
    SLOTS,
    SQUAD,
    STATE,
)
from simulators.soccer.teams import BALL_TAG, Squads, squads
from streaming.errors import BadInput
from streaming.wire.records import Event, Feed, GameRecord, Period, Telemetry

T0_US: Final = 1_773_500_400_000_000  #: 2026-03-14 15:00 UTC
STEP_US: Final = 1_000_000 // HZ
BREAK_S: Final = 60  #: half-time, shortened: no telemetry in it
CHUNK: Final = 250  #: frames computed at once; the first chunk is small, so that a live page starts at once
FIRST_CHUNK: Final = 25
MAX_CHUNK: Final = 2500  #: the engine keeps the events of this many frames
FEED: Final = "tracking"


@dataclass(frozen=True)
class Chunk:
    """Consecutive frames of one period, n of them.

    Attributes
    ----------
    t_us, arrival_us : (n,) int64
    places : (n, 22, 2) m, by slot; those of an empty slot mean nothing
    ball : (n, 3) m
    who : (n, 22) row of the squads that fills the slot, -1 for none
    in_play : (n,) 1 or 0
    events : what was completed in these frames
    """

    t_us: npt.NDArray[np.int64]
    places: npt.NDArray[np.float64]
    ball: npt.NDArray[np.float64]
    who: npt.NDArray[np.int64]
    in_play: npt.NDArray[np.float64]
    arrival_us: npt.NDArray[np.int64]
    events: list[Event]


class Match:
    """One seeded match. ``record`` is known at once; ``stream()`` plays it from the start, each call anew and identically."""

    def __init__(
        self, seed: int, minutes: float = 90.0, *, game: str | None = None, t0_us: int = T0_US, finishing: float = 0.0
    ) -> None:
        check("match", seed, minutes, 240)
        if not -5.0 <= finishing <= 5.0:
            raise BadInput(f"finishing is -5 to 5 on the log-odds of a goal, not {finishing}")
        self.seed, self.minutes, self.t0_us, self.finishing = seed, minutes, t0_us, finishing
        self.half_frames = max(round(minutes * 30 * HZ), 2)
        half_us = self.half_frames * STEP_US
        rng = np.random.Generator(np.random.Philox(key=seed))
        self.squads: Squads = squads(rng, half_us / 1e6)
        self._engine_seed = rng.integers(0, 1 << 63, 2)
        self._attack_home = 1 if rng.random() < 0.5 else -1
        self._kick_off = int(rng.integers(0, 2))
        second = t0_us + half_us + BREAK_S * 1_000_000
        home, away = self.squads.teams
        self.record = GameRecord(
            game=game or f"soccer-{seed}",
            sport="soccer",
            t0_us=t0_us,
            teams=self.squads.teams,
            entities=self.squads.entities,
            tags=self.squads.tags,
            feeds=[
                Feed(name=FEED, kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
                Feed(name="events", kind="events", lateness_ms=5000),
            ],
            periods=[
                Period(number=1, start_us=t0_us, end_us=t0_us + half_us - STEP_US, home_attacks=self._attack(1)),
                Period(number=2, start_us=second, end_us=second + half_us - STEP_US, home_attacks=self._attack(2)),
            ],
            length_m=105.0,
            width_m=68.0,
            title=f"{home.name} v {away.name}",
            provenance=simulated(
                "soccer",
                seed,
                minutes,
                formations=" v ".join(self.squads.formations),
                **({"finishing": f"{finishing:g}"} if finishing else {}),
            ),
        )

    def _attack(self, period: int) -> Any:
        return self._attack_home if period == 1 else -self._attack_home

    def _state(self) -> Any:
        s = np.zeros(1, STATE)[0]
        s["i"][KICKOFF_TEAM], s["i"][LEAVER] = self._kick_off, -1
        s["f"][FINISHING] = self.finishing
        s["cap"], s["mark"], s["rng"] = 1.0, -1, self._engine_seed.astype(np.uint64)
        s["who"] = [team * SQUAD + k for team in range(2) for k in range(11)]
        s["shape"], s["traits"] = self.squads.shape, self.squads.traits
        s["subs"][:, 0] = np.inf
        s["subs"][: len(self.squads.subs)] = self.squads.subs
        return s

    def chunks(self, size: int = CHUNK, first: int = FIRST_CHUNK) -> Iterator[Chunk]:
        """The match as arrays, ``first`` and then ``size`` frames at a time, each at most ``MAX_CHUNK`` and less at a period's end.

        It is the same match whatever the sizes.
        """
        s = self._state()
        serial = 0
        for period in self.record.periods:
            kick_off = self._kick_off if period.number == 1 else 1 - self._kick_off
            s["f"][CLOCK_S] = (period.number - 1) * self.half_frames / HZ
            s["i"][EVENTS] = 0
            engine.start_period(s, period.number, period.home_attacks, kick_off, period.number * self.half_frames / HZ)
            done = 0
            while done < self.half_frames:
                n = min(size if done else min(size, first), self.half_frames - done)
                places, ball = np.empty((n, SLOTS, 2)), np.empty((n, 3))
                who, in_play, delay = np.empty((n, SLOTS), np.int64), np.empty(n), np.empty(n, np.int64)
                engine.run(s, n, places, ball, who, in_play, delay, done == 0, done + n == self.half_frames)
                t_us = period.start_us + np.arange(done, done + n, dtype=np.int64) * STEP_US
                events = []
                for row in s["events"][: s["i"][EVENTS]]:
                    serial += 1
                    events.append(event_of(self.record, period, row, serial, STEP_US))
                s["i"][EVENTS] = 0
                yield Chunk(t_us, places, ball, who, in_play, t_us + delay, events)
                done += n

    def stream(self, frames_per_packet: int = 1) -> Iterator[Record]:
        """Telemetry packets of ``frames_per_packet`` frames, and events, in the order of their arrival.

        A packet of one frame has one arrival; a longer one has an arrival per sample and comes when its last sample has. Packets
        never cross a period's end.
        """
        check_packing(frames_per_packet, MAX_CHUNK)
        if frames_per_packet == 1:
            return in_order((part.events, self._frames(part)) for part in self.chunks())
        return in_order((part.events, self._packet(part)) for part in self.chunks(frames_per_packet, frames_per_packet))

    def _columns(self, part: Chunk) -> tuple[npt.NDArray[Any], ...]:
        """tag (n, 23), xyz (3, n, 23), t_us (n, 23), in_play (n, 23); the ball is last."""
        n = len(part.t_us)
        tag = np.empty((n, SLOTS + 1), np.uint32)
        xyz = np.zeros((3, n, SLOTS + 1), np.float32)
        tag[:, :SLOTS] = self.squads.tag_of[part.who]
        tag[:, SLOTS] = BALL_TAG
        xyz[0, :, :SLOTS], xyz[1, :, :SLOTS] = part.places[:, :, 0], part.places[:, :, 1]
        xyz[:, :, SLOTS] = part.ball.T
        t = np.repeat(part.t_us[:, None], SLOTS + 1, axis=1)
        play = np.full((n, SLOTS + 1), np.nan, np.float32)
        play[:, SLOTS] = part.in_play
        return tag, xyz, t, play

    def _frames(self, part: Chunk) -> Iterator[Telemetry]:
        tag, xyz, t, play = self._columns(part)
        x, y, z = xyz
        game, arrival = self.record.game, part.arrival_us.tolist()
        full = bool((part.who >= 0).all())
        for k, at in enumerate(arrival):
            packet = Telemetry(game, FEED, t[k], tag[k], x[k], y[k], z[k], at, channels={"in_play": play[k]})
            yield packet if full else packet.take(np.append(part.who[k] >= 0, True))

    def _packet(self, part: Chunk) -> Iterator[Telemetry]:
        tag, xyz, t, play = self._columns(part)
        x, y, z = xyz.reshape(3, -1)
        arrival = np.repeat(part.arrival_us, SLOTS + 1)
        packet = Telemetry(self.record.game, FEED, t.ravel(), tag.ravel(), x, y, z, arrival, channels={"in_play": play.ravel()})
        if (part.who < 0).any():
            packet = packet.take(np.append(part.who >= 0, np.ones((len(t), 1), np.bool_), axis=1).ravel())
        yield packet
