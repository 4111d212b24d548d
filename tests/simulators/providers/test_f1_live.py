"""Live timing as it really comes: in several forms, in pieces, twice, late, out of order, cut short; in races and in other
sessions."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulators.providers import Imported, read
from streaming.errors import BadInput
from streaming.wire.records import Telemetry
from tests.conftest import real_folder
from tests.simulators.providers.f1_made import events, finals, labels, of_events, sentences, series

START = datetime(2025, 5, 4, 13, 0, tzinfo=UTC)
Message = dict[str, Any]
CARS = {"7": "SEV", "8": "EIG", "9": "NIN"}
#: lap times, s: 9 is lapped and ends five
LAPS = {"7": [62.0, 60.0, 60.0, 60.0, 60.0, 60.0], "8": [63.0, 60.5, 60.25, 59.0, 61.0, 60.5], "9": [76.0, 74.0, 74.5, 74.25, 74.0]}
S1, S2 = 20.125, 21.5


def message(topic: str, at_s: float, update: Any) -> Message:
    when = (START + timedelta(seconds=at_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"Type": topic, "Json": update, "DateTime": when}


def timing(at_s: float, car: str, **line: Any) -> Message:
    return message("TimingData", at_s, {"Lines": {car: line}})


def clock(lap_s: float) -> str:
    return f"{int(lap_s // 60)}:{lap_s % 60:06.3f}"


def opening(kind: str = "Race") -> list[Message]:
    drivers = {n: {"Tla": tla, "FullName": tla.title(), "TeamName": f"Team {n}", "TeamColour": "ff0000"} for n, tla in CARS.items()}
    first = {
        n: {"InPit": False, "Position": str(k), "Sectors": [{"Value": "", "Segments": [{"Status": 0}] * 2} for _ in range(3)]}
        for k, n in enumerate(CARS, 1)
    }
    tyres = {n: {"Stints": [{"Compound": "MEDIUM", "TotalLaps": 0, "StartLaps": 0}]} for n in CARS}
    return [
        message("SessionInfo", 0.0, {"Type": kind, "Name": kind, "Meeting": {"Name": "A Grand Prix"}}),
        message("DriverList", 0.0, drivers),
        message("TimingData", 0.0, {"Lines": first}),
        message("TimingAppData", 0.1, {"Lines": tyres}),
        message("TrackStatus", 0.2, {"Status": "1"}),
        *([message("LapCount", 0.3, {"CurrentLap": 1, "TotalLaps": 6})] if kind == "Race" else []),
    ]


def race(kind: str = "Race", lights_s: float = 10.0) -> list[Message]:
    """A whole race: every sector and lap of every car, one second after it happened."""
    found = opening(kind)
    found.append(
        message(
            "SessionData",
            lights_s + 0.4,
            {"StatusSeries": {"1": {"Utc": message("", lights_s, 0)["DateTime"], "SessionStatus": "Started"}}},
        )
    )
    for car, laps in LAPS.items():
        line_s = lights_s
        for lap, took in enumerate(laps, 1):
            first = {"0": {"Value": f"{S1:.3f}"}, "1": {"Value": ""}, "2": {"Value": ""}}
            found.append(timing(line_s + S1 + 1, car, Sectors=first))
            found.append(timing(line_s + S1 + S2 + 1, car, Sectors={"1": {"Value": f"{S2:.3f}"}}))
            line_s += took
            found.append(
                timing(
                    line_s + 1,
                    car,
                    NumberOfLaps=lap,
                    LastLapTime={"Value": clock(took)},
                    Sectors={"2": {"Value": f"{took - S1 - S2:.3f}"}},
                )
            )
    return sorted(found, key=lambda m: str(m["DateTime"]))


def fastf1(messages: list[Message]) -> str:
    return "\n".join(str([m["Type"], m["Json"], m["DateTime"]]) for m in messages)


def lines_of(messages: list[Message]) -> str:
    return "\n".join(json.dumps(m) for m in messages)


def frames(messages: list[Message]) -> str:
    """Raw SignalR: the answer to the subscription, updates two to a frame, and frames that only keep the connection alive."""
    state = {m["Type"]: m["Json"] for m in messages[:6]} | {"Heartbeat": {"Utc": messages[5]["DateTime"]}}
    listed: list[Any] = [{"R": state, "I": "1"}, {}]
    rest = messages[6:]
    for k in range(0, len(rest), 2):
        calls = [{"H": "Streaming", "M": "feed", "A": [m["Type"], m["Json"], m["DateTime"]]} for m in rest[k : k + 2]]
        listed.append({"C": f"d-{k}", "M": calls})
    return "\n".join(json.dumps(entry) for entry in listed)


def core_frames(messages: list[Message]) -> str:
    """The newer form of the same."""
    state = {m["Type"]: m["Json"] for m in messages[:6]} | {"Heartbeat": {"Utc": messages[5]["DateTime"]}}
    listed = [{"type": 3, "invocationId": "0", "result": state}, {"type": 6}]
    listed += [{"type": 1, "target": "feed", "arguments": [m["Type"], m["Json"], m["DateTime"]]} for m in messages[6:]]
    return "\x1e".join(json.dumps(entry) for entry in listed) + "\x1e"


def imported(folder: Path, text: str, name: str = "live.txt") -> Imported:
    (folder / name).write_text(text)
    return read("f1_livetiming", [folder / name])


def laps(found: Imported) -> dict[str, dict[int, float]]:
    """Every lap time that is shown, by car and lap."""
    shown: dict[str, dict[int, float]] = {}
    for car, (took, lap, *_) in of_events(finals(found), "f1.car.lap_time"):
        assert lap not in shown.setdefault(car, {}), "no lap is reported twice"
        shown[car][int(lap)] = round(took, 6)
    return shown


TRUE = {CARS[car]: dict(enumerate(times, 1)) for car, times in LAPS.items()}


@pytest.mark.parametrize("form", [lines_of, fastf1, frames, core_frames])
@pytest.mark.parametrize("name", ["live.txt", "live.json", "live.jsonl"])
def test_recordings_of_every_form_give_the_same_events(form: Callable[[list[Message]], str], name: str, tmp_path: Path) -> None:
    found = imported(tmp_path, form(race()), name)
    assert laps(found) == TRUE
    assert found.record.title == "A Grand Prix, Race"
    assert found.record.provenance["session"] == "race"


# -- the same laps, however they come ------------------------------------------------------------------------------------------


def split(messages: list[Message], delay_s: float, sector_first: bool) -> list[Message]:
    """Every second end of a lap in two messages: the third sector, and the rest of it."""
    found, seen = list[Message](), 0
    for one in messages:
        line = next(iter(one["Json"]["Lines"].values())) if one["Type"] == "TimingData" and len(one["Json"]["Lines"]) == 1 else {}
        if "LastLapTime" in line:
            seen += 1
            if seen % 2:
                (car,) = one["Json"]["Lines"]
                parts = [{"Sectors": line["Sectors"]}, {name: line[name] for name in ("NumberOfLaps", "LastLapTime")}]
                for part, at in zip(parts if sector_first else parts[::-1], (0.0, delay_s), strict=True):
                    when = datetime.fromisoformat(one["DateTime"]) + timedelta(seconds=at)
                    found.append({**one, "Json": {"Lines": {car: part}}, "DateTime": when.isoformat(timespec="milliseconds")})
                continue
        found.append(one)
    return found


def shuffled(messages: list[Message]) -> list[Message]:
    found = messages[6:]
    random.Random(3).shuffle(found)
    return messages[:6] + found


def repeated(messages: list[Message]) -> list[Message]:
    """Every third message once more, some seconds later, and now and then the whole state of a car."""
    found, whole = list[Message](), {car: {"Sectors": [{}, {}, {}]} for car in CARS}
    for k, one in enumerate(messages):
        found.append(one)
        when = datetime.fromisoformat(one["DateTime"])
        if k % 3 == 0 and one["Type"] == "TimingData":
            found.append({**one, "DateTime": (when + timedelta(seconds=2.5)).isoformat()})
        if one["Type"] == "TimingData" and k > 6:
            (car,) = one["Json"]["Lines"]
            line = one["Json"]["Lines"][car]
            for s, sector in line["Sectors"].items():
                whole[car]["Sectors"][int(s)] = sector
            whole[car] |= {name: line[name] for name in ("NumberOfLaps", "LastLapTime") if name in line}  # type: ignore[assignment]
            if k % 5 == 0:
                again = {**one, "Json": {"Lines": {car: deepcopy(whole[car])}}}
                found.append(again | {"DateTime": (when + timedelta(seconds=1.5)).isoformat()})
    return found


HOW = {
    "sector first, at once": lambda m: split(m, 0.0, True), "sector first": lambda m: split(m, 1.5, True),
    "sector first, long before": lambda m: split(m, 12.0, True), "sector last": lambda m: split(m, 0.4, False),
    "twice": lambda m: [*m, *m], "overlap": lambda m: [*m[:40], *m[25:]], "shuffled": shuffled, "repeated": repeated,
}  # fmt: skip


@pytest.mark.parametrize("how", HOW)
def test_laps_do_not_depend_on_the_order_of_messages(how: str, tmp_path: Path) -> None:
    assert laps(imported(tmp_path, lines_of(HOW[how](race())))) == TRUE


def test_two_recordings_of_one_session_are_merged(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines_of(race()[:40]))
    (tmp_path / "b.txt").write_text(fastf1(race()[25:]))
    assert laps(read("f1_livetiming", [tmp_path / "b.txt", tmp_path / "a.jsonl"])) == TRUE


@pytest.mark.parametrize("form", [lines_of, fastf1])
def test_a_recording_may_be_cut_in_the_middle_of_a_line(form: Callable[[list[Message]], str], tmp_path: Path) -> None:
    text = form(race())
    found = imported(tmp_path, text[: len(text) - 30])
    assert found.record.provenance["ignored: line that is cut short or damaged"] == "1"
    assert {car: len(mine) for car, mine in laps(found).items()} == {"SEV": 6, "EIG": 6, "NIN": 4}
    # two of them, the second one glued to the cut of the first
    cut = len(text) // 2
    while text[cut - 1] == "\n":
        cut += 1
    glued = text[:cut] + text[text.rindex("\n", 0, cut) + 1 :]
    assert laps(imported(tmp_path, glued)) == TRUE


def test_a_file_that_is_mostly_no_recording_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no recording of live timing: 2 of its 2 lines cannot be read"):
        imported(tmp_path, "a,b\n1,2\n")
    with pytest.raises(BadInput, match="is empty"):
        imported(tmp_path, "")
    with pytest.raises(BadInput, match="names no driver"):
        imported(tmp_path, lines_of([message("Heartbeat", 0.0, {"Utc": START.isoformat()})]))


def test_a_missing_sector_keeps_the_lap(tmp_path: Path) -> None:
    """The third sector of one lap and the first of another are missing: the reported laps stay."""
    messages = race()
    for k, one in enumerate(messages):
        line = one["Json"].get("Lines", {}).get("7", {}) if one["Type"] == "TimingData" else {}
        if line.get("NumberOfLaps") == 3:
            messages[k] = timing(
                (datetime.fromisoformat(one["DateTime"]) - START).total_seconds(),
                "7",
                **{n: line[n] for n in ("NumberOfLaps", "LastLapTime")},
            )
    firsts = [k for k, m in enumerate(messages) if "0" in m["Json"].get("Lines", {}).get("7", {}).get("Sectors", {})]
    del messages[firsts[4]]
    found = imported(tmp_path, lines_of(messages))
    assert laps(found) == TRUE
    crossings = [e.t_us / 1e6 for e in events(found, "loop") if e.player == "SEV" and e.attrs.get("sector") == 3.0]
    assert np.diff(crossings) == pytest.approx(LAPS["7"][1:], abs=1e-5), "official times chain the crossings"


def test_joined_in_the_middle_no_half_lap_is_final_and_nothing_is_best(tmp_path: Path) -> None:
    messages = race()
    late = opening()[:2] + [m for m in messages if m["DateTime"] > message("", 145.0, 0)["DateTime"]]
    found = imported(tmp_path, lines_of(late))
    blocks = finals(found)
    shown = of_events(blocks, "f1.car.lap_time")
    for car, (took, lap, personal, overall) in shown:
        assert took == pytest.approx(TRUE[car][int(lap)])
        assert np.isnan(personal), "its bests so far have not been seen"
        assert np.isnan(overall)
    assert {lap for car, (_, lap, *_) in shown if car == "SEV"} == {3.0, 4.0, 5.0, 6.0}
    assert not of_events(blocks, "f1.car.time_lost")
    assert not [label for label, _ in labels(blocks) if label == "fastest_lap"]
    assert np.isnan(series(blocks, "f1.car.tyre_age", "SEV")).all(), "how old the tyres were is not known"


# -- a race --------------------------------------------------------------------------------------------------------------------


def test_the_race_ends_for_lapped_cars_with_the_winner(tmp_path: Path) -> None:
    cool = timing(500.0, "7", NumberOfLaps=7, LastLapTime={"Value": "1:59.000"}, Sectors={"2": {"Value": "40.000"}})
    found = imported(tmp_path, lines_of([*race(), cool]))
    assert [(e.player, e.attrs["position"], e.attrs["laps"]) for e in events(found, "finish")] == [
        ("SEV", 1.0, 6.0),
        ("EIG", 2.0, 6.0),
        ("NIN", 3.0, 5.0),
    ]
    assert laps(found) == TRUE, "a lap after the flag is none"
    (lights,) = events(found, "lights_out")
    assert (lights.attrs["laps"], lights.t_us) == (6.0, int(START.timestamp() * 1e6) + 10_000_000)
    assert "Sev wins the race for Team 7." in sentences(finals(found))


def test_place_gap_and_interval_are_timing_s_own(tmp_path: Path) -> None:
    messages = race()
    for k, one in enumerate(list(messages)):
        line = one["Json"].get("Lines", {}).get("8", {}) if one["Type"] == "TimingData" else {}
        if line.get("NumberOfLaps"):
            line |= {"Position": "2", "GapToLeader": f"+{line['NumberOfLaps']}.111", "IntervalToPositionAhead": {"Value": "+0.777"}}
            messages[k] = one
    messages.append(timing(200.0, "9", Position="3", GapToLeader="1L", IntervalToPositionAhead={"Value": "1L"}))
    messages.append(timing(200.0, "7", Position="1", GapToLeader="LAP 4", IntervalToPositionAhead={"Value": "LAP 4"}))
    found = imported(tmp_path, lines_of(messages))
    blocks = finals(found)
    gaps = [v for car, v in of_events(blocks, "f1.car.gap_at_line") if car == "EIG"]
    assert gaps == pytest.approx([k + 0.111 for k in range(1, 7)])
    assert {v for car, v in of_events(blocks, "f1.car.position_at_line") if car == "EIG"} == {2.0}
    assert {v for car, v in of_events(blocks, "f1.timing.interval") if car == "EIG"} == {0.777}
    behind = [e.attrs for e in events(found, "standing") if e.player == "NIN"][-1]
    assert behind == {"place": 3.0, "laps_behind": 1.0}, "a lap behind there is no gap, not 0 or 1"
    assert [v for car, v in of_events(blocks, "f1.timing.gap") if car == "SEV"][-1] == 0.0


def test_a_retirement_can_be_withdrawn_and_is_reported_once(tmp_path: Path) -> None:
    back = [timing(100.0, "8", Retired=True), timing(101.0, "8", Retired=True), timing(130.0, "8", Retired=False)]
    found = imported(tmp_path, lines_of([*race(), *back]))
    made = events(found, "retirement")
    assert [(e.revision, e.deleted) for e in made] == [(0, False), (1, True)]
    assert len({e.id for e in made}) == 1
    blocks = finals(found)
    assert [e.player for e in events(found, "finish")] == ["SEV", "EIG", "NIN"]
    gone = [b for b in blocks if b.stat == "game.highlight" and b.event == made[0].id]
    assert gone[-1].revision > 0, "its highlight is withdrawn"
    assert labels(blocks)[-1] != ("retirement", ["retirement"])
    # one that holds
    found = imported(tmp_path, lines_of([*race(), *back[:2]]))
    assert len(events(found, "retirement")) == 1
    assert [e.player for e in events(found, "finish")] == ["SEV", "NIN"]


def test_disqualifications_and_flags_come_from_race_control(tmp_path: Path) -> None:
    control = [
        message("RaceControlMessages", 90.0, {"Messages": {"3": {"Category": "Other", "Message": "CAR 9 (NIN) DISQUALIFIED"}}}),
        message("RaceControlMessages", 91.0, {"Messages": {"4": {"Category": "Other", "Message": "CAR 8 (EIG) NOTED"}}}),
        message("TrackStatus", 95.0, {"Status": "6"}),
        message("TrackStatus", 99.0, {"Status": "7"}),
        message("TrackStatus", 105.0, {"Status": "1"}),
        message("TrackStatus", 106.0, {"Status": "1"}),
    ]
    found = imported(tmp_path, lines_of([*race(), *control]))
    assert [e.player for e in events(found, "disqualification")] == ["NIN"]
    words = [e.attrs["status"] for e in events(found, "track_status")]
    assert words == ["clear", "virtual_safety_car", "clear"], "reported when it changes; while it is ending it is still there"


def test_tyres_that_are_announced_are_fitted_at_the_stop(tmp_path: Path) -> None:
    stop = [
        message("TimingAppData", 120.0, {"Lines": {"7": {"Stints": {"1": {"Compound": "HARD", "TotalLaps": 0, "StartLaps": 0}}}}}),
        timing(140.0, "7", InPit=True),
        timing(141.0, "7", InPit=True),
        timing(163.0, "7", InPit=False, PitOut=True),
        message("TimingAppData", 163.5, {"Lines": {"7": {"Stints": {"1": {"TotalLaps": 1}}}}}),
    ]
    found = imported(tmp_path, lines_of([*race(), *stop]))
    at = [(round(e.t_us / 1e6 - START.timestamp(), 3), e.attrs["compound"]) for e in events(found, "tyres") if e.player == "SEV"]
    assert at == [(0.1, "medium"), (163.0, "hard")]
    (out,) = events(found, "pit_exit")
    assert out.attrs["lane_s"] == 23.0
    assert len(events(found, "pit_entry")) == 1


def test_a_start_that_is_long_past_or_announced_is_none(tmp_path: Path) -> None:
    def started(at_s: float, said_s: float) -> Message:
        when = message("", at_s, 0)["DateTime"]
        return message("SessionData", said_s, {"StatusSeries": {"1": {"Utc": when, "SessionStatus": "Started"}}})

    messages = [m for m in race() if m["Type"] != "SessionData"]
    for early in (started(-900.0, 5.0), started(900.0, 5.0)):
        assert not events(imported(tmp_path, lines_of([*messages, early])), "lights_out")
    twice = imported(tmp_path, lines_of([*messages, started(10.0, 10.2), started(250.0, 250.2)]))
    assert len(events(twice, "lights_out")) == 1, "a race that goes on after a red flag does not start again"


# -- other sessions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Practice", "Qualifying"])
def test_without_a_race_there_is_no_order_on_the_track(kind: str, tmp_path: Path) -> None:
    found = imported(tmp_path, lines_of(race(kind)))
    assert found.record.provenance["session"] == kind.lower()
    assert not events(found, "lights_out", "finish")
    blocks = finals(found)
    assert laps(found) == TRUE
    for stat in ("f1.race.win_probability", "f1.strategy.undercut_threat", "f1.strategy.rejoin_position", "f1.strategy.pit_window"):
        for car in CARS.values():
            assert np.isnan(series(blocks, stat, car)).all(), stat
    for stat in ("f1.car.gap_at_line", "f1.timing.gap"):
        assert not of_events(blocks, stat), stat
    assert not [text for text in sentences(blocks) if "race" in text]
    for _, (_, _, traffic, _) in of_events(blocks, "f1.car.time_lost"):
        assert np.isnan(traffic), "traffic is unknown"


def test_best_times_rank_as_in_timing(tmp_path: Path) -> None:
    parts = {
        "Stats": [
            {"TimeDiffToFastest": "+0.400", "TimeDifftoPositionAhead": "+0.100"},
            {"TimeDiffToFastest": "+0.250", "TimeDifftoPositionAhead": "+0.050"},
        ]
    }
    messages = [*race("Qualifying"), timing(300.0, "8", Position="3", BestLapTime={"Value": "0:59.000"}, **parts)]
    shown = finals(imported(tmp_path, lines_of(messages)))
    assert of_events(shown, "f1.timing.position")[-1] == ("EIG", 3.0)
    assert of_events(shown, "f1.timing.gap")[-1] == ("EIG", 0.25)
    practice = [*race("Practice"), timing(300.0, "8", Position="2", TimeDiffToFastest="+0.300", TimeDiffToPositionAhead="+0.300")]
    shown = finals(imported(tmp_path, lines_of(practice)))
    assert of_events(shown, "f1.timing.interval")[-1] == ("EIG", 0.3)


# -- cars ----------------------------------------------------------------------------------------------------------------------


def packed(thing: object) -> str:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(squeeze.compress(json.dumps(thing).encode()) + squeeze.flush()).decode()


def cars(wrong: dict[int, Any]) -> list[Message]:
    """Ten seconds of one car at 50 m/s, in frames of SignalR's topics; ``wrong`` positions by their number."""
    found = [*opening(), timing(9.0, "7", Position="2", GapToLeader="+1.500", IntervalToPositionAhead={"Value": "+1.500"})]
    for k in range(40):
        at = 10.0 + k / 4
        utc = message("", at, 0)["DateTime"]
        place = wrong.get(k, {"Status": "OnTrack", "X": 500 * k // 4, "Y": 0, "Z": 50})
        entries = {"7": place, "8": {"Status": "OnTrack", "X": 0, "Y": 300 * k // 4, "Z": 50}}
        found.append(
            message(
                "CarData.z",
                at + 0.1,
                packed(
                    {
                        "Entries": [
                            {
                                "Utc": utc,
                                "Cars": {
                                    n: {"Channels": {"0": 9549, "2": 180, "3": 5, "4": 99, "5": 1, "45": 8}} for n in ("7", "8")
                                },
                            }
                        ]
                    }
                ),
            )
        )
        found.append(message("Position.z", at + 0.15, packed({"Position": [{"Timestamp": utc, "Entries": entries}]})))
    return found


@pytest.mark.parametrize("wrong", [{"X": 0, "Y": 0, "Z": 0}, {"X": 90000, "Y": 0, "Z": 50}, {"X": None, "Y": "x"}, None])
def test_a_missing_position_keeps_the_other_channels(wrong: Any, tmp_path: Path) -> None:
    found = imported(tmp_path, frames(cars({20: wrong})))
    packets = [r for r in found.stream() if isinstance(r, Telemetry)]
    assert [len(p) for p in packets] == [2] * 40
    x = [float(p.x_m[0]) for p in packets]
    assert x[20] == pytest.approx(250.0), "straight between its neighbours"
    assert all(p.channels["speed_mps"][0] == pytest.approx(50.0) for p in packets)
    blocks = finals(found)
    assert set(series(blocks, "f1.car.position", "SEV")) == {2.0}, "as timing gives it"
    assert set(series(blocks, "f1.car.gap", "SEV")) == {1.5}
    assert set(series(blocks, "f1.car.interval", "SEV")) == {1.5}


def test_messages_that_cannot_be_unpacked_are_counted(tmp_path: Path) -> None:
    messages = cars({})
    messages[-1]["Json"] = messages[-1]["Json"][:20]
    messages[-2]["Json"] = packed({"Entries": [{"Utc": "yesterday", "Cars": {}}, 5]})
    found = imported(tmp_path, lines_of(messages))
    assert found.record.provenance["ignored: Position.z that cannot be unpacked"] == "1"
    assert found.record.provenance["ignored: entry of CarData.z without a time or cars"] == "2"
    assert found.samples == 78


# -- the shared ones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fastf1.txt", "fastf1.jsonl", "live.json", "once.jsonl", "overlap.jsonl", "nullseg.jsonl"])
def test_the_shared_recordings_give_the_same_events(name: str) -> None:
    path = real_folder().parent / "cases" / "08-f1-live-recordings" / name
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    assert laps(read("f1_livetiming", [path])) == {"SEV": {n: pytest.approx(60.8 + n / 10 + 0.2) for n in range(2, 8)}}


@pytest.mark.real
@pytest.mark.slow
def test_real_laps_are_the_same_however_their_ends_are_cut(real_data: Path, tmp_path: Path) -> None:
    """Of the first practice at Silverstone, all laps that timing gives, as it gives them; and the same with every second end of a
    third sector in a message of its own."""
    folder = real_data / "f1_live_timing"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    (stream,), (snapshot,) = folder.glob("*fp1*.jsonl.gz"), folder.glob("*fp1_snapshot*")
    messages = [json.loads(line) for line in gzip.decompress(stream.read_bytes()).splitlines()]
    official: dict[str, list[float]] = {}
    cut, seen = [], 0
    for one in messages:
        cut.append(one)
        for car, line in one["Json"]["Lines"].items() if one["Type"] == "TimingData" else ():
            if isinstance(line.get("LastLapTime"), dict) and line["LastLapTime"].get("Value"):
                minutes, rest = line["LastLapTime"]["Value"].split(":")
                official.setdefault(car, []).append(60 * float(minutes) + float(rest))
            if "2" in line.get("Sectors", {}) and isinstance(line["Sectors"]["2"], dict) and line["Sectors"]["2"].get("Value"):
                seen += 1
                if seen % 2:
                    whole = deepcopy(cut[-1])
                    sector = {"Sectors": {"2": whole["Json"]["Lines"][car]["Sectors"].pop("2")}}
                    cut[-1:] = [{**one, "Json": {"Lines": {car: sector}}}, whole]
    (tmp_path / "cut_live.jsonl").write_text(lines_of(cut))
    whole, parted = (read("f1_livetiming", [path, snapshot]) for path in (stream, tmp_path / "cut_live.jsonl"))
    shown = laps(whole)
    assert shown == laps(parted)
    short = {entity.id: str(entity.shirt) for entity in whole.record.entities}
    assert {short[car]: [mine[lap] for lap in sorted(mine)] for car, mine in shown.items()} == {
        car: pytest.approx(times) for car, times in official.items()
    }
    assert sum(map(len, shown.values())) == 340
