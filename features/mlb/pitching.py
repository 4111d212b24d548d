"""The pitch and the throw behind it: what a pitch-tracking system reports, and times between events on one clock.

*Perceived velocity* is what the pitch seems to a batter: its velocity times the usual distance of release from the plate over the
actual one, 60.5 ft less extension (Statcast glossary); the usual extension is 6.3 ft.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.event_context import EventContext
from features.core.facts import attr
from features.core.sport import Stat
from features.mlb.diamond import FT_M, MPH_MPS, RUBBER_M
from features.mlb.ledger import Ledger

USUAL_EXTENSION_M: Final = 6.3 * FT_M
#: what a pitch, a delivery, a throw can be; anything else is a fault of the feed and is not shown
FASTEST_PITCH_MPS: Final = 110.0 * MPH_MPS
LONGEST_EXTENSION_M: Final = 3.0
DELIVERY_S: Final = (0.6, 2.5)
TEMPO_S: Final = (3.0, 120.0)
POP_S: Final = (1.0, 3.5)
EXCHANGE_S: Final = (0.3, 2.0)
FASTEST_THROW_MPS: Final = 50.0


def within(value: float, bounds: tuple[float, float]) -> float | None:
    return value if bounds[0] <= value <= bounds[1] else None


def velocity(event: EventContext, ledger: Ledger) -> float | None:
    """m/s when the ball left the hand."""
    return within(attr(event, "speed_mps"), (10.0, FASTEST_PITCH_MPS))


def extension(event: EventContext, ledger: Ledger) -> float | None:
    """m in front of the rubber."""
    return within(attr(event, "extension_m"), (0.0, LONGEST_EXTENSION_M))


def perceived(event: EventContext, ledger: Ledger) -> float | None:
    speed, reach = velocity(event, ledger), extension(event, ledger)
    if speed is None or reach is None:
        return None
    return speed * (RUBBER_M - USUAL_EXTENSION_M) / (RUBBER_M - reach)


def spin(event: EventContext, ledger: Ledger) -> float | None:
    """rad/s"""
    return within(attr(event, "spin_radps"), (0.0, 450.0))


def movement(event: EventContext, ledger: Ledger) -> list[float] | None:
    """m by which spin moved the ball: to the catcher's right, and up, against a ball that only falls."""
    x, z = attr(event, "break_x_m"), attr(event, "break_z_m")
    return [x, z] if abs(x) < 1.5 and abs(z) < 1.5 else None


def delivery_time(event: EventContext, ledger: Ledger) -> float | None:
    """s from the first move to the plate: as the feed measured it, else by the event of the first move."""
    measured = within(attr(event, "move_s"), DELIVERY_S)
    return within(event.t_s - ledger.first_move_s, DELIVERY_S) if measured is None else measured


def tempo(event: EventContext, ledger: Ledger) -> float | None:
    """s since this pitcher's last pitch, within one half inning."""
    if event.player < 0 or ledger.last_pitcher != event.player:
        return None
    return within(event.t_s - ledger.last_plate_s, TEMPO_S)


def pop_time(event: EventContext, ledger: Ledger) -> float | None:
    """s from the catcher's mitt to the base."""
    return within(event.t_s - ledger.plate_s, POP_S)


def exchange(event: EventContext, ledger: Ledger) -> float | None:
    """s from mitt to release."""
    return within(event.t_s - ledger.plate_s, EXCHANGE_S)


def arm_strength(event: EventContext, ledger: Ledger) -> float | None:
    """m/s: the ball's speed along the ground from the catcher's hand to the base, by tracking."""
    frames = event.frames
    flown = event.t_s - ledger.throw_s
    if frames is None or event.row < 0 or frames.roster.ball < 0 or not 0.3 <= flown <= 2.5:
        return None
    rows = round(flown / frames.dt_s)
    # the first and the last two frames are hand and glove
    first, last = event.row - rows + 2, event.row - 2
    if first < 0 or last - first < 5:
        return None
    way: Any = frames.xyz[[first, last], frames.roster.ball, :2]
    seconds = float(frames.t[last] - frames.t[first])
    speed = float(np.hypot(*(way[1] - way[0]))) / seconds if seconds > 0.0 else float("nan")
    return within(speed, (5.0, FASTEST_THROW_MPS))


STATS: Final = (
    Stat("mlb.pitch.velocity", "mph", "speed of the pitch at release", "player", velocity, on=("pitch",),
          on_screen_name="pitch card"),
    Stat("mlb.pitch.extension", "ft", "how far in front of the rubber the ball is released", "player", extension, on=("pitch",)),
    Stat(
        "mlb.pitch.perceived_velocity", "mph", "velocity times the usual distance of release over the actual one", "player",
        perceived, on=("pitch",), on_screen_name="pitch card", source="Statcast glossary, Perceived Velocity",
    ),
    Stat("mlb.pitch.spin", "rpm", "spin at release", "player", spin, on=("pitch",), on_screen_name="pitch card"),
    Stat(
        "mlb.pitch.break", "in", "movement by spin: to the catcher's right, and up", "player", movement, on=("pitch",),
        components=("horizontal", "vertical"), on_screen_name="pitch card",
    ),
    Stat(
        "mlb.pitcher.delivery_time", "s", "from the pitcher's first move to the plate", "player", delivery_time, on=("pitch",),
        depends_on_ledger=True, on_screen_name="Lead Probability",
    ),
    Stat(
        "mlb.pitcher.pitch_tempo", "s", "between two pitches of a pitcher in one half inning", "player", tempo, on=("pitch",),
        depends_on_ledger=True, on_screen_name="Pitch Tempo", source="Statcast, Pitch Tempo",
    ),
    Stat(
        "mlb.catcher.exchange", "s", "from the catcher's mitt to the release of the throw", "player", exchange, on=("throw",),
        depends_on_ledger=True, on_screen_name="Pop Time", source="Statcast glossary, Pop Time",
    ),
    Stat(
        "mlb.catcher.pop_time", "s", "from the catcher's mitt until the throw reaches the base", "player", pop_time,
        on=("throw_in",), depends_on_ledger=True, on_screen_name="Pop Time", source="Statcast glossary, Pop Time",
    ),
    Stat(
        "mlb.catcher.arm_strength", "mph", "speed of the catcher's throw along the ground", "player", arm_strength,
        on=("throw_in",), on_screen_name="Pop Time",
    ),
)  # fmt: skip
