"""A simulated race through the real operator: what the stats say is what the race did."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
import numpy as np
import pytest

from features.common.commentary import from_value
from features.core import units
from features.core.sport import Stat
from features.f1 import SPORT
from features.f1.channels import CHANNELS, COLUMNS, NAMES, WATCHED
from features.f1.vocabulary import EVENT_TYPES
from simulators.f1.game import LIGHTS_S, T0_US, GrandPrix
from simulators.f1.loops import ATTEMPT, WEAR_S
from simulators.f1.race import Race
from simulators.f1.track import SECTOR_ENDS
from streaming.factory import operator_for
from streaming.wire.blocks import DeadLetter, Output, Prediction, StatBlock
from streaming.wire.records import Event, Telemetry
from tests.paths import ROOT
from tests.streaming import helpers

pytestmark = pytest.mark.slow

SEED, MINUTES = 11, 5.0


@lru_cache
def played(fault: str | None = None) -> tuple[GrandPrix, list[Output]]:
    race = GrandPrix(SEED, MINUTES, fault=fault)
    return race, helpers.play(operator_for(race.record, strict=True, draw=False), race.stream())


def series(out: list[Output], stat: str) -> dict[str, dict[float, object]]:
    """By subject: seconds since t0 -> value, of final updates."""
    race, _ = played()
    found: dict[str, dict[float, object]] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.stat == stat and block.quality == "final":
            for k, end in enumerate(block.end_us.tolist()):
                for s, subject in enumerate(block.subjects):
                    found.setdefault(subject, {})[(end - race.t0_us) / 1e6] = block.values[k][s]
    return found


def test_the_channels_are_what_the_catalogue_promises() -> None:
    assert len(CHANNELS) == len(set(NAMES)) == 120
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(WATCHED) <= set(COLUMNS)
    assert sum(c.rate_hz for c in CHANNELS) * 4 * 20 >= 0.375e9, "twenty cars make 3 gigabits a second"
    for stat in SPORT.stats:
        units.factor(stat.unit)
        assert set(stat.on) <= EVENT_TYPES
        assert stat.definition


def test_every_stat_has_a_value_somewhere() -> None:
    """In a race of five minutes, all but what needs a stop or four laps to go."""
    _, out = played()
    seen = set()
    for block in out:
        if isinstance(block, StatBlock) and block.quality == "final":
            for row in block.values:
                for value in row:
                    if isinstance(value, (str, dict)) or np.isfinite(np.asarray(value, np.float64)).any():
                        seen.add(block.stat)
    missing = {stat.id for stat in SPORT.stats} - seen
    assert missing <= {"f1.car.pit_time", "f1.strategy.undercut_threat", "f1.strategy.pit_window", "f1.car.tyre_degradation"}


def test_lap_sector_and_mini_sector_times_are_those_of_the_loops() -> None:
    race, out = played()
    t = race.race.t
    for n, entity in enumerate(race.record.entities):
        laps = {v[1]: v[0] for v in series(out, "f1.car.lap_time")[entity.id].values()}  # type: ignore[index]
        for lap in range(2, race.race.laps + 1):
            if (lap in laps) or LIGHTS_S + t[n, lap * 24] < race.windows / 10 - 3:
                assert laps[lap] == pytest.approx(t[n, lap * 24] - t[n, (lap - 1) * 24], abs=2e-6)
    minis = series(out, "f1.car.mini_sector")["car-1"]
    assert len(minis) >= 24 * 2
    assert SECTOR_ENDS[-1] == 24


def test_bests_are_flagged_when_they_are_beaten_and_not_else() -> None:
    _, out = played()
    told = sorted(
        (when, who, value)
        for who, row in series(out, "f1.car.lap_time").items()
        for when, value in row.items()
        if value[1] > 1  # type: ignore[index]
    )
    best: dict[str, float] = {}
    overall = np.inf
    for _, who, (time_s, _, personal, everybody) in told:  # type: ignore[misc]
        assert personal == float(time_s < best.get(who, np.inf))
        assert everybody == float(time_s < overall)
        best[who], overall = min(best.get(who, np.inf), time_s), min(overall, time_s)
    assert any(value[3] for _, _, value in told)  # type: ignore[index]


def test_gaps_and_places_on_the_road_are_those_at_the_loops() -> None:
    race, out = played()
    t, gaps, places = race.race.t, series(out, "f1.car.gap"), series(out, "f1.car.position")
    off, wrong, compared = [], 0, 0
    for g in range(30, 60):
        order = np.argsort(t[:, g])
        for place, n in enumerate(order.tolist(), 1):
            at = round(LIGHTS_S + t[n, g] - 0.05, 1)  # the last window before
            who = race.record.entities[n].id
            if at in gaps[who] and gaps[who][at] is not None:
                off.append(float(gaps[who][at]) - (t[n, g] - t[order[0], g]))  # type: ignore[arg-type]
                # a place holds until it changes
                wrong += places[who][max(when for when in places[who] if when <= at)] != place
                compared += 1
    assert compared > 400
    # the last post lies up to 60 m before the loop, where the gap may have been a little different
    assert np.median(np.abs(off)) < 0.03
    assert np.quantile(np.abs(off), 0.95) < 0.25
    assert wrong < 0.03 * compared


def test_the_start_is_measured_to_some_hundredths() -> None:
    race, out = played()
    for who, row in series(out, "f1.car.start").items():
        n = int(who.split("-")[1]) - 1
        (value,) = row.values()
        reaction, to_100, to_200 = value  # type: ignore[misc]
        assert reaction == pytest.approx(race.race.reaction_s[n], abs=0.05)
        assert 2.0 < to_100 < 5.0 < to_200 < 13.0


def test_a_corner_has_its_entry_its_apex_and_its_exit() -> None:
    race, out = played()
    hardest = max(race.track.corners, key=lambda c: c.drop_mps)
    stream = {e.id: e for e in race.stream() if isinstance(e, Event) and e.type == "corner"}
    values: dict[str, dict[str, float]] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.event in stream and block.quality == "final" and block.stat.startswith("f1.car."):
            values.setdefault(str(block.event), {})[block.stat] = block.values[0][0]
    chosen = [
        v
        for k, v in values.items()
        if stream[k].attrs["corner"] == hardest.number and stream[k].attrs["lap"] >= 2 and "f1.car.braking_g" in v
    ]
    assert len(chosen) > 10
    apex = np.median([v["f1.car.corner_apex_speed"] for v in chosen]) / 3.6
    entry = np.median([v["f1.car.corner_entry_speed"] for v in chosen]) / 3.6
    point = np.median([v["f1.car.braking_point"] for v in chosen])
    assert apex == pytest.approx(hardest.apex_mps, rel=0.05)
    assert entry == pytest.approx(hardest.apex_mps + hardest.drop_mps, rel=0.06)
    assert point == pytest.approx(hardest.apex_m - hardest.braking_m, abs=20.0)
    assert 3.0 < np.median([v["f1.car.braking_g"] for v in chosen]) < 7.0


def test_the_chance_to_pass_at_the_zone_is_the_true_one() -> None:
    """The live probability in the last window before a zone against the draw's own; features and truth both come by the stream."""
    race, out = played()
    shown = series(out, "f1.battle.overtake_probability")
    off = []
    for event in race.stream():
        if isinstance(event, Event) and event.type == "overtake_attempt":
            row = shown[str(event.player)]
            at = round(np.floor(float(event.attrs["began_s"]) * 10) / 10, 1)
            if at in row and np.isfinite(row[at]):  # type: ignore[call-overload]
                off.append(abs(float(row[at]) - float(event.attrs["true_probability"])))  # type: ignore[arg-type]
    assert len(off) > 20
    assert np.mean(off) < 0.05  # the gap is that of the last post, up to 60 m back


