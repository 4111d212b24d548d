"""The 120 channels of a car: names with their units, their own rates at the car, and which statistics of a 100 ms window travel.

Rates are of our own choice, of the size that loggers of such cars have: temperatures at 10 Hz, dynamics at some hundred, and 24
channels of vibration and pressure at 200 kHz, which make nearly all of the bytes. Temperatures are kelvin, gears and states plain
numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WHEELS: Final = ("fl", "fr", "rl", "rr")
#: statistics of a window, in the order in which a reducer writes them; the mean goes by the channel's own name
STATISTICS: Final = ("mean", "min", "max", "last")


#: on the samples of a provider that measures more slowly than packets come: 1 where the window has a value of the car's own,
#: 0 where it was filled in between two of them
MEASURED: Final = "measured"
#: place and gaps as timing gives them, on the samples of a feed that has no lap distance
TIMED: Final = ("timing_place", "timing_gap_s", "timing_interval_s")


@dataclass(frozen=True)
class Channel:
    """``rate_hz`` is what the car itself samples at."""

    name: str
    rate_hz: int
    group: str


def _four(stem: str, unit: str, rate_hz: int, group: str) -> list[Channel]:
    return [Channel(f"{stem}_{wheel}_{unit}", rate_hz, group) for wheel in WHEELS]


def _all(group: str, rate_hz: int, *names: str) -> list[Channel]:
    return [Channel(name, rate_hz, group) for name in names]


#: mean, min, max and last of these are shown
SHOWN: Final = ("speed_mps", "throttle_share", "brake_share", "gear", "engine_radps", "lateral_mps2", "longitudinal_mps2")
#: where a car is: of these the last value of a window counts, not the mean
PLACE: Final = ("lap", "lap_distance_m")
POSITION: Final = ("x_m", "y_m", "z_m")

CHANNELS: Final[tuple[Channel, ...]] = (
    *_all("motion", 500, *SHOWN),
    *_all("motion", 50, *PLACE, *POSITION),
    *_all("motion", 500, "vertical_mps2", "yaw_rate_radps", "steering_rad", "roll_rad", "pitch_rad"),
    *_all("state", 10, "drs_open", "pit_limiter", "flag", "tyre_age_laps", "tyre_compound"),
    *_four("wheel_speed", "radps", 1000, "wheels"),
    *_four("tyre_surface", "k", 100, "tyres"),
    *_four("tyre_carcass", "k", 10, "tyres"),
    *_four("tyre_pressure", "pa", 10, "tyres"),
    *_four("tyre_wear", "share", 10, "tyres"),
    *_four("slip", "share", 500, "tyres"),
    *_four("brake_disc", "k", 100, "brakes"),
    *_four("brake_pressure", "pa", 500, "brakes"),
    *_four("brake_wear", "share", 10, "brakes"),
    *_four("suspension_travel", "m", 1000, "suspension"),
    *_four("suspension_load", "n", 1000, "suspension"),
    *_four("hub_vibration", "mps2", 200_000, "vibration"),
    *[Channel(f"cylinder_{i}_pa", 200_000, "engine") for i in range(1, 7)],
    *[Channel(f"knock_{i}_mps2", 200_000, "engine") for i in range(1, 7)],
    *_all("vibration", 200_000, "gearbox_vibration_mps2", "crank_vibration_mps2", "floor_1_pa", "floor_2_pa", "floor_3_pa",
          "floor_4_pa", "wing_vibration_mps2", "shaft_torsion_rad"),
    *_all("engine", 100, "fuel_kg", "fuel_flow_kgps", "oil_k", "oil_pa", "water_k", "water_pa", "turbo_radps", "boost_pa",
          "exhaust_k", "intake_k", "torque_nm"),
    *_all("gearbox", 100, "gearbox_k", "gearbox_pa", "clutch_share"),
    *_all("energy", 100, "store_j", "store_share", "deploy_w", "harvest_w", "motor_radps", "motor_k", "battery_k", "battery_v",
          "battery_a", "inverter_k"),
    *_all("aero", 200, "front_load_n", "rear_load_n", "pitot_pa", "ride_front_m", "ride_rear_m", "air_k"),
)  # fmt: skip
NAMES: Final = tuple(channel.name for channel in CHANNELS)


def column(name: str, statistic: str) -> str:
    """The name that a statistic of a channel has in a packet: ``speed_mps``, ``speed_mps.min``."""
    return name if statistic == "mean" else f"{name}.{statistic}"


#: the columns of a packet that the stats read, besides x, y and z
COLUMNS: Final[tuple[str, ...]] = (
    *(name for name in NAMES if name not in POSITION and name not in PLACE),
    *(column(name, statistic) for name in SHOWN for statistic in STATISTICS[1:]),
    *(column(name, "last") for name in PLACE),
)
#: channels among which something may be odd: everything but what says where a car is and in which state
WATCHED: Final[tuple[str, ...]] = tuple(c.name for c in CHANNELS if c.group != "state" and c.name not in (*PLACE, *POSITION))
