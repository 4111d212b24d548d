"""A made-up race: see ``scripted_sports``."""

from __future__ import annotations

import math

import numpy as np

from streaming.wire.records import Entity, Team
from tests.streaming.web.scripted_base import T0_US, Scripted, record_of

CONSTRUCTORS = [
    ("Aurora", "#3671c6"), ("Vermilion", "#e8002d"), ("Silverline", "#27f4d2"), ("Papaya", "#ff8000"), ("Emerald", "#229971"),
    ("Azure", "#64c4ff"), ("Ivory", "#b6babd"), ("Lime", "#52e252"), ("Rose", "#ff87bc"), ("Navy", "#6692ff"),
]  # fmt: skip
DRIVERS = [
    "Vale", "Okonkwo", "Lindholm", "Sato", "Moreau", "Brandt", "Ferrante", "Haugen", "Castellanos", "Whitlock", "Petrov",
    "Nakamura", "Diallo", "Keane", "Álvarez", "Søndergaard", "Rossi", "Traoré", "Ito", "van der Berg",
]  # fmt: skip


class Racing(Scripted):
    """Twenty cars round a made-up circuit, with a fight for the second place."""

    sport = "f1"
    LAP_S = 60.0

    def __init__(self, game: str = "f1-demo", t0_us: int = T0_US) -> None:
        people = [
            Entity(id=f"car-{i + 1}", name=f"{'ABCDEFGHIJKLMNOPQRST'[i]}. {name}", team=f"t{i // 2}", role="car", shirt=i + 1)
            for i, name in enumerate(DRIVERS)
        ]
        teams = [Team(id=f"t{i}", name=n, colour=c) for i, (n, c) in enumerate(CONSTRUCTORS)]
        super().__init__(record_of(game, "f1", "Grand Prix of the Dunes", teams, people, t0_us))
        self.gaps = np.array(
            [0, 3.1, 3.72, 6.9, 8.2, 8.9, 12.4, 15.0, 15.8, 19.2, 22.8, 24.0, 27.7, 31.1, 33.9, 38.0, 41.5, 44.4, 49.0, 58.2]
        )

    @staticmethod
    def track(share: np.ndarray) -> np.ndarray:
        """(N, 2) m at shares of a lap."""
        a = 2 * math.pi * share
        r = 520 + 150 * np.cos(3 * a + 0.6) + 90 * np.sin(2 * a) + 45 * np.cos(7 * a)
        return np.stack([1.5 * r * np.cos(a), 0.9 * r * np.sin(a)], axis=1)

    def positions(self, t: float) -> np.ndarray:
        out = np.zeros((20, 3))
        out[:, :2] = self.track((t - self.gaps + 70) / self.LAP_S)
        return out

    def publish_step(self) -> None:
        t = self.t
        self.gaps[2] = 3.72 + 0.4 * math.sin(t * 0.11)
        self.gaps[5] = 8.9 + 0.2 * math.sin(t * 0.2)
        cars = self.ids
        if self.k == 1:
            self.report("lights_out", attrs={"laps": 57.0})
            for i, car in enumerate(cars):
                self.report(
                    "tyres", player=car, attrs={"compound": ("medium", "hard", "soft")[i % 3], "age_laps": float(4 + i % 7)}
                )
        if self.k % 50 == 2:
            self.report("loop", player=cars[0], attrs={"lap": 23.0 + self.k // 300, "loop": 1.0})
        if self.k == 300:
            self.report("track_status", attrs={"status": "virtual_safety_car"})
        if self.k == 400:
            self.report("track_status", attrs={"status": "clear"})
        interval = np.diff(self.gaps, prepend=0.0)
        self.publish("f1.car.position", "place", cars, np.arange(20) + 1.0)
        self.publish("f1.car.gap", "s", cars, self.gaps)
        self.publish("f1.car.interval", "s", cars, np.where(np.arange(20) == 0, np.nan, interval))
        wave = (np.sin(t * 0.9 - np.arange(20)) + 1) / 2
        stats = {
            "speed": ("km/h", 90 + 225 * wave),
            "throttle": ("%", 100 * (wave > 0.4)),
            "brake": ("%", 100 * (wave < 0.18)),
            "gear": ("-", np.ceil(2 + 6 * wave)),
            "rpm": ("rpm", 8200 + 3600 * wave),
        }
        for name, (unit, v) in stats.items():
            self.publish(f"f1.car.{name}", unit, cars, np.stack([v, v * 0.98, v * 1.01, v], axis=1))
        probability = np.where(
            (interval > 0) & (interval < 3), np.clip(0.62 - 0.35 * interval + 0.1 * np.sin(t * 0.15), 0.01, 0.95), np.nan
        )
        self.publish("f1.battle.overtake_probability", "0..1", cars, probability)
        if self.k % 25 == 1:
            probabilities = 0.5 ** (1 + np.arange(20)) * np.where(np.arange(20) < 18, 1.0, np.nan)  # the last two are out
            self.publish("f1.race.win_probability", "0..1", cars, probabilities / np.nansum(probabilities))
        if self.k % 5 == 0:
            self.publish("f1.battle.laps_to_catch", "laps", cars, np.where(interval < 3, interval / 0.21, np.nan))
            self.publish("f1.car.tyre_degradation", "s/lap", cars, 0.03 + 0.006 * np.arange(20))
        if self.k % 30 == 10:
            for i in (0, 2):
                ident = self.report("corner", player=cars[i], attrs={"corner": 7.0, "apex_m": 2210.0})
                for name, unit, v in (
                    ("corner_entry_speed", "km/h", 291 - i),
                    ("corner_apex_speed", "km/h", 104 - i),
                    ("corner_exit_speed", "km/h", 171 + i),
                    ("braking_point", "m", 96 + 2 * i),
                    ("braking_g", "g", 4.6),
                ):
                    self.publish(f"f1.car.{name}", unit, cars[i], float(v), event=ident)
