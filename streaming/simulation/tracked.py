"""The operator of a game itself in the simulated world: packets of positions and marks of a small sport, through ``GameOperator``.

Its snapshots, windows, waiting events, ledger and provisional values go through the same runners, crashes and faults as the sums of
``tally``. It costs fifty times as much, so that few seeds have it (``touchline sim --operator real``).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Field, Frames
from features.core.sport import EventStep, Signal, Sport, Stat, Step
from streaming.operator.game import GameOperator
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.records import Entity, Event, Feed, GameRecord, Period, Tag, Team, Telemetry

#: the topics of the simulated world are this sport's
SPORT: Final = "tally"
HZ: Final = 10
#: of a packet, microseconds
PACKET_US: Final = 200_000
#: the games of the simulated world happened that long before they are sent, so that nothing is ahead of its arrival
AGO_US: Final = 60_000_000
RUNNERS: Final = 3


def _step_m(f: Frames) -> None:
    """The way between two rows, and all of it so far."""
    step, way = f["tally_step"], f["tally_way"]
    for row in range(f.lo, f.hi):
        between = f.xyz[row, :, :2] - f.xyz[row - 1, :, :2]
        step[row] = np.hypot(between[:, 0], between[:, 1])
        way[row] = way[row - 1] + np.nan_to_num(step[row])


def _place(m: EventContext) -> None:
    m.facts["x"] = None if m.frames is None or m.row < 0 else float(m.frames.xyz[m.row, m.player, 0])


class _Marks(msgspec.Struct):
    players: int
    marks: int = 0


def _count(m: EventContext, ledger: _Marks) -> None:
    ledger.marks += 1


WALK: Final = Sport(
    name=SPORT,
    field=Field(100.0, 60.0),
    grid_hz=HZ,
    hop_s=0.2,
    span_s=0.4,
    max_speed_mps={"player": 13.0, "ball": 60.0},
    event_types=frozenset({"mark"}),
    signals=(Signal("tally_step", "m", ("N",)), Signal("tally_way", "m", ("N",), fill=0.0)),
    steps=(Step("tally.step", _step_m),),
    event_steps=(EventStep("tally.place", _place, ("mark",), "extract"), EventStep("tally.count", _count, ("mark",), "apply")),
    stats=(
        Stat("tally.step", "m", "The way since the row before.", "player", lambda f, ends: f["tally_step"][ends]),
        Stat("tally.way", "m", "The way so far.", "player", lambda f, ends: f["tally_way"][ends]),
        Stat("tally.place", "m", "Where it was.", "player", lambda m, ledger: m.facts["x"], on=("mark",)),
        Stat(
            "tally.marks",
            "count",
            "Marks before this one.",
            "match",
            lambda m, ledger: float(ledger.marks),
            on=("mark",),
            depends_on_ledger=True,
        ),
    ),
    ledger=_Marks,
)


class TrackedOperator(GameOperator):
    """``GameOperator`` of this sport."""

    def __init__(self, record: GameRecord) -> None:
        super().__init__(WALK, record, draw=False)


def script(game: str, events: int, t0_us: int) -> list[bytes]:
    """The records of a game, as they go to the input topic: packets and marks in turns, of which one comes twice, one late and one
    cannot be read."""
    t0_us -= AGO_US
    entities = [Entity(id=f"r{number}", team="home") for number in range(RUNNERS)]
    record = GameRecord(
        game=game,
        sport=SPORT,
        t0_us=t0_us,
        teams=(Team(id="home", name="Home"), Team(id="away", name="Away")),
        entities=[*entities, Entity(id="ball", role="ball")],
        tags=[Tag(tag=1 + number, entity=one.id) for number, one in enumerate(entities)] + [Tag(tag=9, entity="ball")],
        feeds=[
            Feed(name="tracking", kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
            Feed(name="events", kind="events", lateness_ms=300),
        ],
        periods=[Period(number=1, start_us=t0_us, home_attacks=1)],
    )
    sent: list[Telemetry | Event] = []
    for number in range(events):
        start_us = t0_us + number * PACKET_US
        sent.append(_packet(game, start_us, t0_us))
        if number % 2:
            sent.append(
                Event(
                    id=f"m{number}",
                    game=game,
                    type="mark",
                    t_us=start_us + 50_000,
                    period=1,
                    team="home",
                    player=f"r{number % RUNNERS}",
                )
            )
    found = [encode_feed(GameStart(record=record)), *map(encode_feed, sent)]
    middle = len(found) // 2
    found.insert(middle, b"no record")
    found.insert(middle, found[middle - 1])
    found.append(found[1])
    return [*found, encode_feed(GameEnd(game=game))]


def _packet(game: str, start_us: int, t0_us: int) -> Telemetry:
    """Everybody runs on a circle of its own."""
    tags = np.array([*range(1, RUNNERS + 1), 9], np.uint32)
    t_us = np.repeat(start_us + np.arange(1, HZ * PACKET_US // 1_000_000 + 1) * (1_000_000 // HZ), len(tags))
    angle = (t_us - t0_us) / 1e6 + np.tile(tags.astype(np.float64), len(t_us) // len(tags))
    return Telemetry(
        game,
        "tracking",
        t_us.astype(np.int64),
        np.tile(tags, len(t_us) // len(tags)),
        (5.0 * np.cos(angle)).astype(np.float32),
        (5.0 * np.sin(angle)).astype(np.float32),
        np.zeros(len(t_us), np.float32),
        0,
    )
