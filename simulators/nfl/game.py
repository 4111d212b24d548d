"""A game as records: its game record, and its telemetry and events in the order in which they arrive.

Tags blink about ten times a second, each on a clock of its own (phase, and up to 50 ppm of rate); the ball's 25 times on the game's
clock. Samples carry inches of noise and some are lost. A packet holds what was measured in one tenth of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from features.nfl.columns import YD
from features.nfl.vocabulary import KICKED
from simulators.common import Record, check, check_packing, in_order, simulated
from simulators.nfl import engine, plays
from simulators.nfl.block import FRAME_US, Block
from simulators.nfl.bodies import HZ, SLOTS
from simulators.nfl.drives import FIELD_GOAL, KICK_EXTRA_YD, TOUCHDOWN, Drive, kick_probability
from simulators.nfl.report import Reporter
from simulators.nfl.teams import BALL_TAG, UNIT, squads
from simulators.sensor_faults import METRES_PER_INCH
from streaming.wire.records import Event, Feed, GameRecord, Period, Telemetry

T0_US: Final = 1_789_300_800_000_000  #: 2026-09-13 12:00 UTC
SLOT_US: Final = 100_000
FIFTH_US: Final = 200_000
#: from the whistle to the set formation, s: shorter in a short game, so that something happens in every quarter
HUDDLE_S: Final = (6.0, 22.0)
NOISE_IN: Final = 1.0
LOSS: Final = 0.01
SHOULDER_M: Final = 0.22
RATE_PPM: Final = 50.0
FEED: Final = "tags"
#: "set" begins when the ball is on its spot, so long before they stand, s
_SPOTTED_S: Final = 2.0
_BALL: Final = -1
Floats = npt.NDArray[np.float64]


class Match:
    """One seeded game. ``record`` is known at once; ``stream()`` plays it from the start, each call anew and identically.

    ``minutes`` is the whole of it in real time; the game clock is scaled so that four quarters of 15 minutes fill it.
    """

    def __init__(self, seed: int, minutes: float = 60.0, *, game: str | None = None, t0_us: int = T0_US) -> None:
        check("game", seed, minutes, 240)
        self.seed, self.minutes, self.t0_us = seed, minutes, t0_us
        self.huddle_us = int(min(max(0.4 * minutes, HUDDLE_S[0]), HUDDLE_S[1]) * 5) * FIFTH_US
        self.quarter_us = max(int(minutes * 15 * 5), 1) * FIFTH_US
        rng = np.random.Generator(np.random.Philox(key=seed))
        teams, entities, tags = squads(rng)
        first: Literal[-1, 1] = 1 if rng.random() < 0.5 else -1
        self._receives = int(rng.integers(0, 2))
        self._seed = int(rng.integers(0, 1 << 62))
        other: Literal[-1, 1] = -1 if first == 1 else 1
        sides = (first, other, first, other)
        self.record = GameRecord(
            game=game or f"nfl-{seed}",
            sport="nfl",
            t0_us=t0_us,
            teams=teams,
            entities=entities,
            tags=tags,
            feeds=[
                Feed(name=FEED, kind="telemetry", rate_hz=10.0, lateness_ms=100, aligned=False),
                Feed(name="events", kind="events", lateness_ms=5000),
            ],
            periods=[
                Period(
                    number=q + 1,
                    start_us=t0_us + q * self.quarter_us,
                    end_us=t0_us + (q + 1) * self.quarter_us - 1,
                    home_attacks=sides[q],
                )
                for q in range(4)
            ],
            length_m=120.0 * YD,
            width_m=160.0 / 3.0 * YD,
            title=f"{teams[1].name} at {teams[0].name}",
            provenance=simulated("nfl", seed, minutes),
        )

    def clock_s(self, t_us: int) -> float:
        """Seconds of game clock left, 3600 to 0."""
        return max(3600.0 * (1.0 - (t_us - self.t0_us) / (4 * self.quarter_us)), 0.0)

    # -- plays -----------------------------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        """The game play by play: each from the walk to the line to a second after the whistle."""
        rng = np.random.Generator(np.random.Philox(key=self._seed))
        reporter = Reporter(self.record)
        drive = Drive(self._receives)
        places: dict[int, Any] = {}
        number = 0
        for period in self.record.periods:
            if period.number == 3:
                drive.offense = self._receives
                drive.turn_over(75.0)
            at_us = period.start_us
            yield self._quiet(at_us, [reporter.edge("period_start", period.number, at_us)])
            while True:
                attack = period.home_attacks if drive.offense == 0 else -period.home_attacks
                start_us = at_us + self.huddle_us
                clock_s = self.clock_s(start_us)
                choice = drive.decide(rng, clock_s) if drive.down == 4 else "go"
                behind = float(clock_s < 240 and drive.points[1 - drive.offense] > drive.points[drive.offense])
                intent = plays.draw(
                    rng, down=drive.down, to_go_yd=drive.to_go_yd, to_goal_yd=drive.to_goal_yd, spot_m=drive.spot_m, behind=behind
                )
                seed = int(rng.integers(0, 1 << 62))
                played = plays.play_out(intent, seed) if choice == "go" else _kicked(intent, choice, rng)
                if start_us + len(played.phase) * FRAME_US > (period.end_us or 0):
                    break
                number += 1
                block = self._block(at_us, start_us, played, drive, attack, places)
                reporter.play(block, start_us, drive, clock_s, period.number, f"p{number}", choice, played)
                self._settle(drive, played, choice, rng, reporter, block, start_us)
                # plays begin on the grid, and on a blink of the ball's tag
                at_us = self.t0_us - (self.t0_us - block.end_us) // FIFTH_US * FIFTH_US
                yield block
            yield self._quiet(at_us, [reporter.edge("period_end", period.number, period.end_us or at_us)])

    def _quiet(self, at_us: int, events: list[Event]) -> Block:
        nothing = np.empty((0, SLOTS, 2))
        return Block(
            start_us=at_us,
            places=nothing,
            facing=nothing[:, :, 0],
            ball=np.empty((0, 3)),
            phase=np.empty(0),
            entity=np.zeros(SLOTS, np.int64),
            offense=-1,
            events=events,
            played=None,
        )

    def _block(self, at_us: int, start_us: int, played: plays.Played, drive: Drive, attack: int, places: dict[int, Any]) -> Block:
        """The play on the field, with the walk to the line in front of it."""
        los = attack * (50.0 - drive.to_goal_yd) * YD
        entity = np.array([drive.offense * UNIT + n if n < 11 else (1 - drive.offense) * UNIT + n for n in range(SLOTS)], np.int64)
        on = np.empty_like(played.places)
        on[:, :, 0], on[:, :, 1] = los + attack * played.places[:, :, 0], attack * played.places[:, :, 1]
        turned = played.facing + (np.pi if attack < 0 else 0.0)
        ball = played.ball.copy()
        ball[:, 0], ball[:, 1] = los + attack * played.ball[:, 0], attack * played.ball[:, 1]
        walk = (start_us - at_us) // FRAME_US
        share = np.linspace(0.0, 1.0, walk + 1)[:-1]
        ease = (share * share * (3.0 - 2.0 * share))[:, None, None]
        edge = 25.0
        before = np.array(
            [places.get(int(e), (los + 0.4 * on[0, n, 0] - 0.4 * los, edge if n < 11 else -edge)) for n, e in enumerate(entity)]
        )
        path = before + ease * (on[0] - before)
        step = on[0] - before
        heading = np.arctan2(step[:, 1], step[:, 0])
        last = (share > 0.85)[:, None]
        facing = np.where(last, turned[0], np.broadcast_to(heading, (walk, SLOTS)))
        # an official carries the ball to its spot, where it lies when the teams come to the line
        carried = np.clip(share * walk / max(walk - int(_SPOTTED_S * HZ), 1), 0.0, 1.0)[:, None]
        origin = np.array(places.get(_BALL, ball[0]))
        rest = origin + carried * carried * (3.0 - 2.0 * carried) * (ball[0] - origin)
        places.clear()
        places.update({int(e): tuple(on[-1, n]) for n, e in enumerate(entity)})
        places[_BALL] = tuple(ball[-1])
        early = np.where(np.arange(walk) >= walk - int(_SPOTTED_S * HZ), 1.0, 0.0)
        return Block(
            start_us=at_us,
            places=np.concatenate((path, on)),
            facing=np.concatenate((facing, turned)),
            ball=np.concatenate((rest, ball)),
            phase=np.concatenate((early, played.phase)),
            entity=entity,
            offense=drive.offense,
            events=[],
            played=played,
        )

    def _settle(
        self,
        drive: Drive,
        played: plays.Played,
        choice: str,
        rng: np.random.Generator,
        reporter: Reporter,
        block: Block,
        start_us: int,
    ) -> None:
        """What the play did to downs, score and possession."""
        end_us = block.end_us - HZ * FRAME_US
        if choice == "kick":
            chance = kick_probability(drive.to_goal_yd + KICK_EXTRA_YD)
            good = rng.random() < chance
            reporter.kick(block, drive, end_us, good, chance)
            if good:
                drive.score(FIELD_GOAL)
            else:
                drive.turn_over(min(100.0 - drive.to_goal_yd - 7.0, 80.0))
            return
        if choice == "punt":
            net = float(np.clip(rng.normal(41.0, 6.0), 15.0, 60.0))
            reporter.punt(block, drive, end_us, net)
            drive.turn_over(80.0 if drive.to_goal_yd - net <= 0 else 100.0 - (drive.to_goal_yd - net))
            return
        kinds = {int(row[0]): row for row in played.event_rows}
        spot = float(played.ball[-1, 1])
        if engine.TOUCHDOWN in kinds:
            drive.score(TOUCHDOWN)
        elif engine.INTERCEPTED in kinds:
            where = drive.to_goal_yd - float(played.ball[-1, 0]) / YD
            drive.turn_over(80.0 if where <= 0 else 100.0 - where)
        else:
            row = kinds.get(engine.TACKLE, kinds.get(engine.SACK))
            drive.gain(math.floor(row[4]) if row is not None else 0.0)
            if drive.down > 1:
                drive.spot_m = float(np.clip(spot, -2.8, 2.8))

    # -- records ---------------------------------------------------------------------------------------------------------

    def stream(self, frames_per_packet: int = 1) -> Iterator[Record]:
        """Telemetry packets of ``frames_per_packet`` tenths of a second, and events, in the order of their arrival."""
        check_packing(frames_per_packet, 2500)
        noise = np.random.Generator(np.random.Philox(key=self._seed + 1))
        clocks = noise.uniform(size=(len(self.record.tags), 2))
        return in_order((block.events, self._packets(block, noise, clocks, frames_per_packet)) for block in self.blocks())

    def _packets(self, block: Block, rng: np.random.Generator, clocks: Floats, slots: int) -> Iterator[Telemetry]:
        n = len(block.phase)
        if n < 2:
            return
        t, tag, x, y, z, phase = self._samples(block, clocks)
        offs = rng.normal(0.0, NOISE_IN * METRES_PER_INCH, (3, len(t)))
        keep = rng.random(len(t)) >= LOSS
        x, y, z = ((c + o).astype(np.float32)[keep] for c, o in zip((x, y, z), offs, strict=True))
        t, tag, phase = t[keep], tag[keep], phase[keep]
        ball = tag == BALL_TAG
        side = np.where(ball, float(block.offense), np.nan).astype(np.float32)
        slot = (t - self.t0_us) // SLOT_US
        delay = 12_000 + (slot * 7919 % 13) * 1000
        arrival = self.t0_us + (slot + 1) * SLOT_US + delay
        edges = np.flatnonzero(np.diff(slot // slots if slots > 1 else slot)) + 1
        for rows in np.split(np.arange(len(t)), edges):
            if not len(rows):
                continue
            one = int(arrival[rows[-1]]) if slots == 1 else arrival[rows]
            yield Telemetry(
                self.record.game,
                FEED,
                t[rows],
                tag[rows],
                x[rows],
                y[rows],
                z[rows],
                one,
                channels={"phase": phase[rows], "offense": side[rows]},
            )

    def _samples(self, block: Block, clocks: Floats) -> tuple[Any, ...]:
        """Every sample of a block in the order of time: t, tag, x, y, z, phase."""
        n, start = len(block.phase), block.start_us
        frame_t = np.arange(n) * FRAME_US
        cols: list[tuple[Any, ...]] = []
        for s, e in enumerate(block.entity.tolist()):
            for k in range(3):
                tag = 1 + 3 * e + k
                every = SLOT_US * (1.0 + (2.0 * clocks[tag, 1] - 1.0) * RATE_PPM * 1e-6)
                first = self.t0_us + clocks[tag, 0] * SLOT_US
                k0, k1 = math.ceil((start - first) / every), math.floor((block.end_us - FRAME_US - first) / every)
                at = np.rint(first + np.arange(k0, k1 + 1) * every).astype(np.int64)
                x = np.interp(at - start, frame_t, block.places[:, s, 0])
                y = np.interp(at - start, frame_t, block.places[:, s, 1])
                if k:
                    face = block.facing[np.clip((at - start) // FRAME_US, 0, n - 1), s]
                    off = SHOULDER_M if k == 1 else -SHOULDER_M
                    x, y = x - off * np.sin(face), y + off * np.cos(face)
                cols.append((at, np.full(len(at), tag), x, y, np.ones(len(at)), np.full(len(at), np.nan)))
        at = frame_t[:: HZ // 25]
        rows = at // FRAME_US
        b = block.ball[rows]
        cols.append((at + start, np.full(len(at), BALL_TAG), b[:, 0], b[:, 1], b[:, 2], block.phase[rows]))
        t, tag, x, y, z, phase = (np.concatenate(c) for c in zip(*cols, strict=True))
        order = np.argsort(t, kind="stable")
        return (
            t[order].astype(np.int64),
            tag[order].astype(np.uint32),
            x[order],
            y[order],
            z[order],
            phase[order].astype(np.float32),
        )


def _kicked(intent: plays.Intent, choice: str, rng: np.random.Generator) -> plays.Played:
    """A kick: all players stand, the ball flies."""
    plan = intent.plan
    snap, flight = int(plan["snap"]), int((3.6 if choice == "punt" else 2.4) * HZ)
    n = snap + flight + HZ
    places = np.tile(plan["pos"], (n, 1, 1))
    facing = np.tile(np.where(np.arange(SLOTS) < 11, 0.0, np.pi), (n, 1))
    far = 41.0 * YD if choice == "punt" else float(plan["to_goal"]) + 10.0 * YD
    share = np.clip((np.arange(n) - snap) / flight, 0.0, 1.0)
    took = flight / HZ
    ball = np.stack((share * far, np.full(n, float(plan["spot"])), 0.3 + 4.9 * took * took * share * (1.0 - share)), axis=1)
    phase = np.where(np.arange(n) < snap, 1.0, np.where(np.arange(n) < snap + flight, float(KICKED), 0.0))
    event_rows = np.array([[engine.SNAP, snap, 0, 4, 0.0, 0.0]])
    return plays.Played(intent, places, facing, ball, phase, event_rows, np.zeros((0, 5)))