def test_an_anomaly_is_found_by_car_and_channel() -> None:
    _, plain = played()
    _, broken = played("water_k:7:90:0.25")
    before, after = series(plain, "f1.car.anomaly"), series(broken, "f1.car.anomaly")
    for when in (160.0, 200.0, 240.0):
        score, channel = after["car-7"][when]  # type: ignore[misc]
        assert WATCHED[int(channel)] == "water_k"
        assert score > 2 * float(before["car-7"][when][0])  # type: ignore[index]
        assert score > np.median([float(row[when][0]) for who, row in after.items() if who != "car-7"]) * 1.5  # type: ignore[index]


def test_win_probabilities_are_of_a_race() -> None:
    race, out = played()
    rows = series(out, "f1.race.win_probability")
    moments = sorted(next(iter(rows.values())))
    chances = np.array([[float(row[when]) for row in rows.values()] for when in moments])  # type: ignore[arg-type]
    known = chances[~np.isnan(chances).all(axis=1)]
    assert len(known) > 20
    np.testing.assert_allclose(np.nansum(known, axis=1), 1.0, rtol=1e-12)
    assert np.nanargmax(chances[-1]) == np.argmin(race.race.t[:, -1])


def test_win_probabilities_are_the_model_s_answers_over_their_sum() -> None:
    """What the model itself said is kept as it was: it is judged by that."""
    _, out = played()
    said = {o.t_us: o for o in out if isinstance(o, Prediction) and o.stat == "f1.race.win_probability"}
    shown = 0
    for block in out:
        if not isinstance(block, StatBlock) or block.stat != "f1.race.win_probability" or block.quality != "final":
            continue
        for end_us, values in zip(block.end_us.tolist(), np.asarray(block.values, np.float64), strict=True):
            if end_us in said:
                answer = said[end_us].answer
                np.testing.assert_allclose(values[~np.isnan(values)], answer / answer.sum(), rtol=1e-12)
                shown += abs(float(answer.sum()) - 1.0) > 1e-6
    assert shown > 20, "a model whose answers sum to 1 by themselves makes this test say nothing"


