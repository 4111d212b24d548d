"""Pressure on the ball carrier, after Andrienko et al., "Visual analysis of pressure in football" (2017).

An opponent presses from within an oval around the carrier that reaches further towards the goal that the carrier
attacks: at the angle theta from that direction its radius is

    L = back + (front - back) (z^3 + 0.3 z) / 1.3,    z = (1 + cos theta) / 2

with 9 m in front and 3 m behind, and the pressure is (1 - d / L)^1.75. The paper adds the pressures of all opponents;
we cap the sum at 1, so that it stays on the catalogue's scale.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel
from features.core.frames import Floats, Frames, Ints
from features.core.sport import WHOLE_GAME, Signal, Stat, Step
from features.soccer.possession import means

FRONT_M: Final = 9.0
BACK_M: Final = 3.0
POWER: Final = 1.75

PRESSURE = Signal("pressure", "0..1", ())
PRESSED = Signal("pressed", "s", ("N", 2))


@kernel
def oval_radius(cosine: float) -> float:
    """Reach of pressure (m) at an angle from the direction of attack, given its cosine."""
    z = (1.0 + cosine) / 2.0
    return BACK_M + (FRONT_M - BACK_M) * (z * z * z + 0.3 * z) / 1.3


@kernel
def pressure_on(xyz: Any, row: int, carrier: int, team: Any, players: Any, attack: float, goal_x: float) -> float:
    """0..1 on ``carrier``, whose team attacks the goal at (attack * goal_x, 0); NaN where the carrier is not seen."""
    x, y = xyz[row, carrier, 0], xyz[row, carrier, 1]
    if np.isnan(x) or np.isnan(y) or attack == 0.0:
        return np.nan
    gx, gy = attack * goal_x - x, -y
    to_goal = np.sqrt(gx * gx + gy * gy)
    total = 0.0
    for j in range(players.shape[0]):
        n = players[j]
        if team[n] == team[carrier]:
            continue
        dx, dy = xyz[row, n, 0] - x, xyz[row, n, 1] - y
        square = dx * dx + dy * dy
        if not square < FRONT_M * FRONT_M:  # a NaN is not
            continue
        d = np.sqrt(square)
        # on the goal line's middle, or in each other's place, there is no direction: it counts as in front
        cosine = (dx * gx + dy * gy) / (d * to_goal) if d > 0.0 and to_goal > 0.0 else 1.0
        reach = oval_radius(cosine)
        if d < reach:
            total += (1.0 - d / reach) ** POWER
    return min(total, 1.0)


@kernel
def press(
    xyz: Any, t: Any, controller: Any, team: Any, players: Any, attack: Any, goal_x: float, lo: int, hi: int, out: Any, pressed: Any
) -> None:
    """Pressure on the player in control of the ball into ``out`` (rows,), NaN without one; and into ``pressed`` (rows, N,
    2) each player's pressure summed over the time in control, with that time, s."""
    for i in range(max(lo, 1), hi):
        dt = t[i] - t[i - 1]
        for n in range(pressed.shape[1]):
            pressed[i, n, 0], pressed[i, n, 1] = pressed[i - 1, n, 0], pressed[i - 1, n, 1]
        out[i] = np.nan
        n = controller[i]
        if n < 0:
            continue
        out[i] = pressure_on(xyz, i, n, team, players, attack[i] if team[n] == 0 else -attack[i], goal_x)
        if np.isnan(out[i]) or not dt > 0.0:
            continue
        if np.isnan(pressed[i, n, 1]):
            pressed[i, n, 0], pressed[i, n, 1] = 0.0, 0.0
        pressed[i, n, 0] += out[i] * dt
        pressed[i, n, 1] += dt


def pressure(frames: Frames) -> None:
    press(
        frames.xyz,
        frames.t,
        frames["controller"],
        frames.roster.team,
        frames.roster.players,
        frames.attack,
        frames.field.length_m / 2,
        frames.lo,
        frames.hi,
        frames["pressure"],
        frames["pressed"],
    )


@kernel
def _on_carrier(pressure: Any, controller: Any, ends: Any, out: Any) -> None:
    for k in range(ends.shape[0]):
        if controller[ends[k]] >= 0:
            out[k, controller[ends[k]]] = pressure[ends[k]]


def carrier_pressure(frames: Frames, ends: Ints) -> Floats:
    """(K, N): a value for the player in control of the ball, NaN for the others."""
    out = np.full((len(ends), len(frames.roster)), np.nan)
    _on_carrier(frames["pressure"], frames["controller"], ends, out)
    return out


def mean_pressure(frames: Frames, ends: Ints) -> Floats:
    """(K, N), mean over the time each has controlled the ball so far; NaN for those who have not."""
    return means(frames["pressed"], ends)


SIGNALS: Final = (PRESSURE, PRESSED)
STEPS: Final = (Step("pressure.carrier", pressure, (PRESSURE, PRESSED)),)
STATS: Final = (
    Stat(
        "soccer.player.pressure",
        "0..1",
        "pressure on the ball carrier: sum over opponents in an oval of 9 m towards the goal and 3 m behind, at most 1",
        "player",
        carrier_pressure,
        on_screen_name="Most Pressed Player",
        source="Andrienko et al., Visual analysis of pressure in football, 2017",
    ),
    Stat(
        "soccer.player.mean_pressure",
        "0..1",
        "mean of soccer.player.pressure over the player's time on the ball so far",
        "player",
        mean_pressure,
        every_s=1.0,
        on_screen_name="Most Pressed Player",
        looks_back_s=WHOLE_GAME,
    ),
)
