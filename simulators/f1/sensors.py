"""The other channels of a car by its motion: each rests at a level and responds to some of eleven inputs.

The answers are simple (temperatures follow what heats them with a time constant, loads follow speed squared, and so on): enough
that every channel has its own level, its own context and its own noise, and that a fault in one is a fault in nothing else.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from features.f1.channels import CHANNELS, PLACE, POSITION, SHOWN
from simulators.f1.race import Floats

#: the inputs, each about 0..1 (lateral and longitudinal -1..1)
INPUTS: Final = ("one", "speed", "speed2", "throttle", "brake", "lateral", "forward", "revs", "wear", "fuel", "store")
_STATE: Final = ("drs_open", "pit_limiter", "flag", "tyre_age_laps", "tyre_compound", "store_share", "deploy_w", "fuel_kg")
#: channels that this table makes
MADE: Final = tuple(c.name for c in CHANNELS if c.name not in (*SHOWN, *PLACE, *POSITION, *_STATE))

#: by how a name begins: level, spread of the noise, time constant (s, 0 at once), and the answers to inputs
_RULES: Final[tuple[tuple[str, float, float, float, dict[str, float]], ...]] = (
    ("vertical", 9.8, 0.8, 0.0, {"speed2": 2.0}), ("yaw", 0.0, 0.02, 0.0, {"lateral": 0.9}),
    ("steering", 0.0, 0.02, 0.0, {"lateral": 1.4}), ("roll", 0.0, 0.001, 0.0, {"lateral": 0.02}),
    ("pitch", 0.0, 0.001, 0.0, {"forward": -0.02}), ("wheel_speed", 0.0, 0.5, 0.0, {"speed": 290.0}),
    ("tyre_surface", 350.0, 1.5, 2.0, {"lateral2": 30.0, "brake": 20.0, "wear": 8.0}),
    ("tyre_carcass", 355.0, 0.4, 25.0, {"lateral2": 25.0, "speed2": 10.0}),
    ("tyre_pressure", 150e3, 300.0, 20.0, {"speed2": 9e3}), ("tyre_wear", 0.0, 0.002, 0.0, {"wear": 1.0}),
    ("slip", 0.01, 0.004, 0.0, {"throttle": 0.03, "brake": 0.04}), ("brake_disc", 600.0, 6.0, 4.0, {"brake": 500.0,
    "speed2": -80.0}),
    ("brake_pressure", 1e5, 5e3, 0.0, {"brake": 8e6}), ("brake_wear", 0.0, 0.002, 0.0, {"wear": 0.6}),
    ("suspension_travel", 0.02, 0.001, 0.0, {"speed2": 0.02, "brake": 0.006}),
    ("suspension_load", 1800.0, 60.0, 0.0, {"speed2": 4200.0, "fuel": 260.0}), ("hub", 0.0, 4.0, 0.0, {"speed": 6.0}),
    ("cylinder", 4e6, 1e5, 0.0, {"throttle": 1.2e7, "revs": 1e6}), ("knock", 1.0, 0.3, 0.0, {"throttle": 2.0}),
    ("gearbox_vibration", 2.0, 0.6, 0.0, {"revs": 5.0}), ("crank_vibration", 1.0, 0.4, 0.0, {"revs": 4.0}),
    ("floor", 9.5e4, 200.0, 0.0, {"speed2": -9e3}), ("wing_vibration", 0.5, 0.3, 0.0, {"speed2": 3.0}),
    ("shaft", 0.0, 0.002, 0.0, {"throttle": 0.05}), ("fuel_flow", 0.0, 2e-4, 0.0, {"throttle": 0.0278}),
    ("oil_k", 385.0, 0.3, 30.0, {"throttle": 12.0}), ("oil_pa", 3e5, 3e3, 0.0, {"revs": 3e5}),
    ("water_k", 375.0, 0.3, 30.0, {"throttle": 14.0, "speed2": -3.0}), ("water_pa", 2.5e5, 1e3, 5.0, {"revs": 8e4}),
    ("turbo", 3000.0, 60.0, 1.0, {"throttle": 9000.0}), ("boost", 1e5, 2e3, 0.6, {"throttle": 3e5}),
    ("exhaust", 900.0, 5.0, 3.0, {"throttle": 250.0}), ("intake", 310.0, 0.5, 10.0, {"throttle": 15.0}),
    ("torque", 0.0, 4.0, 0.0, {"throttle": 600.0}), ("gearbox_k", 370.0, 0.3, 40.0, {"revs": 20.0}),
    ("gearbox_pa", 1.5e6, 1e4, 0.0, {"revs": 4e5}), ("clutch", 1.0, 0.004, 0.0, {}), ("store_j", 0.0, 4e3, 0.0, {"store": 4e6}),
    ("harvest", 0.0, 400.0, 0.0, {"brake": 1.2e5}), ("motor_radps", 0.0, 8.0, 0.0, {"revs": 5000.0}),
    ("motor_k", 340.0, 0.3, 30.0, {"throttle": 30.0}), ("battery_k", 315.0, 0.2, 60.0, {"throttle": 8.0}),
    ("battery_v", 780.0, 2.0, 0.0, {"store": 120.0}), ("battery_a", 0.0, 2.0, 0.0, {"throttle": 150.0, "brake": -150.0}),
    ("inverter", 330.0, 0.3, 20.0, {"throttle": 20.0}), ("front_load", 600.0, 60.0, 0.0, {"speed2": 9000.0}),
    ("rear_load", 800.0, 60.0, 0.0, {"speed2": 11_000.0}), ("pitot", 0.0, 20.0, 0.0, {"speed2": 5000.0}),
    ("ride_front", 0.035, 0.0006, 0.0, {"speed2": -0.018}), ("ride_rear", 0.09, 0.0008, 0.0, {"speed2": -0.05}),
    ("air", 297.0, 0.1, 60.0, {}),
)  # fmt: skip


def _tables() -> tuple[Floats, Floats, Floats]:
    inputs = (*INPUTS, "lateral2")
    weights, noise, lag = np.zeros((len(MADE), len(inputs))), np.zeros(len(MADE)), np.zeros(len(MADE))
    for i, name in enumerate(MADE):
        level, spread, constant, answers = next(rule[1:] for rule in _RULES if name.startswith(rule[0]))
        weights[i, 0], noise[i], lag[i] = level, spread, constant
        for word, answer in answers.items():
            weights[i, inputs.index(word)] = answer
    return weights, noise, lag


WEIGHTS, NOISE, LAG_S = _tables()


class Sensors:
    """All the made channels of a race's cars, window by window; lagging ones carry their state from call to call."""

    def __init__(self, cars: int, seed: int) -> None:
        self._rng = np.random.Generator(np.random.Philox(key=[seed, 0x5E4]))
        self._bias = 1.0 + 0.004 * self._rng.normal(0.0, 1.0, (cars, len(MADE)))
        self._lagged: Floats | None = None

    def read(self, inputs: Floats, dt_s: float) -> Floats:
        """(T, N, len(MADE)) from inputs (T, N, I)."""
        rows, cars, _ = inputs.shape
        wide = np.concatenate([inputs, inputs[:, :, 5:6] ** 2], axis=2)
        level = np.tensordot(wide, WEIGHTS, axes=([2], [1]))
        slow = np.flatnonzero(LAG_S > 0)
        keep = np.exp(-dt_s / LAG_S[slow])
        state = level[0][:, slow] if self._lagged is None else self._lagged
        for r in range(rows):
            state = keep * state + (1.0 - keep) * level[r][:, slow]
            level[r][:, slow] = state
        self._lagged = state
        return np.asarray(level * self._bias + NOISE * self._rng.normal(0.0, 1.0, (rows, cars, len(MADE))), np.float64)