def test_only_what_a_model_answers_on_a_tick_can_be_shares() -> None:
    for more in ({}, {"ticks": True}, {"model": "m"}, {"ticks": True, "model": "m", "components": ("a", "b")}):
        with pytest.raises(ValueError, match="x: only what a model answers on a tick"):
            Stat("x", "0..1", "chance", "player", lambda ledger, t_s: None, normalise=True, **more)  # type: ignore[arg-type]


def test_a_good_feed_has_nothing_out_of_range_and_no_silent_car() -> None:
    _, out = played()
    for stat in ("f1.car.out_of_range", "f1.car.silence", "f1.car.loops_missed"):
        for row in series(out, stat).values():
            assert set(np.array([v for v in row.values() if np.isfinite(v)])) <= {0.0}  # type: ignore[call-overload]


def test_momentum_stays_in_its_bounds_and_sentences_have_four_languages() -> None:
    _, out = played()
    values = [v for v in series(out, "game.momentum")["match"].values() if np.isfinite(v)]  # type: ignore[call-overload]
    assert values
    assert np.abs(values).max() <= 1.0
    stories = [block.values[0][0] for block in out if isinstance(block, StatBlock) and block.stat == "game.story"]
    assert stories
    for story in stories:
        assert set(from_value(story)) == {"en", "de", "ru", "es"}
    clips = [block.values[0][0] for block in out if isinstance(block, StatBlock) and block.stat == "game.highlight"]
    assert {"start", "overtake"} <= {clip["label"] for clip in clips}


# -- bad input ---------------------------------------------------------------------------------------------------------------


def stream_of(change) -> tuple[GrandPrix, list[Output], dict]:  # type: ignore[no-untyped-def,type-arg]
    race = GrandPrix(SEED, 3.0, cars=10)
    operator = operator_for(race.record, draw=False)
    out: list[Output] = []
    for record in race.stream():
        record = change(record)
        if record is not None:
            out += operator.on_record(record)
    return race, out + operator.finish(), dict(operator.metrics.counts)


def test_a_car_that_stops_sending_is_reported_silent_and_the_others_go_on() -> None:
    def mute(record):  # type: ignore[no-untyped-def]
        if isinstance(record, Telemetry) and record.t_us[0] > T0_US + 60_000_000:
            return record.take(record.tag != 5)
        return record

    _, out, _ = stream_of(mute)
    silent = series(out, "f1.car.silence")
    last = max(silent["car-5"])
    assert silent["car-5"][last] == pytest.approx(last - 60.0, abs=1.1)
    assert silent["car-6"][last] == 0.0
    speed = series(out, "f1.car.speed")
    assert np.isnan(speed["car-5"][last]).all()
    assert np.isfinite(speed["car-6"][last]).all()
    lap_times = series(out, "f1.car.lap_time")
    assert "car-5" in lap_times, "timing does not need telemetry"
    gaps = series(out, "f1.car.gap")
    assert sum(np.isfinite(float(row[last])) for who, row in gaps.items() if who != "car-5") >= 8  # type: ignore[arg-type]


def test_a_missed_loop_is_counted_and_costs_only_what_hangs_on_it() -> None:
    def without(record):  # type: ignore[no-untyped-def]
        return None if isinstance(record, Event) and record.id in ("loop-01-08-car-3", "loop-02-05-car-3") else record

    race, out, _ = stream_of(without)
    missed = series(out, "f1.car.loops_missed")
    last = max(missed["car-3"])
    assert missed["car-3"][last] == 2.0
    assert missed["car-4"][last] == 0.0
    sectors = [int(v[1]) for _, v in sorted(series(out, "f1.car.sector_time")["car-3"].items())]  # type: ignore[index]
    assert sectors[:2] == [3, 1], "sectors 1 and 2 of the first lap have lost their ends"
    laps = series(out, "f1.car.lap_time")["car-3"]
    assert next(iter(laps.values()))[0] == pytest.approx(race.race.t[2, 24], abs=1e-5)  # type: ignore[index]
    minis = [int(v[1]) for _, v in sorted(series(out, "f1.car.mini_sector")["car-3"].items())]  # type: ignore[index]
    assert minis[:9] == [1, 2, 3, 4, 5, 6, 7, 10, 11]


