"""A practice or a qualifying in the files of a race: timed laps, the best of them, and nothing of a race."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulators.providers import Imported, read
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event
from tests.simulators.providers.f1_made import COLUMNS, Row, events, finals, of_events, rows, telemetry, write

#: of laps 1 (out of the pit lane) and 4 there is no time
TIMES = {"AAA": [95.0, 60.0, 61.0, 120.0, 60.5], "BBB": [80.0, 60.5, 59.5, 300.0, 60.0], "CCC": [130.0, 61.0, 61.2, 90.0, 61.5]}
NO_RACE = ("f1.race.win_probability", "f1.strategy.", "f1.battle.", "f1.car.gap", "f1.car.interval", "f1.car.position")


def _rows() -> list[Row]:
    return [row | ({"time": "", "s1": "", "s2": "", "s3": ""} if row["lap"] in (1, 4) else {}) for row in rows(TIMES)]


def _session(
    folder: Path, name: str, columns: tuple[str, ...] = COLUMNS, listed: list[Row] | None = None, **others: str
) -> Imported:
    return read("f1", write(folder / name, _rows() if listed is None else listed, columns, telemetry(TIMES), **others))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("2025_dutch_gp_qualifying", "qualifying"),
        ("2025_dutch_gp_practice_2", "practice"),
        ("f1_monza_2024_fp1", "practice"),
        ("2024_qatar_sprint_shootout", "qualifying"),
        ("2024_qatar_sprint", "race"),
        ("2025_dutch_gp_race", "race"),
    ],
)
def test_the_kind_of_session_follows_from_the_folder_name(name: str, kind: str, tmp_path: Path) -> None:
    imported = _session(tmp_path, name) if kind != "race" else read("f1", write(tmp_path / name, rows()))
    assert imported.record.provenance["session"] == kind
    reported = [event.attrs["kind"] for event in events(imported, "session")]
    assert reported == ([] if kind == "race" else [kind])
    assert bool(events(imported, "lights_out")) == (kind == "race")


def test_laps_have_the_times_of_the_file_and_no_race_events(tmp_path: Path) -> None:
    imported = _session(tmp_path, "qualifying")
    kinds = {event.type for event in imported.stream() if isinstance(event, Event)}
    assert not kinds & {"lights_out", "finish", "retirement", "pit_entry", "pit_exit", "track_status"}
    blocks = finals(imported)
    laps = of_events(blocks, "f1.car.lap_time")
    assert sorted((car, round(float(v[0]), 3)) for car, v in laps) == sorted(
        (car, took) for car, times in TIMES.items() for lap, took in enumerate(times, 1) if lap not in (1, 4)
    )
    assert of_events(blocks, "f1.timing.position") == [], "cars on clocks of their own have no order at any instant"
    assert {block.stat for block in blocks if block.stat.startswith(NO_RACE) and _any(block)} == set()
    assert any(block.stat == "f1.car.speed" and _any(block) for block in blocks)


def _any(block: StatBlock) -> bool:
    values = np.asarray(block.values, object).ravel()
    return any(isinstance(v, (int, float)) and np.isfinite(v) for v in values.tolist())


def test_results_override_the_order_by_lap_times(tmp_path: Path) -> None:
    text = "driver,position,laps\nAAA,1,5\nBBB,2,5\nCCC,3,5\n"
    imported = _session(tmp_path, "qualifying", results_csv=text)
    reported = {str(event.player): event.attrs["place"] for event in events(imported, "standing")}
    assert reported == {"AAA": 1.0, "BBB": 2.0, "CCC": 3.0}
    places = {car: float(place) for car, place in of_events(finals(imported), "f1.timing.position")}
    assert places == reported, "who was fastest in an earlier part need not be first"


def test_a_session_s_clock_places_the_laps(tmp_path: Path) -> None:
    begin = {"AAA": 1000.0, "BBB": 900.0, "CCC": 1500.0}
    listed = [row | {"lST": begin[row["driver"]] if row["lap"] == 1 else ""} for row in _rows()]
    own = _session(tmp_path, "fp1", listed=listed)
    with_clock = _session(tmp_path, "fp2", (*COLUMNS, "lST"), listed)
    assert "clock of its own" in own.record.provenance["cars"]
    assert "cars" not in with_clock.record.provenance

    def first(imported: Imported, car: str) -> float:
        return min(e.t_us for e in events(imported, "tyres") if e.player == car) / 1e6 - imported.record.t0_us / 1e6

    assert [first(own, car) for car in begin] == [0.0, 0.0, 0.0]
    assert [first(with_clock, car) for car in begin] == [100.0, 0.0, 600.0]


def test_a_lap_of_unknown_length_is_named_and_left_out_alone(tmp_path: Path) -> None:
    seen = telemetry(TIMES)
    keep = [not (car == "CCC" and lap == 4) for car, lap in zip(seen["driver"], seen["lap"], strict=True)]
    seen = {name: [v for v, k in zip(values, keep, strict=True) if k] for name, values in seen.items()}
    imported = read("f1", write(tmp_path / "practice", _rows(), seen=seen))
    assert imported.record.provenance["laps of unknown length"] == "1"
    laps = of_events(finals(imported), "f1.car.lap_time")
    assert [round(float(v[0]), 3) for car, v in laps if car == "CCC"] == [61.0, 61.2, 61.5]
