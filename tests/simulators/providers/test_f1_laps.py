"""Races that are known by their laps: what may be missing, what is refused and why, and nothing that is read off an absence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulators.providers import read
from streaming.errors import BadInput
from streaming.wire.records import Telemetry
from tests.conftest import real_folder
from tests.simulators.providers.f1_made import (
    COLUMNS,
    LAP_M,
    TIMES,
    at,
    changed,
    events,
    finals,
    labels,
    lines,
    of_events,
    rows,
    sentences,
    series,
    telemetry,
    write,
)

ENDS = {driver: dict(enumerate(np.cumsum(times).tolist(), 1)) for driver, times in TIMES.items()}


def agree(found: dict[str, dict[int, float]], ends: dict[str, dict[int, float]]) -> None:
    assert found.keys() == ends.keys()
    for driver, mine in ends.items():
        assert found[driver] == pytest.approx(mine, abs=2e-3), driver


@pytest.mark.parametrize("nothing", ["", "nan", "NaN", "None", "NaT", "\\N"])
def test_optional_columns_may_be_missing_in_some_laps(nothing: str, tmp_path: Path) -> None:
    early = lambda row: row["lap"] <= 3  # noqa: E731
    gone: dict[str, Any] = dict.fromkeys(("compound", "stint", "life", "status", "pos", "s1", "s2"), nothing)
    imported = read("tracinginsights", write(tmp_path, changed(rows(), early, **gone)))
    agree(lines(imported), ENDS)
    fitted = [(e.player, e.attrs) for e in events(imported, "tyres")]
    assert fitted == [(car, {"compound": "soft", "age_laps": 3.0}) for car in ("AAA", "BBB", "CCC")]
    age = series(finals(imported), "f1.car.tyre_age", "AAA")
    assert np.isnan(age[:180]).all(), "unknown is null, not 0"
    assert np.nanmax(age) == 6.0


@pytest.mark.parametrize("left", [("driver", "time", "lap"), ("driver", "time", "lap", "s1", "s2", "s3")])
def test_the_columns_that_f1_publishes_are_enough(left: tuple[str, ...], tmp_path: Path) -> None:
    """Driver, lap and time: stints follow from the stops, which are in a list of their own, or in the telemetry."""
    seen = telemetry(pits=(("BBB", 3),))
    alone = read("tracinginsights", write(tmp_path / "a", rows(), left, seen))
    listed = read("tracinginsights", write(tmp_path / "b", rows(), left, seen, pit_stops_csv="driver,lap,duration\nBBB,3,20.5\n"))
    bare = read(
        "tracinginsights", write(tmp_path / "c", rows(), left, telemetry(), pit_stops_csv="driver,lap,duration\nBBB,3,20.5\n")
    )
    for imported in (alone, listed, bare):
        agree(lines(imported), ENDS)
        assert [e.player for e in events(imported, "pit_exit")] == ["BBB"]
        fitted = {(e.player, round((e.t_us - imported.record.t0_us) / 1e6)): e.attrs["age_laps"] for e in events(imported, "tyres")}
        when = [t for car, t in fitted if car == "BBB"]
        assert len(when) == 2
        assert when[1] == pytest.approx(183.5, abs=11)
        assert set(fitted.values()) == {0.0}
    (stop,) = events(alone, "pit_exit")
    assert stop.attrs["lane_s"] == pytest.approx(20.0, abs=0.5)
    (stop,) = events(listed, "pit_exit")
    assert stop.attrs["provider_lane_s"] == 20.5
    (stop,) = events(bare, "pit_exit")
    assert stop.attrs["lane_s"] == 20.5, "without a slow stretch in the telemetry the official time stands"
    age = series(finals(alone), "f1.car.tyre_age", "BBB")
    assert age[300] == 1.0, "one lap after the stop"


def test_telemetry_may_lack_all_but_place_and_speed(tmp_path: Path) -> None:
    seen = telemetry()
    del seen["distance"]
    imported = read("tracinginsights", write(tmp_path, rows(), seen=seen))
    agree(lines(imported), ENDS)
    packet = next(r for r in imported.stream() if isinstance(r, Telemetry))
    assert {"speed_mps", "lap.last", "lap_distance_m.last"} <= packet.channels.keys()
    assert not {"gear", "throttle_share", "engine_radps"} & packet.channels.keys()
    assert float(imported.record.provenance["lap_m"]) == pytest.approx(LAP_M, rel=0.01)


# -- the clock -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [("AAA", "BBB", "CCC"), ("BBB",)])
def test_a_lap_that_is_not_listed_is_bridged_by_its_telemetry(missing: tuple[str, ...], tmp_path: Path) -> None:
    listed = [row for row in rows() if row["lap"] != 3 or row["driver"] not in missing]
    imported = read("tracinginsights", write(tmp_path, listed))
    agree(lines(imported), ENDS)
    assert imported.record.provenance["clock: laps by the telemetry's own duration"] == ", ".join(f"{car} 3" for car in missing)


def test_a_hole_that_nothing_bridges_is_refused(tmp_path: Path) -> None:
    listed = [row for row in rows() if row["lap"] != 3]
    seen = telemetry()
    keep = [lap != 3 for lap in seen["lap"]]
    seen = {name: [v for v, k in zip(column, keep, strict=True) if k] for name, column in seen.items()}
    with pytest.raises(BadInput, match="lap 3 of AAA has no lap time, and no telemetry that lasts a lap"):
        read("tracinginsights", write(tmp_path, listed, seen=seen))
    # telemetry that breaks off half-way does not bridge it either
    seen = telemetry()
    keep = [lap != 3 or t < 30 for lap, t in zip(seen["lap"], seen["time"], strict=True)]
    seen = {name: [v for v, k in zip(column, keep, strict=True) if k] for name, column in seen.items()}
    with pytest.raises(BadInput, match="lap 3 of AAA"):
        read("tracinginsights", write(tmp_path, listed, seen=seen))


def stopped_race(**of_lap_3: Any) -> tuple[list[dict[str, Any]], dict[str, list[float]]]:
    """A red flag in lap 3: 1500 s for all cars."""
    times = {car: [*t[:2], 1500.0 + k, *t[3:]] for k, (car, t) in enumerate(TIMES.items())}
    return changed(rows(times), lambda row: row["lap"] == 3, status="25", **of_lap_3), times


@pytest.mark.slow
@pytest.mark.parametrize(
    "of_lap_3",
    [{"time": "", "s2": ""}, {"time": "", "s3": ""}, {"time": "", "s1": "", "s2": "", "s3": ""}, {"time": "95.000"}],
    ids=["no second sector", "no third sector", "nothing", "a time that leaves the stop out"],
)
def test_a_red_flag_is_no_retirement_and_leaves_no_hole(of_lap_3: dict[str, Any], tmp_path: Path) -> None:
    listed, times = stopped_race(**of_lap_3)
    imported = read("tracinginsights", write(tmp_path, listed, seen=telemetry(times)))
    agree(lines(imported), {car: dict(enumerate(np.cumsum(t).tolist(), 1)) for car, t in times.items()})
    assert not events(imported, "retirement")
    assert [(e.player, e.attrs["position"]) for e in events(imported, "finish")] == [("AAA", 1.0), ("BBB", 2.0), ("CCC", 3.0)]
    blocks = finals(imported)
    for place, (car, t) in enumerate(times.items(), 1):
        shown = series(blocks, "f1.car.position", car)
        assert set(shown[: int(sum(t) * 10)]) == {float(place)}, "no car is lost after it"
    assert ("red_flag", ["red_flag"]) in labels(blocks)
    lost = [v for car, v in of_events(blocks, "f1.car.time_lost") if car == "AAA"]
    assert max(v[0] for v in lost) < 5.0, "the race stood still: nothing was lost in that lap"


def test_a_clock_against_the_official_order_is_refused(tmp_path: Path) -> None:
    """One car's telemetry leaves out the stop, the others' has it: nothing in its own columns shows it."""
    times = {car: [*t[:2], 1500.0 if car != "CCC" else 62.0, *t[3:]] for car, t in TIMES.items()}
    listed = changed(rows(times), lambda row: row["lap"] >= 3 and row["driver"] == "CCC", pos=9)
    files = write(tmp_path, listed, seen=telemetry(times))
    with pytest.raises(BadInput, match=r"lap 3 of CCC ends 14\d\d s before that of BBB, and its official place 9 is behind"):
        read("tracinginsights", files)


def test_only_a_race_begins_together(tmp_path: Path) -> None:
    imported = read("tracinginsights", write(tmp_path / "2025_dutch_gp_qualifying", rows()))
    assert imported.record.provenance["session"] == "qualifying"
    assert not events(imported, "lights_out", "finish")


# -- who finishes and who does not ---------------------------------------------------------------------------------------------


def test_a_lap_without_any_sector_is_driven_when_another_follows(tmp_path: Path) -> None:
    listed = changed(rows(), at("AAA", 2, 4), time="", s1="", s2="", s3="")
    imported = read("tracinginsights", write(tmp_path, listed))
    agree(lines(imported), ENDS)
    assert not events(imported, "retirement")


@pytest.mark.parametrize("results", [True, False])
def test_a_row_beyond_the_laps_of_the_race_is_no_lap(results: bool, tmp_path: Path) -> None:
    nothing = {"lap": 7, "time": "", "s1": "", "s2": "", "s3": ""}
    cool = [row | nothing for row in rows() if row["lap"] == 6 and row["driver"] == "AAA"]
    times = TIMES | {"AAA": [*TIMES["AAA"], 50.0]}
    others = {"results_csv": "driver,laps,position\nAAA,6,1\nBBB,6,2\nCCC,6,3\n"} if results else {}
    imported = read("tracinginsights", write(tmp_path, [*rows(), *cool], seen=telemetry(times), **others))
    assert lines(imported)["AAA"].keys() == set(range(1, 7))
    assert not events(imported, "retirement")
    assert [e.attrs["position"] for e in events(imported, "finish") if e.player == "AAA"] == [1.0]
    (lights,) = events(imported, "lights_out")
    assert lights.attrs["laps"] == 6.0


def test_a_car_whose_laps_end_has_stopped_and_leaves_the_order(tmp_path: Path) -> None:
    listed = [row for row in rows() if row["driver"] != "BBB" or row["lap"] <= 3]
    seen = telemetry(TIMES | {"BBB": TIMES["BBB"][:3]})
    imported = read("tracinginsights", write(tmp_path, listed, seen=seen))
    (out,) = events(imported, "retirement")
    assert out.player == "BBB"
    when = (out.t_us - imported.record.t0_us) / 1e6
    assert when == pytest.approx(ENDS["BBB"][3] + 60.5, abs=1.0), "known when its next lap is overdue"
    assert [e.player for e in events(imported, "finish")] == ["AAA", "CCC"]
    blocks = finals(imported)
    assert "BBB of unknown is out of the race, from P2." in sentences(blocks)
    assert np.isnan(series(blocks, "f1.car.position", "BBB")[2600:]).all()
    assert set(series(blocks, "f1.car.position", "CCC")[2600:3600]) == {2.0}


def test_lapped_cars_finish_with_the_winner(tmp_path: Path) -> None:
    slow = [80.0, 75.0, 75.0, 75.0, 75.0]
    times = {"AAA": TIMES["AAA"], "BBB": TIMES["BBB"], "CCC": slow}
    imported = read("tracinginsights", write(tmp_path, rows(times), seen=telemetry(times)))
    assert not events(imported, "retirement")
    assert [(e.player, e.attrs["position"], e.attrs["laps"]) for e in events(imported, "finish")] == [
        ("AAA", 1.0, 6.0),
        ("BBB", 2.0, 6.0),
        ("CCC", 3.0, 5.0),
    ]


def test_disqualified_cars_keep_their_laps_and_non_starters_have_none(tmp_path: Path) -> None:
    results = "driver,laps,position,positionText\nAAA,6,3,D\nBBB,6,1,1\nCCC,6,2,2\nDDD,0,20,W\n"
    listed = [*rows(), dict.fromkeys(COLUMNS, "") | {"driver": "DDD", "lap": 1}]
    imported = read("tracinginsights", write(tmp_path, listed, results_csv=results))
    assert [e.player for e in events(imported, "disqualification")] == ["AAA"]
    assert [(e.player, e.attrs["provider_place"]) for e in events(imported, "finish")] == [("AAA", 3.0), ("BBB", 1.0), ("CCC", 2.0)]
    assert "DDD" in {entity.id for entity in imported.record.entities}
    assert "DDD" not in lines(imported)
    assert imported.record.provenance["drivers without any lap that can be placed"] == "DDD"
    assert "AAA of unknown is disqualified." in sentences(finals(imported))


def test_telemetry_of_a_driver_without_laps_is_left_out_alone(tmp_path: Path) -> None:
    imported = read("tracinginsights", write(tmp_path, [row for row in rows() if row["driver"] != "CCC"]))
    agree(lines(imported), {car: ENDS[car] for car in ("AAA", "BBB")})
    assert imported.record.provenance["ignored: telemetry of drivers without laps"] == "CCC"


# -- samples -------------------------------------------------------------------------------------------------------------------


def test_an_impossible_position_leaves_speed_and_gaps_as_they_are(tmp_path: Path) -> None:
    seen = telemetry()
    for k in range(1000, 1004):
        seen["x"][k] += 60_000.0
    imported = read("tracinginsights", write(tmp_path, rows(), seen=seen))
    clean = read("tracinginsights", write(tmp_path / "clean", rows()))
    assert imported.samples == clean.samples
    one, other = (finals(i) for i in (imported, clean))
    for stat in ("f1.car.gap", "f1.car.position", "f1.car.speed"):
        for car in TIMES:
            np.testing.assert_array_equal(series(one, stat, car), series(other, stat, car))


def test_rows_without_driver_lap_or_time_are_counted(tmp_path: Path) -> None:
    seen = telemetry()
    seen["lap"] = [float(lap) for lap in seen["lap"]]
    seen["lap"][5] = float("nan")
    seen["driver"][7] = None
    imported = read("tracinginsights", write(tmp_path, rows(), seen=seen))
    assert imported.record.provenance["ignored: telemetry without driver, lap or time"] == "2"
    agree(lines(imported), ENDS)


# -- refusals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "others", "sentence"),
    [
        (changed(rows(), at("AAA", 2), lap="x"), {}, r"'x' in the column lap where a number belongs"),
        (changed(rows(), at("AAA", 2), lap="2.5"), {}, r"'2.5' in the column lap of AAA where the number of a lap belongs"),
        (changed(rows(), at("AAA", 2), time="fast"), {}, r"'fast' in the column time where a time belongs"),
        (changed(rows(), at("AAA", 2), time="inf"), {}, r"'inf' in the column time where a time belongs"),
        (changed(rows(), at("AAA", 2), driver=""), {}, "a lap without a driver"),
        ([*rows(), rows()[1] | {"time": "59.000"}], {}, "lap 2 of AAA twice, with different times"),
        (rows(), {"drivers_json": '{"driver": []}'}, "it has no list drivers whose entries name a driver"),
        (rows(), {"drivers_json": "[1"}, "is not JSON"),
        (rows(), {"corners_json": '{"Distance": [1]}'}, "it has no two lists Distance and CornerNumber of one length"),
        (rows(), {"corners_json": '{"Distance": ["a"], "CornerNumber": [1]}'}, "hold what is no number"),
        (rows(), {"pit_stops_csv": "driver,duration\nAAA,20\n"}, "it has no column lap"),
    ],
)
def test_bad_cells_are_named(listed: Any, others: dict[str, str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=sentence) as caught:
        read("tracinginsights", write(tmp_path, listed, **others))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("column", ["driver", "time", "lap"])
def test_a_column_that_must_be_there_is_named(column: str, tmp_path: Path) -> None:
    left = tuple(name for name in COLUMNS if name != column)
    with pytest.raises(BadInput, match=f"it has no column {column}"):
        read("tracinginsights", write(tmp_path, rows(), left))


def test_unforeseen_contents_are_bad_input_and_no_other_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise KeyError("s1")

    monkeypatch.setattr("simulators.providers.tracinginsights.race_of", broken)
    with pytest.raises(
        BadInput, match=r"laps.csv cannot be read as .* files: reading ended in telemetry.parquet, at driver"
    ) as caught:
        read("tracinginsights", write(tmp_path, rows()))
    assert "s1" not in str(caught.value)


# -- the shared ones -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        "05-f1-nan-stint/in-nanstint",
        "05-f1-nan-stint/in-nanstint-wordnan",
        "05-f1-nan-stint/in-plain",
        "07-f1-red-flag/in-redflag",
        "07-f1-red-flag/in-redflag-nos3",
    ],
)
def test_the_shared_cases_are_read(case: str) -> None:
    folder = real_folder().parent / "cases" / case
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    imported = read("tracinginsights", sorted(folder.iterdir()))
    assert {car: len(laps) for car, laps in lines(imported).items()} == {"AAA": 6, "BBB": 6, "CCC": 6}
    assert [(e.player, e.attrs["position"]) for e in events(imported, "finish")] == [("AAA", 1.0), ("BBB", 2.0), ("CCC", 3.0)]
    assert not events(imported, "retirement")
    shown = series(finals(imported), "f1.car.position", "AAA")
    end_s = max(lines(imported)["AAA"].values())
    assert set(shown[: int(end_s * 10)]) == {1.0}