def test_a_feed_in_the_wrong_unit_is_set_aside_and_the_rest_goes_on() -> None:
    """Positions in decimetres of one car: off the map, or faster than any car."""

    sent = 0

    def decimetres(record):  # type: ignore[no-untyped-def]
        nonlocal sent
        if isinstance(record, Telemetry):
            sent += 1
            wrong = record.tag == 9
            record.x_m, record.y_m = np.where(wrong, record.x_m * 10, record.x_m), np.where(wrong, record.y_m * 10, record.y_m)
        return record

    _, out, counts = stream_of(decimetres)
    aside = counts.get(("quarantined", "outside the field"), 0) + counts.get(("quarantined", "teleport"), 0)
    assert aside > 0.8 * sent
    reasons = {letter.reason for letter in out if isinstance(letter, DeadLetter)}
    assert reasons <= {"outside the field", "teleport"}
    speed = series(out, "f1.car.speed")
    last = max(speed["car-8"])
    assert np.isfinite(speed["car-8"][last]).all()


def test_speeds_beyond_any_car_are_no_speeds() -> None:
    """One car tells km/h for m/s: its speeds are missing, counted, and nobody else's."""

    def kmh(record):  # type: ignore[no-untyped-def]
        if isinstance(record, Telemetry):
            for name in ("speed_mps", "speed_mps.min", "speed_mps.max", "speed_mps.last"):
                record.channels[name] = np.where(record.tag == 4, record.channels[name] * np.float32(3.6), record.channels[name])
        return record

    _, out, _ = stream_of(kmh)
    shown = series(out, "f1.car.speed")
    assert np.nanmax([np.max(v) for v in shown["car-4"].values()]) <= 110 * 3.6 + 1e-6
    told = series(out, "f1.car.out_of_range")
    last = max(told["car-4"])
    assert told["car-4"][last] > 500
    assert told["car-3"][last] == 0.0


def test_events_of_unknown_players_teams_and_types_are_dead_letters() -> None:
    race = GrandPrix(SEED, 1.0)
    operator = operator_for(race.record, draw=False)
    good = next(r for r in race.stream() if isinstance(r, Event))
    out: list[Output] = []
    for wrong in ({"player": "car-99"}, {"type": "pirouette"}, {"team": "nobody"}):
        out += operator.on_record(msgspec.structs.replace(good, id=f"x{wrong}", **wrong))
    assert helpers.dead(out) == {"unknown player": 1, "unknown event type": 1, "unknown team": 1}


def test_degradation_is_recovered_to_some_hundredths_a_lap() -> None:
    """The regression of the account on whole races, against the slope that the race was driven with."""
    from features.f1.ledger import Ledger
    from features.f1.tyres import slope_s
    from tests.features.f1.loops import fold

    off = []
    for seed in (901, 902, 903):
        race = Race(seed, 57)
        for lap, ledger in fold(race, Ledger(players=race.cars), every=6):
            for n, car in enumerate(ledger.cars):
                slope = slope_s(car, ledger.pace, ledger.laps)
                if slope == slope and not car.out:
                    off.append(abs(slope - race.wear[n] * WEAR_S[int(race.history[min(lap, 56), n, 1])]))
    assert len(off) > 300
    assert np.mean(off) <= 0.02


def test_a_race_has_as_many_passes_as_the_true_probabilities_sum_to() -> None:
    race = Race(5, 57)
    drawn = race.events[race.events[:, 0] == ATTEMPT]
    assert abs(drawn[:, 6].sum() - drawn[:, 5].sum()) < 4 * np.sqrt((drawn[:, 5] * (1 - drawn[:, 5])).sum())


def test_the_page_numbers_the_channels_as_the_stat_does() -> None:
    page = (ROOT / "docs" / "f1.md").read_text("utf-8")
    told = re.findall(r"\b(\d+)\s+([a-z_0-9]+)", page.split("beside its score:")[1].split("## Real races")[0])
    assert [name for _, name in told] == list(WATCHED)
    assert [int(number) for number, _ in told] == list(range(len(WATCHED)))
