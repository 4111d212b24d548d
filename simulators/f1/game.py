"""A race as records: its game record, the 100 ms packets of every car, and the events of timing and race control as they arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from features.f1.channels import COLUMNS, SHOWN
from features.f1.vocabulary import SAFETY_CAR
from simulators.common import Record, check, in_order, simulated
from simulators.f1 import sensors
from simulators.f1.loops import SAFETY_OFF, SAFETY_ON
from simulators.f1.motion import Motion, pedals
from simulators.f1.race import Floats, Race
from simulators.f1.report import reports
from simulators.f1.teams import field
from simulators.f1.track import LAP_M, Track, circuit
from streaming.errors import BadInput
from streaming.wire.records import Event, Feed, GameRecord, Period, Telemetry

T0_US: Final = 1_773_579_600_000_000  #: 2026-03-15 13:00 UTC
HZ: Final = 10
STEP_US: Final = 1_000_000 // HZ
SUB: Final = 5  #: moments of a window at which a car is looked at, for its least and greatest values
LIGHTS_S: Final = 6.0  #: from t0 to lights out
ROLL_S: Final = 15.0  #: how long the cars are followed past the flag, and a car that is out until it falls silent
CHUNK: Final = 100  #: windows computed at once; independent of how they are packed
FULL_LAPS: Final = 57
LAP_WITH_ALL_S: Final = 88.0
FEED: Final = "cars"


class GrandPrix:
    """One seeded race. ``record`` is known at once; ``stream()`` plays it from the start, each call anew and identically.

    ``fault`` is a sensor that goes wrong, as ``channel:car:second:drift per second`` (car from 1, second from lights out).
    ``cars`` is how many start.
    """

    def __init__(
        self,
        seed: int,
        minutes: float = 90.0,
        *,
        game: str | None = None,
        t0_us: int = T0_US,
        fault: str | None = None,
        cars: int = 20,
    ) -> None:
        check("race", seed, minutes, 240)
        if not 2 <= cars <= 20:
            raise BadInput(f"a race has 2 to 20 cars, not {cars}")
        self.seed, self.t0_us = seed, t0_us
        self.track: Track = circuit()
        laps = min(max(round((60.0 * minutes - ROLL_S - LIGHTS_S) / LAP_WITH_ALL_S), 2), FULL_LAPS)
        self.race = Race(seed, laps, cars)
        self.fault = _fault(fault, cars)
        finish = self.race.t[:, -1]
        end_s = LIGHTS_S + float(finish[np.isfinite(finish)].max()) + ROLL_S if np.isfinite(finish).any() else 60.0 * minutes
        self.windows = round(min(end_s, 60.0 * minutes) * HZ)
        rng = np.random.Generator(np.random.Philox(key=[seed, 0x6172]))
        teams, entities, tags = field(rng, self.race.cars)
        size = np.ptp(self.track.place_m, axis=0)
        self.record = GameRecord(
            game=game or f"f1-{seed}",
            sport="f1",
            t0_us=t0_us,
            teams=teams,
            entities=entities,
            tags=tags,
            feeds=[
                Feed(name=FEED, kind="telemetry", rate_hz=HZ, lateness_ms=100, aligned=True),
                Feed(name="timing", kind="events", lateness_ms=2000),
            ],
            periods=[Period(number=1, start_us=t0_us, end_us=t0_us + self.windows * STEP_US, home_attacks=0)],
            length_m=float(np.ceil(2 * np.abs(self.track.place_m[:, 0]).max())) + 100.0,
            width_m=float(np.ceil(2 * np.abs(self.track.place_m[:, 1]).max())) + 100.0,
            title=f"Touchline Grand Prix {seed}, {laps} laps",
            provenance=simulated(
                "f1", seed, minutes, laps=str(laps), lap_m=f"{LAP_M:g}", map_m=" x ".join(f"{v:.0f}" for v in size)
            ),
        )

    # -- telemetry -------------------------------------------------------------------------------------------------

    def _safety(self, t: Floats) -> npt.NDArray[np.bool_]:
        """(T,) whether the safety car is out at race times."""
        out = np.zeros(t.shape, np.bool_)
        on = [row[4] for row in self.race.events if row[0] == SAFETY_ON]
        off = [row[4] for row in self.race.events if row[0] == SAFETY_OFF]
        for k, start in enumerate(on):
            out |= (t >= start) & (t < (off[k] if k < len(off) else np.inf))
        return out

    def chunks(self) -> Iterator[tuple[npt.NDArray[np.int64], Floats, dict[str, Floats], npt.NDArray[np.bool_], Floats]]:
        """``CHUNK`` windows at a time: t_us (T,), places (T, N, 3) m, columns (T, N) by name, whether the car sends (T, N), and
        the race distances (T + 1, N) m at the ends of the windows and of the one before them."""
        race, cars = self.race, self.race.cars
        motions = [Motion(race, n) for n in range(cars)]
        spans = [[m.pit_span(g) for g in m.stops] for m in motions]
        made = sensors.Sensors(cars, self.seed)
        before = np.array([m.at(np.array([-LIGHTS_S]))[0][0] for m in motions])
        for first in range(0, self.windows, CHUNK):
            n = min(CHUNK, self.windows - first)
            moments = np.arange(1, n * SUB + 1) / (HZ * SUB) + first / HZ - LIGHTS_S
            t = moments[SUB - 1 :: SUB]
            places, columns = np.empty((n, cars, 3)), {name: np.empty((n, cars)) for name in COLUMNS}
            inputs, sends = np.zeros((n, cars, len(sensors.INPUTS))), np.ones((n, cars), np.bool_)
            distances = np.empty((n + 1, cars))
            distances[0] = before
            flag = np.where(self._safety(t), float(SAFETY_CAR), 0.0)
            for car, motion in enumerate(motions):
                distance, speed = motion.at(moments)
                shown = pedals(self.track, distance, speed, 1.0 / (HZ * SUB))
                distances[1:, car] = distance[SUB - 1 :: SUB]
                places[:, car] = self.track.at(distances[1:, car])
                for name in SHOWN:
                    parts = shown[name].reshape(n, SUB)
                    columns[name][:, car] = parts[:, -1] if name == "gear" else parts.mean(axis=1)
                    columns[f"{name}.min"][:, car], columns[f"{name}.max"][:, car] = parts.min(axis=1), parts.max(axis=1)
                    columns[f"{name}.last"][:, car] = parts[:, -1]
                self._state(car, motion, t, distances[1:, car], columns, flag, spans[car], inputs)
                if motion.last < len(motion.times) - 1:
                    sends[:, car] = t <= motion.end_s + ROLL_S
            values = made.read(inputs, 1.0 / HZ)
            for i, name in enumerate(sensors.MADE):
                columns[name][:] = values[:, :, i]
            if self.fault is not None:
                name, car, start_s, drift = self.fault
                columns[name][:, car] += drift * np.maximum(t - start_s, 0.0)
            before = distances[-1]
            t_us = self.t0_us + (first + 1 + np.arange(n, dtype=np.int64)) * STEP_US
            yield t_us, places, columns, sends, distances

    def _state(
        self,
        car: int,
        motion: Motion,
        t: Floats,
        distance: Floats,
        columns: dict[str, Floats],
        flag: Floats,
        spans: list[tuple[float, float]],
        inputs: Floats,
    ) -> None:
        race = self.race
        lap = np.maximum(np.floor(distance / LAP_M), 0.0)
        lap_m = distance - lap * LAP_M
        columns["lap.last"][:, car], columns["lap_distance_m.last"][:, car] = lap + 1.0, lap_m
        began = race.history[np.minimum(lap, race.laps - 1).astype(int), car]
        limiter = np.zeros(len(t))
        for entry, leave in spans:
            limiter[(t >= entry) & (t <= leave)] = 1.0
        speed, throttle, brake = (columns[name][:, car] for name in ("speed_mps", "throttle_share", "brake_share"))
        straight = (throttle > 0.95) & (speed > 72.0)
        store = np.interp(np.mod(distance, LAP_M), np.arange(len(self._store)), self._store)
        columns["drs_open"][:, car], columns["pit_limiter"][:, car] = straight & (flag == 0.0), limiter
        columns["flag"][:, car] = flag
        columns["tyre_age_laps"][:, car], columns["tyre_compound"][:, car] = began[:, 0], began[:, 1]
        fuel = 105.0 * np.clip(1.0 - distance / (race.laps * LAP_M), 0.0, 1.0)
        columns["fuel_kg"][:, car], columns["store_share"][:, car] = fuel, store
        columns["deploy_w"][:, car] = 120e3 * straight * np.clip(store * 1.5, 0.0, 1.0)
        revs = columns["engine_radps"][:, car]
        for k, values in enumerate(
            (
                1.0,
                speed / 90.0,
                (speed / 90.0) ** 2,
                throttle,
                brake,
                columns["lateral_mps2"][:, car] / 45.0,
                columns["longitudinal_mps2"][:, car] / 50.0,
                (revs - 900.0) / 400.0,
                began[:, 0] / 30.0,
                fuel / 105.0,
                store,
            )
        ):
            inputs[:, car, k] = values

    @property
    def _store(self) -> Floats:
        """How full the energy store is along the lap: braking fills it, full throttle empties it, a lap leaves it as it was."""
        if not hasattr(self, "_energy"):
            a = self.track.forward_mps2
            flow = np.where(a < -3.0, -a / 45.0, np.where(a > 1.0, -1.0, 0.0))
            flow[flow < 0] *= flow[flow > 0].sum() / -flow[flow < 0].sum()
            way = np.cumsum(flow)
            self._energy = 0.1 + 0.85 * (way - way.min()) / np.ptp(way)
        return np.asarray(self._energy, np.float64)

    # -- the stream ------------------------------------------------------------------------------------------------

    def stream(self, frames_per_packet: int = 1) -> Iterator[Record]:
        """Packets of ``frames_per_packet`` windows of all cars, and events, in the order of their arrival. A packet of one window
        has one arrival; a longer one has an arrival per sample and comes when its last sample has."""
        if frames_per_packet < 1:
            raise BadInput(f"a packet carries at least one window, not {frames_per_packet}")
        return in_order(self._parts(frames_per_packet))

    def _parts(self, frames_per_packet: int) -> Iterator[tuple[Iterable[Event], Iterable[Telemetry]]]:
        """What timing and race control report, and then a chunk at a time the corners that were left and the packets that are full;
        at the end the packet that is not."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, 0xA44]))
        end_us = self.t0_us + self.windows * STEP_US
        yield [event for event in reports(self.race, self.record, self.t0_us, LIGHTS_S) if event.t_us <= end_us], []
        held: list[Telemetry] = []
        for t_us, places, columns, sends, distances in self.chunks():
            arrival = t_us + rng.integers(8_000, 30_000, len(t_us))
            yield self._corners(t_us, distances, sends), self._full(held, t_us, arrival, places, columns, sends, frames_per_packet)
        if held:
            yield [], [_joined(held)]

    def _full(
        self,
        held: list[Telemetry],
        t_us: npt.NDArray[np.int64],
        arrival_us: npt.NDArray[np.int64],
        places: Floats,
        columns: dict[str, Floats],
        sends: npt.NDArray[np.bool_],
        size: int,
    ) -> Iterator[Telemetry]:
        """Packets of ``size`` windows; the windows of one that is not full yet stay in ``held``."""
        for k in range(len(t_us)):
            held.append(self._packet(int(t_us[k]), int(arrival_us[k]), places[k], columns, k, sends[k]))
            if len(held) == size:
                yield _joined(held)
                held.clear()

    def _packet(
        self, t_us: int, arrival_us: int, places: Floats, columns: dict[str, Floats], k: int, sends: npt.NDArray[np.bool_]
    ) -> Telemetry:
        rows = np.flatnonzero(sends)
        x, y, z = places[rows].T.astype(np.float32)
        channels = {name: values[k, rows].astype(np.float32) for name, values in columns.items()}
        tags = (rows + 1).astype(np.uint32)
        return Telemetry(self.record.game, FEED, np.full(len(rows), t_us, np.int64), tags, x, y, z, arrival_us, channels=channels)

    def _corners(self, t_us: npt.NDArray[np.int64], distances: Floats, sends: npt.NDArray[np.bool_]) -> Iterator[Event]:
        """An event for every corner that a car has left in these windows."""
        for corner in self.track.corners:
            passed = np.floor((distances - corner.exit_m) / LAP_M)
            rows, cars = np.nonzero((np.diff(passed, axis=0) > 0) & sends)
            for row, car in zip(rows.tolist(), cars.tolist(), strict=True):
                exit_m = passed[row + 1, car] * LAP_M + corner.exit_m
                share = (exit_m - distances[row, car]) / (distances[row + 1, car] - distances[row, car])
                at = int(t_us[row]) - STEP_US + round(share * STEP_US)
                lap = int(passed[row + 1, car]) + 1
                entity = self.record.entities[car]
                yield Event(
                    id=f"corner-{lap:02d}-{corner.number:02d}-{entity.id}",
                    game=self.record.game,
                    type="corner",
                    t_us=at,
                    period=1,
                    team=entity.team,
                    player=entity.id,
                    attrs={"corner": float(corner.number), "apex_m": corner.apex_m, "lap": float(lap)},
                    arrival_us=at + 150_000,
                )


def _joined(packets: list[Telemetry]) -> Telemetry:
    first = packets[0]
    if len(packets) == 1:
        return first
    t_us, tag, x, y, z = (np.concatenate([getattr(p, name) for p in packets]) for name in ("t_us", "tag", "x_m", "y_m", "z_m"))
    arrival = np.concatenate([np.full(len(p), p.arrival_us, np.int64) for p in packets])
    channels = {name: np.concatenate([p.channels[name] for p in packets]) for name in first.channels}
    return Telemetry(first.game, first.feed, t_us, tag, x, y, z, arrival, channels=channels)


def _fault(text: str | None, cars: int) -> tuple[str, int, float, float] | None:
    if not text:
        return None
    try:
        name, car, start, drift = text.split(":")
        wanted = name, int(car) - 1, float(start), float(drift)
    except ValueError:
        raise BadInput(f"a fault is channel:car:second:drift per second, not {text!r}") from None
    if name not in COLUMNS or not 0 <= wanted[1] < cars:
        raise BadInput(f"there is no channel {name!r} of car {wanted[1] + 1}")
    return wanted
