"""Formula 1's files: a small race of our own making in both formats, the real ones where they are, and what is wrong with bad
ones."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.core.sport import load_sport
from features.f1.vocabulary import EVENT_TYPES
from simulators.providers import Imported, read
from simulators.providers._f1_state import Race, merge, seconds
from streaming.analysis.agreement import compare_events
from streaming.errors import BadInput
from streaming.factory import operator_for
from streaming.recordings.reader import Recording, Writer
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, Telemetry, decode_event, decode_game, encode

LAP_M = 3000.0
#: lap times of two drivers, s; the first of each is empty in the file
TIMES = {"AAA": [62.0, 60.0, 61.0], "BBB": [63.5, 60.5, 59.0]}


def race_files(folder: Path) -> list[Path]:
    """Two drivers, three laps on a circle, telemetry at about 7 Hz, BBB with one bad throttle."""
    columns: dict[str, list[float | str]] = {
        n: [] for n in ("driver", "lap", "time", "speed", "rpm", "gear", "throttle", "brake", "drs", "distance", "x", "y", "z")
    }
    lines = ["driver,time,lap,compound,stint,s1,s2,s3,life,pos,status,pb"]
    for k, (driver, times) in enumerate(TIMES.items()):
        for lap, took in enumerate(times, 1):
            for i, into in enumerate(np.append(np.arange(0.0, took - 0.05, 0.137), took)):
                share = into / took
                angle = 2 * np.pi * share
                row = (
                    driver,
                    lap,
                    into,
                    3.6 * LAP_M / took,
                    10_000,
                    7,
                    104 if i == 5 else 80,
                    int(share > 0.9),
                    0,
                    share * LAP_M * (1 + 0.002 * lap),
                    4770 * np.cos(angle),
                    4770 * np.sin(angle),
                    100,
                )
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
            s1, s2 = ("", "") if lap == 1 else (f"{took - 40:.3f}", "20.000")
            lap_time = "" if lap == 1 else f"{took:.3f}"
            lines.append(f"{driver},{lap_time},{lap},SOFT,1,{s1},{s2 or '20.000'},20.000,{lap},{k + 1},1,False")
    kinds = {"driver": pa.string(), "lap": pa.int16(), "time": pa.float32(), "speed": pa.float32(), "distance": pa.float32()}
    table = pa.table({n: pa.array(v, kinds.get(n)) if n in kinds else pa.array(np.array(v, np.int32)) for n, v in columns.items()})
    pq.write_table(table, folder / "telemetry.parquet")
    (folder / "laps.csv").write_text("\n".join(lines) + "\n")
    (folder / "drivers.json").write_text(
        json.dumps({"drivers": [{"driver": "AAA", "team": "Team One"}, {"driver": "BBB", "team": "Two"}]})
    )
    (folder / "corners.json").write_text(json.dumps({"CornerNumber": [1, 2], "Distance": [800.0, 2000.0]}))
    return [folder / n for n in ("telemetry.parquet", "laps.csv", "drivers.json", "corners.json")]


def packed(thing: object) -> str:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(squeeze.compress(json.dumps(thing).encode()) + squeeze.flush()).decode()


def live_files(folder: Path) -> list[Path]:
    """One car: a snapshot in the middle of a lap, and a lap of partial updates."""
    segments = [[{"Status": 0}] * 2 for _ in range(3)]
    snapshot = {
        "Heartbeat": {"Utc": "2024-07-05T12:00:00.0000001Z"},
        "DriverList": {"7": {"Tla": "SEV", "FullName": "Seven", "TeamName": "Team One", "TeamColour": "ff0000"}},
        "TimingData": {"Lines": {"7": {"NumberOfLaps": 3, "InPit": False, "Sectors": [{"Segments": s} for s in segments]}}},
        "TimingAppData": {"Lines": {"7": {"Stints": [{"Compound": "HARD", "TotalLaps": 2}]}}},
        "TrackStatus": {"Status": "1"},
        "SessionInfo": {"Type": "Practice", "Meeting": {"Name": "A Grand Prix"}},
        "CarData.z": packed(
            {
                "Entries": [
                    {
                        "Utc": "2024-07-05T12:00:00.1Z",
                        "Cars": {"7": {"Channels": {"0": 9549, "2": 180, "3": 5, "4": 104, "5": 0, "45": 0}}},
                    }
                ]
            }
        ),
        "Position.z": packed(
            {"Position": [{"Timestamp": "2024-07-05T12:00:00.2Z", "Entries": {"7": {"X": 10, "Y": -20, "Z": 5}}}]}
        ),
    }

    def timing(at: str, line: dict[str, object]) -> dict[str, object]:
        return {"Type": "TimingData", "DateTime": f"2024-07-05T{at}+00:00", "Json": {"Lines": {"7": line}}}

    messages = [
        timing("12:00:10.5", {"Sectors": {"2": {"Value": "20.000"}}, "NumberOfLaps": 4}),
        timing("12:00:20.9", {"Sectors": {"0": {"Segments": {"0": {"Status": 2049}}}}}),
        timing("12:00:31.1", {"Sectors": {"0": {"Value": "20.400", "Segments": {"1": {"Status": 2051}}}}}),
        timing("12:00:52.0", {"Sectors": {"1": {"Value": "21.000"}}}),
        timing("12:01:12.3", {"Sectors": {"2": {"Value": "20.100"}}, "NumberOfLaps": 5, "LastLapTime": {"Value": "1:01.500"}}),
        {
            "Type": "TimingAppData",
            "DateTime": "2024-07-05T12:01:13+00:00",
            "Json": {"Lines": {"7": {"Stints": {"1": {"Compound": "SOFT", "TotalLaps": 0}}}}},
        },
        timing("12:01:20", {"InPit": True}),
        timing("12:01:44", {"InPit": False, "PitOut": True}),
        {"Type": "TrackStatus", "DateTime": "2024-07-05T12:01:45+00:00", "Json": {"Status": "2", "Message": "Yellow"}},
        {"Type": "TimingData", "DateTime": "2024-07-05T12:01:46+00:00", "Json": {"Lines": {"_kf": {"InPit": True}}}},
        {"Type": "Heartbeat", "DateTime": "2024-07-05T12:01:47+00:00", "Json": {"Utc": "2024-07-05T12:01:47Z"}},
    ]
    (folder / "s_snapshot.json.gz").write_bytes(gzip.compress(json.dumps(snapshot).encode()))
    (folder / "s_live.jsonl").write_text("\n".join(json.dumps(m) for m in messages))
    return [folder / "s_snapshot.json.gz", folder / "s_live.jsonl"]


MADE = {"tracinginsights": race_files, "f1_livetiming": live_files}


@pytest.mark.parametrize("provider", MADE)
def test_an_import_has_valid_records_in_order_and_repeats(provider: str, tmp_path: Path) -> None:
    imported = read(provider, MADE[provider](tmp_path))
    record = imported.record
    assert decode_game(encode(record)) == record
    assert {"provider", "files", "source", "terms", "clock", "arrival"} <= set(record.provenance)
    records = list(imported.stream())
    assert sum(len(r) for r in records if isinstance(r, Telemetry)) == imported.samples
    arrivals = [int(a) for r in records for a in np.atleast_1d(r.arrival_us)]
    assert arrivals == sorted(arrivals)
    events = [r for r in records if isinstance(r, Event)]
    assert {event.type for event in events} <= EVENT_TYPES
    assert len({event.id for event in events}) == len(events)
    assert all(decode_event(encode(event)) == event for event in events)
    with Writer(tmp_path / "rec", record) as writer:
        for one in imported.stream():
            writer.write(one)
    recording = Recording(tmp_path / "rec")
    assert (recording.game, recording.samples) == (record, imported.samples)
    operator = operator_for(record, draw=False, strict=True)
    for one in records:
        operator.on_record(one)
    operator.finish()


def updates(imported: Imported) -> dict[str, list[tuple[str, object]]]:
    operator = operator_for(imported.record, draw=False)
    out = [o for r in imported.stream() for o in operator.on_record(r)] + operator.finish()
    found: dict[str, list[tuple[str, object]]] = {}
    for block in out:
        if isinstance(block, StatBlock) and block.quality == "final" and block.event:
            found.setdefault(block.stat, []).append((block.subjects[0], block.values[0][0]))
    return found


def test_laps_are_added_up_and_gaps_follow(tmp_path: Path) -> None:
    imported = read("tracinginsights", race_files(tmp_path))
    assert [(team.id, team.name) for team in imported.record.teams] == [("team-one", "Team One"), ("two", "Two")]
    found = updates(imported)
    laps = {(who, v[1]): v[0] for who, v in found["f1.car.lap_time"]}  # type: ignore[index]
    for driver, times in TIMES.items():
        for lap, took in enumerate(times, 1):
            assert laps[driver, float(lap)] == pytest.approx(took, abs=2e-3)
    gaps = [v for who, v in found["f1.car.gap_at_line"] if who == "BBB"]
    assert gaps[:2] == pytest.approx([1.5, 2.0], abs=0.05)
    places = [v for who, v in found["f1.car.position_at_line"] if who == "BBB"]
    assert places == [2.0, 2.0, 1.0] or places == [2.0, 2.0, 2.0]
    throttle = [r.channels["throttle_share"] for r in imported.stream() if isinstance(r, Telemetry)]
    known = np.concatenate(throttle)
    assert np.isnan(known).any(), "104 says that the sensor is out"
    assert np.nanmax(known) == pytest.approx(0.8)
    corners = [e for e in imported.stream() if isinstance(e, Event) and e.type == "corner"]
    assert len(corners) == 2 * 2 * 3, "two corners, two drivers, three laps"


def test_partial_updates_become_events(tmp_path: Path) -> None:
    imported = read("f1_livetiming", live_files(tmp_path))
    events = [r for r in imported.stream() if isinstance(r, Event)]
    loops = [(e.type, e.attrs.get("lap"), e.attrs.get("loop"), e.attrs.get("sector")) for e in events if e.type == "loop"]
    assert loops == [
        ("loop", 4.0, 6.0, 3.0),
        ("loop", 5.0, 1.0, None),
        ("loop", 5.0, 2.0, 1.0),
        ("loop", 5.0, 4.0, 2.0),
        ("loop", 5.0, 6.0, 3.0),
    ]
    assert [e.attrs["compound"] for e in events if e.type == "tyres"] == ["hard", "soft"]
    (out,) = [e for e in events if e.type == "pit_exit"]
    assert out.attrs["lane_s"] == 24.0
    assert [e.attrs["status"] for e in events if e.type == "track_status"] == ["clear", "yellow"]
    assert imported.record.provenance["ignored: line of an unknown driver"] == "1"
    found = updates(imported)
    # chained by official sector times, not by when the messages were sent
    assert [v[0] for _, v in found["f1.car.lap_time"]] == [pytest.approx(61.5, abs=1e-5)]  # type: ignore[index]
    (packet,) = [r for r in imported.stream() if isinstance(r, Telemetry)]
    assert (packet.x_m[0], packet.y_m[0]) == (1.0, -2.0)
    assert packet.channels["speed_mps"][0] == pytest.approx(50.0)
    assert packet.channels["engine_radps"][0] == pytest.approx(1000.0, rel=1e-3)
    assert np.isnan(packet.channels["throttle_share"][0])


def test_merging_is_by_key_and_by_index() -> None:
    state = {"a": [{"b": 1}, {"b": 2}], "c": {"d": 1, "e": 2}}
    merge(state, {"a": {"1": {"b": 5}, "2": {"b": 6}}, "c": {"e": 3}, "f": 1})
    assert state == {"a": [{"b": 1}, {"b": 5}, {"b": 6}], "c": {"d": 1, "e": 3}, "f": 1}
    assert merge([1], {"99999999": 1}) == [1], "no index makes a list of a billion"
    assert (seconds("1:30.617"), seconds("24.694"), seconds(""), seconds("LAP 1"), seconds(None)) == (
        90.617,
        24.694,
        None,
        None,
        None,
    )


def test_merging_updates_of_any_shape_raises_no_error() -> None:
    race = Race("g", {"7": "one"}, {"DriverList": {"7": {}}, "TimingData": {"Lines": {"7": {}}}})
    for patch in (
        None,
        5,
        [],
        {},
        {"Lines": None},
        {"Lines": {"7": None}},
        {"Lines": {"7": {"Sectors": {"9": {}}}}},
        {"Lines": {"7": {"Sectors": [{"Segments": {"0": {"Status": "x"}}}]}}},
        {"Lines": {"7": {"Sectors": {"0": None}}}},
    ):
        list(race.update(1, "TimingData", patch))
    assert sum(race.strange.values()) >= 4


@pytest.mark.parametrize("provider", MADE)
def test_a_file_cut_short_is_one_sentence(provider: str, tmp_path: Path) -> None:
    files = MADE[provider](tmp_path)
    for path in files[:2]:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput) as caught:
            list(read(provider, files).stream())
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    files = race_files(tmp_path)
    with pytest.raises(BadInput, match=r"tracinginsights needs laps\.csv"):
        read("tracinginsights", files[:1])
    with pytest.raises(BadInput, match="f1_livetiming needs a stream"):
        read("f1_livetiming", [])
    (tmp_path / "laps.csv").write_text("driver,time,lap,compound,stint,s1,s2,s3,life,pos,status\nZZZ,1,1,SOFT,1,1,1,1,1,1,1\n")
    with pytest.raises(BadInput, match="has the driver AAA"):
        read("tracinginsights", files)


# -- the real ones -------------------------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.slow
def test_the_real_race_agrees_with_its_official_columns(real_data: Path, tmp_path: Path) -> None:
    """docs/f1.md states the differences; this holds them."""
    folder = real_data / "f1_dutch_gp_2025_race"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    imported = read("tracinginsights", sorted(folder.iterdir()))
    with Writer(tmp_path / "rec", imported.record) as writer:
        for one in imported.stream():
            writer.write(one)
    found = {a.stat: a for a in compare_events(Recording(tmp_path / "rec"), load_sport("f1"), imported.event_references)}
    laps, sectors = found["f1.car.lap_time"], found["f1.car.sector_time"]
    assert (laps.n, laps.theirs_only) == (1342, 0)
    assert laps.worst < 2e-6
    assert sectors.n > 4000
    assert sectors.worst < 2e-6
    gaps, places, stops = found["f1.car.gap_at_line"], found["f1.car.position_at_line"], found["f1.car.pit_time"]
    assert gaps.n >= 1360
    assert gaps.rmse < 0.25
    assert gaps.worst < 1.1
    assert abs(gaps.bias) < 0.05
    assert places.n >= 1360
    assert places.rmse**2 * places.n <= 4.5, "four places among 1,361, each beside the pit lane"
    assert stops.n == 39
    assert 0.3 < stops.bias < 1.2, "speed tells the limiter, timing the lane's lines"


@pytest.mark.slow
@pytest.mark.real
def test_real_live_timing_replays(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "f1_live_timing"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    files = sorted(folder.glob("*fp1*"))
    imported = read("f1_livetiming", files)
    assert len(imported.record.entities) == 20
    assert len(imported.record.teams) == 10
    with Writer(tmp_path / "rec", imported.record) as writer:
        for one in imported.stream():
            writer.write(one)
    found = {a.stat: a for a in compare_events(Recording(tmp_path / "rec"), load_sport("f1"), imported.event_references)}
    assert found["f1.car.sector_time"].n >= 900
    assert found["f1.car.sector_time"].rmse < 0.01
    assert found["f1.car.lap_time"].n >= 300
    assert found["f1.car.lap_time"].rmse < 0.05
    snapshot = read("f1_livetiming", sorted(folder.glob("*race*")))
    packets = [r for r in snapshot.stream() if isinstance(r, Telemetry)]
    assert sum(map(len, packets)) == snapshot.samples == 60
    assert all(np.isfinite(p.x_m).all() for p in packets)


def replay_file(folder: Path) -> Path:
    """Two cars on a circle of 3 km at 50 m/s, B four seconds behind A, which begins on the line."""
    samples = {}
    for name, behind_s in (("A", 0.0), ("B", 4.0)):
        rows = []
        for k in range(1500):
            angle = 2 * np.pi * (k / 10 - behind_s) * 50.0 / LAP_M
            rows.append(
                {
                    "t": k / 10,
                    "x": 4774.65 * np.cos(angle),
                    "y": 4774.65 * np.sin(angle),
                    "speed": 180,
                    "throttle": 60,
                    "brake": 0,
                    "gear": 6,
                    "drs": 0,
                }
            )
        samples[name] = rows
    path = folder / "two-cars.json"
    path.write_text(
        json.dumps(
            {
                "meta": {"year": 2024, "track": "Ring"},
                "cars": [{"driver": n, "samples": s} for n, s in samples.items()],
                "track": {"startFinish": {"x": 4774.65, "y": 0.0}, "corners": []},
            }
        )
    )
    return path


@pytest.mark.slow
def test_cars_on_one_clock_have_gaps_and_lap_times(tmp_path: Path) -> None:
    found = updates(read("f1_replay", [replay_file(tmp_path)]))
    assert [v[0] for who, v in found["f1.car.lap_time"] if who == "A"] == pytest.approx([60.0, 60.0], abs=0.02)  # type: ignore[index]
    gaps = [v for who, v in found["f1.car.gap_at_line"] if who == "B"]
    assert gaps[-1] == pytest.approx(4.0, abs=0.05)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(BadInput, match="is no f1_replay file"):
        read("f1_replay", [tmp_path / "other.json"])
