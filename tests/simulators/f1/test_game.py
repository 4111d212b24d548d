"""The simulated race: outcomes agree with what was drawn, motion with the loops, and the same seed plays the same race."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from features.f1.channels import COLUMNS
from simulators.f1.full_rate import FullRate
from simulators.f1.game import GrandPrix
from simulators.f1.loops import ATTEMPT, OUT, STOP, UNDERCUT
from simulators.f1.motion import Motion
from simulators.f1.race import Race
from simulators.f1.track import LAP_M, MINI_SECTORS, circuit
from simulators.f1.truth import pass_probability, undercut_probability
from streaming.errors import BadInput
from streaming.factory import operator_for
from streaming.reducing.reducer import Reducer
from streaming.wire.records import Event, Telemetry, decode_game, encode

RACES = [Race(seed, 57) for seed in range(40, 46)]


def test_circuits_have_the_lengths_and_corners_of_real_ones() -> None:
    track = circuit()
    assert 4000 < LAP_M < 7000
    assert 70 < track.lap_s < 95
    assert 10 <= len(track.corners) <= 20
    assert 85 < track.speed_mps.max() < 100
    assert 20 < track.speed_mps.min() < 45
    assert track.forward_mps2.min() > -65
    assert (np.abs(track.speed_mps**2 * track.curvature) < 50).all(), "no more than five g in a corner"
    steps = np.hypot(*np.diff(track.place_m[:, :2], axis=0).T)
    np.testing.assert_allclose(steps, 1.0, atol=0.02)
    np.testing.assert_allclose(track.place_m[0, :2], track.place_m[-1, :2], atol=1.0)
    assert len(track.ends_m) == MINI_SECTORS
    assert len(track.zones) == 2


@pytest.mark.parametrize("race", RACES, ids=lambda race: str(race.seed))
def test_the_order_at_the_loops_follows_the_drawn_outcomes(race: Race) -> None:
    t = race.t
    for row in race.events:
        kind, g, n, other = row[:4].astype(int)
        if kind == ATTEMPT:
            assert (t[n, g] < t[other, g]) == bool(row[6])
            assert row[5] == pass_probability(row[7], row[8], row[9], row[10])
        elif kind == UNDERCUT:
            assert (t[n, g] < t[other, g]) == bool(row[6])
            assert row[5] == undercut_probability(row[7], row[8], row[9])
        elif kind == OUT:
            assert np.isinf(t[n, g + 1 :]).all()
    known = np.where(np.isfinite(t), t, np.nan)
    assert np.nanmin(np.diff(known, axis=1)) > 0.5, "time goes on"
    kinds = Counter(race.events[:, 0].astype(int).tolist())
    assert 15 <= kinds[STOP] <= 50


def test_outcomes_occur_as_often_as_their_true_probabilities() -> None:
    for kind in (ATTEMPT, UNDERCUT):
        rows = np.concatenate([Race(seed, 57).events for seed in range(60)])
        rows = rows[rows[:, 0] == kind]
        p, won = rows[:, 5], rows[:, 6]
        assert abs((won - p).sum()) < 4 * np.sqrt((p * (1 - p)).sum())


def test_true_win_probabilities_sum_to_one_and_are_certain_at_the_end() -> None:
    race = RACES[0]
    early, late = race.winners_from(10, 40, 1), race.winners_from(56, 40, 1)
    assert early.sum() == pytest.approx(1.0)
    assert late[np.argmin(race.t[:, -1])] > 0.8
    assert (race.winners_from(10, 40, 1) == early).all(), "the same seed gives the same continuations"


def test_a_car_passes_a_loop_at_the_time_of_its_event() -> None:
    race = RACES[1]
    for n in (0, 7, 19):
        motion = Motion(race, n)
        ends = [0.0, *race.track.ends_m[:-1]]
        for g in [*range(1, 30), *(s + k for s in motion.stops for k in (0, 1, 2))]:
            distance, _ = motion.at(np.array([motion.times[g]]))
            assert distance[0] == pytest.approx(g // 24 * LAP_M + ends[g % 24], abs=0.6)


def test_speed_is_the_change_of_place() -> None:
    race = RACES[1]
    motion = Motion(race, 3)
    first = min(motion.stops)
    for start in (0.5, 200.0, motion.times[first] - 5.0):
        t = start + np.arange(0, 40, 0.02)
        distance, speed = motion.at(t)
        assert (np.diff(distance) >= -1e-6).all()
        between = 0.5 * (speed[1:] + speed[:-1])
        assert np.quantile(np.abs(np.diff(distance) / 0.02 - between), 0.99) < 3.0
        assert speed.max() < 105.0


def test_a_car_stands_still_for_the_reported_time_of_its_stop() -> None:
    race = RACES[1]
    motion = Motion(race, 3)
    g, still = next(iter(motion.stops.items()))
    entry, leave = motion.pit_span(g)
    t = np.arange(entry, leave, 0.02)
    _, speed = motion.at(t)
    assert 0.02 * (speed == 0.0).sum() == pytest.approx(still, abs=0.1)
    assert speed.max() <= 80.0 / 3.6 + 0.1, "the limiter holds in the pit lane"
    assert 15.0 < leave - entry - still < 25.0


@pytest.mark.slow
def test_the_same_seed_plays_the_same_race_however_it_is_packed() -> None:
    def samples(frames: int) -> tuple[np.ndarray, list[bytes]]:
        race = GrandPrix(5, 1.0)
        packets, events = [], []
        for record in race.stream(frames):
            if isinstance(record, Event):
                events.append(encode(record))
            else:
                packets.append(np.column_stack([record.t_us, record.tag, record.x_m, *record.channels.values()]))
        return np.concatenate(packets), sorted(events)

    one, channels = samples(1)
    many, again = samples(37)
    assert one.tobytes() == many.tobytes()
    assert channels == again
    other = next(r for r in GrandPrix(6, 1.0).stream() if isinstance(r, Telemetry))
    assert other.channels["water_k"].tolist() != one[:20, 3:].tolist()


def test_the_record_and_the_packets_are_complete() -> None:
    race = GrandPrix(5, 1.0)
    record = race.record
    assert decode_game(encode(record)) == record
    assert len(record.teams) == 10
    assert Counter(entity.team for entity in record.entities) == {team.id: 2 for team in record.teams}
    packet = next(r for r in race.stream() if isinstance(r, Telemetry))
    assert tuple(packet.channels) == COLUMNS
    assert len(packet) == 20
    for column in packet.channels.values():
        assert np.isfinite(column).all()


def test_bad_options_are_one_sentence() -> None:
    for wrong, sentence in (
        ({"seed": -1}, "a seed is"),
        ({"seed": 1, "minutes": 0.0}, "a simulated race lasts"),
        ({"seed": 1, "minutes": 1.0, "fault": "water_k"}, "a fault is"),
        ({"seed": 1, "minutes": 1.0, "fault": "x:1:2:3"}, "no channel"),
    ):
        with pytest.raises(BadInput, match=sentence):
            GrandPrix(**wrong)  # type: ignore[arg-type]


@pytest.mark.slow
def test_at_full_rate_the_reducer_gives_what_the_operator_takes() -> None:
    race = GrandPrix(5, 1.0)
    full = FullRate(race, cars=3)
    assert FullRate(race).bytes_per_second >= 0.375e9
    reducer, packets = Reducer(wanted=COLUMNS), []
    for count, block in enumerate(full):
        reducer.feed(block)
        packets += reducer.take(race.t0_us + 60_000_000)
        if count > 3 * 5 * 95:
            break
    assert {kind for kind, _ in reducer.counts} == {"accepted"}
    direct = {}
    for record in race.stream():
        if isinstance(record, Telemetry):
            direct[int(record.t_us[0])] = record
            if len(direct) > 100:
                break
    compared = 0
    for packet in packets:
        assert set(packet.channels) == set(COLUMNS)
        for i in range(len(packet)):
            plain, car = direct[int(packet.t_us[i])], int(packet.tag[i]) - 1
            assert packet.x_m[i] == pytest.approx(plain.x_m[car], abs=0.01)
            for name in ("lap.last", "lap_distance_m.last", "gear.last"):
                assert packet.channels[name][i] == pytest.approx(plain.channels[name][car], abs=0.01)
            assert packet.channels["water_k"][i] == pytest.approx(plain.channels["water_k"][car], rel=0.02)
            compared += 1
    assert compared > 250
    operator = operator_for(race.record, draw=False)
    for packet in packets:
        operator.on_record(packet)
    operator.finish()
    assert operator.metrics.counts["accepted", "sample"] == sum(map(len, packets))
    assert operator.metrics.windows > 80
