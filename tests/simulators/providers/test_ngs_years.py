"""NGS plays as each year's public files write them: one small play in every spelling comes out the same; what is not the same is
refused, and what is missing is named."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.nfl.columns import YD
from simulators.providers import Imported, read
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.factory import operator_for
from streaming.wire.records import Event, Telemetry
from tests.simulators.providers.test_ngs import event_values, frames_of, plays_of
from tests.streaming import helpers

Table = dict[str, list[Any]]
#: the events of a play of the shape of ``frames_of``, in any spelling
WORDS = ["down", "line_set", "ball_snap", "pass_forward", "pass_arrived", "pass_outcome_caught", "tackle"]


def cells(table: Table, empty: str = "NA") -> list[list[str]]:
    def cell(value: Any) -> str:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return empty
        if isinstance(value, np.datetime64):
            return str(value).replace("T", " ")
        return str(value)

    return [[cell(value) for value in row] for row in zip(*table.values(), strict=True)]


def write_csv(path: Path, table: Table, empty: str = "NA") -> Path:
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(table)
        out.writerows(cells(table, empty))
    return path


def events_of(imported: Imported) -> list[Event]:
    return [record for record in imported.stream() if isinstance(record, Event)]


def samples(imported: Imported) -> dict[str, np.ndarray]:
    """{entity id: (n, 2) m} in the order of time."""
    entity = {tag.tag: tag.entity for tag in imported.record.tags}
    found: dict[str, list[tuple[float, float]]] = {}
    for packet in imported.stream():
        if isinstance(packet, Telemetry):
            for tag, x, y in zip(packet.tag.tolist(), packet.x_m.tolist(), packet.y_m.tolist(), strict=True):
                found.setdefault(entity[tag], []).append((x, y))
    return {name: np.array(rows) for name, rows in found.items()}


def tracking_2019(frames: Table, direction: str) -> Table:
    """Team as home, away and ball; ``frame.id``; no direction, no position; the time with a Z."""
    del direction
    return {
        "time": [f"{str(t).replace(' ', 'T')}Z" for t in frames["time"]],
        "x": frames["x"],
        "y": frames["y"],
        "s": frames["s"],
        "dis": [0.1] * len(frames["x"]),
        "dir": [None] * len(frames["x"]),
        "event": frames["event"],
        "nflId": frames["nflId"],
        "displayName": frames["displayName"],
        "jerseyNumber": frames["jerseyNumber"],
        "team": ["ball" if h is None else "home" if h == 1.0 else "away" for h in frames["homeTeamFlag"]],
        "frame.id": [i // 23 + 1 for i in range(len(frames["x"]))],
        "gameId": frames["gameId"],
        "playId": frames["playId"],
    }


def tracking_2021(frames: Table, direction: str) -> Table:
    """Team as home, away and football; positions in the tracking; labels in all rows; ``None`` where there is no label."""
    labels: dict[Any, Any] = {t: e for t, e in zip(frames["time"], frames["event"], strict=True) if e is not None}
    return {
        "time": frames["time"],
        "x": frames["x"],
        "y": frames["y"],
        "s": frames["s"],
        "a": frames["s"],
        "dis": frames["s"],
        "o": [None] * len(frames["x"]),
        "dir": [None] * len(frames["x"]),
        "event": [labels.get(t, "None") for t in frames["time"]],
        "nflId": frames["nflId"],
        "displayName": ["Football" if n == "ball" else n for n in frames["displayName"]],
        "jerseyNumber": frames["jerseyNumber"],
        "position": frames["position"],
        "frameId": [i // 23 + 1 for i in range(len(frames["x"]))],
        "team": ["football" if h is None else "home" if h == 1.0 else "away" for h in frames["homeTeamFlag"]],
        "gameId": frames["gameId"],
        "playId": frames["playId"],
        "playDirection": [direction] * len(frames["x"]),
    }


def tracking_2025(frames: Table, direction: str) -> Table:
    """``club`` as an abbreviation, the ball's "football" too; no positions: those are in players.csv."""
    found = tracking_2021(frames, direction)
    del found["position"]
    del found["team"]
    return found | {
        "club": ["football" if h is None else ("HOM" if h == 1.0 else "AWY") for h in frames["homeTeamFlag"]],
        "displayName": ["football" if n == "ball" else n for n in frames["displayName"]],
    }


def snake(table: Table) -> Table:
    """camelCase as snake_case."""
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): values for name, values in table.items()}


def games() -> Table:
    return {"gameId": [1], "season": [2018], "homeTeamAbbr": ["HOM"], "visitorTeamAbbr": ["AWY"]}


def players(frames: Table) -> Table:
    listed = {
        i: (n, p) for i, n, p in zip(frames["nflId"], frames["displayName"], frames["position"], strict=True) if i is not None
    }
    return {
        "nflId": list(listed),
        "height": ["6-2"] * len(listed),
        "officialPosition": [p for _, p in listed.values()],
        "displayName": [n for n, _ in listed.values()],
    }


def plays_with(holder: str, side: str, number: int, direction: str | None, old: bool = False) -> Table:
    found: Table = plays_of([(1, 10, direction or "")]) | {
        "possessionTeam": [holder],
        "yardlineSide": [side],
        "yardlineNumber": [number],
    }
    if direction is None:
        del found["playDirection"]
    if old:
        for name, was in (("preSnapHomeScore", "homeScoreBeforePlay"), ("preSnapVisitorScore", "visitorScoreBeforePlay")):
            found[was] = found.pop(name)
        del found["absoluteYardlineNumber"]
        found["GameClock"] = [f"{clock}:00" for clock in found.pop("gameClock")]
    return found


def year(folder: Path, name: str, direction: str = "right") -> list[Path]:
    """The files of a year's spelling, of the play 1/10 by the home team from its own 49 (the middle is at 60) or so."""
    frames = frames_of(1, 10, direction)
    if name == "2019":
        return [
            write_csv(folder / "plays.csv", plays_with("HOM", "", 50, None, old=True)),
            write_csv(folder / "tracking_gameId_1.csv", tracking_2019(frames, direction)),
            write_csv(folder / "games.csv", games()),
            write_csv(folder / "players.csv", players(frames)),
        ]
    if name == "2021":
        return [
            write_csv(folder / "plays.csv", plays_with("HOM", "", 50, None)),
            write_csv(folder / "week1.csv", tracking_2021(frames, direction)),
            write_csv(folder / "games.csv", games()),
        ]
    if name == "2025":
        return [
            write_csv(folder / "plays.csv", plays_with("HOM", "HOM", 50, None)),
            write_csv(folder / "tracking_week_1.csv", tracking_2025(frames, direction)),
            write_csv(folder / "games.csv", games()),
            write_csv(folder / "players.csv", players(frames)),
        ]
    # snake_case throughout, the teams in the table of plays
    spelled_plays = snake(plays_with("HOM", "HOM", 50, direction)) | {"home_team_abbr": ["HOM"], "visitor_team_abbr": ["AWY"]}
    return [
        write_csv(folder / "supplementary_data.csv", spelled_plays, ""),
        write_csv(folder / "input_2023_w01.csv", snake(tracking_2025(frames, direction)), ""),
        write_csv(folder / "players.csv", snake(players(frames)), ""),
    ]


@pytest.mark.parametrize("direction", ["right", "left"])
@pytest.mark.parametrize("name", ["2019", "2021", "2025", "snake"])
def test_every_spelling_is_the_same_play(tmp_path: Path, name: str, direction: str) -> None:
    imported = read("ngs", year(tmp_path, name, direction), "1/10")
    record = imported.record
    assert (record.teams[0].name, record.teams[1].name) == ("HOM", "AWY")
    assert len(record.entities) == 23
    assert record.entities[-1].role == "ball"
    assert {e.id: (e.name, e.team, e.role) for e in record.entities}["9"] == ("Man 08", "home", "receiver")
    assert record.periods[0].home_attacks == (1 if direction == "right" else -1)
    assert imported.samples == 70 * 23
    events = events_of(imported)
    assert [event.type for event in events] == WORDS
    assert {event.team for event in events} == {"home"}
    by_type = {event.type: event for event in events}
    assert by_type["down"].attrs == {
        "play": "1/10",
        "down": 2.0,
        "to_go_yd": 8.0,
        "to_goal_yd": 50.0,
        "clock_s": 330.0 + 1800.0,
        "quarter": 2.0,
        "home_points": 7.0,
        "away_points": 3.0,
    }
    assert (by_type["pass_forward"].player, by_type["pass_arrived"].player) == ("1", "9")
    way = 1.0 if direction == "right" else -1.0
    assert by_type["ball_snap"].x_m == pytest.approx(-5.0 * YD * way, abs=0.01)
    shown = event_values(helpers.play(operator_for(record), list(imported.stream())))
    assert shown["nfl.passer.time_to_throw"] == pytest.approx([2.0])
    assert shown["nfl.pass.air_yards"] == pytest.approx([35 * 0.7 - 0.5], abs=0.01)


@pytest.mark.parametrize(
    ("direction", "half", "number", "to_goal"),
    [
        ("right", "HOM", 20, 80.0),
        ("right", "AWY", 20, 20.0),
        ("left", "HOM", 35, 65.0),
        ("left", "AWY", 1, 1.0),
        ("left", None, 50, 50.0),
    ],
)
def test_the_way_to_the_goal_line_is_by_whose_half_it_is(
    tmp_path: Path, direction: str, half: str | None, number: int, to_goal: float
) -> None:
    files = year(tmp_path, "2025", direction)
    write_csv(files[0], plays_with("HOM", half or "", number, None))
    assert events_of(read("ngs", files, "1/10"))[0].attrs["to_goal_yd"] == to_goal


def test_the_other_team_with_the_ball_attacks_the_other_way(tmp_path: Path) -> None:
    """The away team has the ball: the places at the snap, the table of plays and its halves all say so."""
    files = year(tmp_path, "2025")
    frames = tracking_2025(frames_of(1, 10), "right")
    swap = {"HOM": "AWY", "AWY": "HOM", "football": "football"}
    write_csv(files[1], frames | {"club": [swap[c] for c in frames["club"]]})
    write_csv(files[0], plays_with("AWY", "AWY", 30, None))
    imported = read("ngs", files, "1/10")
    assert imported.record.periods[0].home_attacks == -1
    events = events_of(imported)
    assert {event.team for event in events} == {"away"}
    assert events[0].attrs["to_goal_yd"] == 70.0


def test_without_sides_the_line_up_decides(tmp_path: Path) -> None:
    """The case of nflverse: club, and a play that names neither its offence nor the home team."""
    plays = plays_of([(1, 10, "left")])
    frames = tracking_2025(frames_of(1, 10, "left"), "left")
    del frames["playDirection"]
    imported = read("ngs", [write_csv(tmp_path / "plays.csv", plays), write_csv(tmp_path / "tracking.csv", frames)], "1/10")
    assert imported.record.periods[0].home_attacks == -1
    assert "the files do not name the home team: HOM stands as home" in imported.record.provenance["sides"]
    assert "positions" in imported.record.provenance
    events = events_of(imported)
    assert [event.type for event in events] == WORDS
    assert "home_points" not in events[0].attrs, "the owners of the points are unknown"
    by_type = {event.type: event for event in events}
    assert (by_type["ball_snap"].player, by_type["pass_forward"].player, by_type["pass_arrived"].player) == (None, "1", "9")
    out = helpers.play(operator_for(imported.record), list(imported.stream()))
    assert event_values(out)["nfl.pass.air_yards"] == pytest.approx([35 * 0.7 - 0.5], abs=0.01)
    scores = [u.value for u in helpers.updates(out, "final") if u.stat == "nfl.game.score"]
    assert all(value in (None, [None, None]) for value in scores), "a score that is not known is no 0:0"


def test_without_a_direction_the_positions_decide(tmp_path: Path) -> None:
    for direction, attacks in (("right", 1), ("left", -1)):
        folder = tmp_path / direction
        folder.mkdir()
        files = year(folder, "2019", direction)
        assert "playDirection" not in files[0].read_text() + files[1].read_text()
        assert read("ngs", files, "1/10").record.periods[0].home_attacks == attacks


def test_a_direction_that_the_places_contradict_is_refused(tmp_path: Path) -> None:
    files = year(tmp_path, "snake")
    files[0].write_text(files[0].read_text().replace("right", "left"))
    with pytest.raises(BadInput, match=r"goes left by .*supplementary_data.csv, row 1, and right by .*input_2023_w01.csv"):
        read("ngs", files, "1/10")
    files[1].write_text(files[1].read_text().replace("right", "left"))
    with pytest.raises(BadInput, match="goes left, and lines up on the other side of the ball"):
        read("ngs", files, "1/10")
    files[1].write_text(files[1].read_text().replace("left", "up"))
    with pytest.raises(BadInput, match=r"'up' in the column play_direction: it is left or right|goes left by"):
        read("ngs", files, "1/10")


def test_an_automatic_label_counts_only_without_a_manual_one(tmp_path: Path) -> None:
    frames = tracking_2025(frames_of(1, 10), "right")
    files = year(tmp_path, "2025")
    rows = zip(frames["frameId"], frames["event"], strict=True)
    early = ["autoevent_ballsnap" if f == 4 and e == "None" else e for f, e in rows]
    write_csv(files[1], frames | {"event": early})
    snaps = [event for event in events_of(read("ngs", files, "1/10")) if event.type == "ball_snap"]
    assert [(event.t_us - events_of(read("ngs", files, "1/10"))[0].t_us) for event in snaps] == [1_000_000]
    auto = [{"ball_snap": "autoevent_ballsnap", "pass_forward": "autoevent_passforward"}.get(e, e) for e in frames["event"]]
    write_csv(files[1], frames | {"event": auto})
    assert [event.type for event in events_of(read("ngs", files, "1/10"))] == WORDS


def test_stamps_that_are_coarser_than_the_frames_do_not_bend_time(tmp_path: Path) -> None:
    """A table that was saved with whole seconds: ten frames have one stamp, and are still a tenth of a second apart."""
    files = year(tmp_path, "2025")
    frames = tracking_2025(frames_of(1, 10), "right")
    write_csv(files[1], frames | {"time": [str(t).replace("T", " ")[:19] for t in frames["time"]]})
    imported = read("ngs", files, "1/10")
    shown = event_values(helpers.play(operator_for(imported.record), list(imported.stream())))
    assert shown["nfl.passer.time_to_throw"] == pytest.approx([2.0])
    del frames["time"]
    write_csv(files[1], frames)
    imported = read("ngs", files, "1/10")
    assert imported.record.provenance["clock"].startswith("frame / 10 Hz")
    shown = event_values(helpers.play(operator_for(imported.record), list(imported.stream())))
    assert shown["nfl.passer.time_to_throw"] == pytest.approx([2.0])


# -- who is who ----------------------------------------------------------------------------------------------------------------


def plain(folder: Path, frames: Table, plays: Table | None = None) -> list[Path]:
    files = [folder / "plays.parquet", folder / "tracking.parquet"]
    for path, columns in zip(files, (plays or plays_of([(1, 10, "right")]), frames), strict=True):
        pq.write_table(pa.table(columns), path)
    return files


@pytest.mark.parametrize("name", ["ball", "football", "Football", None])
def test_the_ball_by_any_name_or_none(tmp_path: Path, name: str | None) -> None:
    frames = frames_of(1, 10)
    frames["displayName"] = [name if n == "ball" else n for n in frames["displayName"]]
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    assert [event.type for event in events_of(imported)] == WORDS
    np.testing.assert_allclose(samples(imported)["ball"][0], [0.0, (26.0 - 160.0 / 6.0) * YD], atol=1e-4)
    assert len(samples(imported)) == 23


def test_a_player_without_an_id_is_identified_by_team_and_name(tmp_path: Path) -> None:
    frames = frames_of(1, 10)
    frames["nflId"] = [None if n == "Man 15" else i for n, i in zip(frames["displayName"], frames["nflId"], strict=True)]
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    found = {entity.name: entity for entity in imported.record.entities}
    assert found["Man 15"].id == "AWY-Man 15"
    assert len(samples(imported)["AWY-Man 15"]) == 70
    # in some rows of a player alone: the other rows identify the player
    frames = frames_of(1, 10)
    frames["nflId"][:23] = [None] * 23
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    assert len(imported.record.entities) == 23
    assert len(samples(imported)["1006"]) == 70


def test_an_id_of_two_players_is_bad_input(tmp_path: Path) -> None:
    frames = frames_of(1, 10)
    frames["nflId"] = [9 if n == "Man 15" else i for n, i in zip(frames["displayName"], frames["nflId"], strict=True)]
    with pytest.raises(BadInput, match=r"gives the id 9 to two players, Man 08 of HOM and Man 15 of AWY, row 17"):
        read("ngs", plain(tmp_path, frames), "1/10")
    twice = plays_of([(1, 10, "right"), (1, 10, "right")])
    with pytest.raises(BadInput, match="lists the play 1/10 twice, in rows 1 and 2"):
        read("ngs", plain(tmp_path, frames_of(1, 10), twice))


def test_labels_are_taken_from_any_row_of_the_frame(tmp_path: Path) -> None:
    """No ball at all: the events are there, without places; players are named where possible."""
    frames = frames_of(1, 10)
    labels = {t: e for t, e in zip(frames["time"], frames["event"], strict=True) if e is not None}
    keep = [i for i, n in enumerate(frames["displayName"]) if n != "ball"]
    frames = {name: [values[i] for i in keep] for name, values in frames.items()}
    frames["event"] = [labels.get(t) if i == 1000 + 3 else None for t, i in zip(frames["time"], frames["nflId"], strict=True)]
    events = events_of(read("ngs", plain(tmp_path, frames), "1/10"))
    assert [event.type for event in events] == WORDS
    assert {event.x_m for event in events} == {None}
    assert {event.type: event.player for event in events}["ball_snap"] == "1", "there is one passer"
    assert {event.type: event.player for event in events}["tackle"] is None


def test_unusable_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    frames = frames_of(1, 10)
    frames["x"][5] = float("nan")
    for i in (30, 31):
        frames["nflId"][i], frames["displayName"][i], frames["jerseyNumber"][i] = None, None, None
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    assert imported.record.provenance["left out"] == "1 rows without x or y, 2 rows of unknown players"
    assert imported.samples == 70 * 23 - 3
    plays = plays_of([(1, 10, "right"), (7, 7, "right")])
    imported = read("ngs", plain(tmp_path, frames_of(1, 10), plays))
    assert imported.record.provenance["left out"] == "1 plays without frames"


@pytest.mark.parametrize(
    ("column", "row", "cell", "sentence"),
    [
        ("x", 3, "far", "tracking.csv has 'far' in the column x, row 4, where a number belongs"),
        ("playId", 7, "", "tracking.csv has no value in the column playId, row 8, where an id belongs"),
        ("gameId", 2, "1.5", "tracking.csv has 1.5 in the column gameId, row 3, where an id belongs"),
        ("time", 9, "noon", "tracking.csv has 'noon' in the column time, row 10, where a time belongs"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, column: str, row: int, cell: str, sentence: str) -> None:
    frames = frames_of(1, 10)
    frames[column][row] = cell
    with pytest.raises(BadInput) as caught:
        read("ngs", [write_csv(tmp_path / "plays.csv", plays_of([(1, 10, "right")])), write_csv(tmp_path / "tracking.csv", frames)])
    assert sentence in str(caught.value)


def test_one_absurd_figure_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    frames = frames_of(1, 10)
    frames["s"][3], frames["x"][40] = 1e300, -1e300
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    out = helpers.play(operator_for(imported.record), list(imported.stream()))
    assert helpers.dead(out) == {"outside the field": 1}
    assert event_values(out)["nfl.passer.time_to_throw"] == pytest.approx([2.0])


def test_a_play_of_teams_that_do_not_play_is_left_out(tmp_path: Path) -> None:
    files = year(tmp_path, "2025")
    write_csv(files[2], {"gameId": [1], "homeTeamAbbr": ["ONE"], "visitorTeamAbbr": ["TWO"]})
    frames = tracking_2025(frames_of(1, 10), "right")
    keep = [i for i, club in enumerate(frames["club"]) if club != "football"]
    write_csv(files[1], {name: [values[i] for i in keep] for name, values in frames.items()})
    with pytest.raises(BadInput, match="has no frames of the play 1/10"):
        read("ngs", files, "1/10")


@pytest.mark.parametrize("left", [0.35, 0.8])
def test_a_file_that_was_cut_in_a_row_is_refused(tmp_path: Path, left: float) -> None:
    plays = write_csv(tmp_path / "plays.csv", plays_of([(1, 10, "right")]))
    whole = write_csv(tmp_path / "tracking.csv", frames_of(1, 10)).read_bytes()
    cut = whole[: int(len(whole) * left)]
    (tmp_path / "tracking.csv").write_bytes(cut[: cut.rindex(b",")])
    with pytest.raises(BadInput, match=r"tracking.csv is damaged or cut short: row \d+ has \d+ cells, and the header names 14"):
        read("ngs", [plays, tmp_path / "tracking.csv"])
    (tmp_path / "tracking.csv").write_bytes(b"\x00\x01PAR1\xff" * 50)
    with pytest.raises(BadInput, match=r"tracking\.csv"):
        read("ngs", [plays, tmp_path / "tracking.csv"])


# -- words ---------------------------------------------------------------------------------------------------------------------


def events_with(folder: Path, labels: dict[int, str]) -> list[Event]:
    frames = frames_of(1, 10)
    ball = [n == "ball" for n in frames["displayName"]]
    frames["event"] = [labels.get(i // 23) if b else None for i, b in enumerate(ball)]
    return events_of(read("ngs", plain(folder, frames), "1/10"))


def test_a_catch_in_the_end_zone_is_a_touchdown_once(tmp_path: Path) -> None:
    events = events_with(tmp_path, {10: "ball_snap", 30: "pass_forward", 45: "pass_arrived", 48: "pass_outcome_touchdown"})
    assert [e.type for e in events][-2:] == ["pass_outcome_touchdown", "touchdown"]
    assert events[-1].attrs["points"] == 6.0
    both = {10: "ball_snap", 30: "pass_forward", 48: "pass_outcome_touchdown", 49: "touchdown"}
    assert [e.type for e in events_with(tmp_path, both)].count("touchdown") == 1


def test_after_a_turnover_the_ball_is_the_other_teams(tmp_path: Path) -> None:
    events = events_with(tmp_path, {10: "ball_snap", 30: "pass_forward", 45: "pass_outcome_interception", 60: "touchdown"})
    by_type = {event.type: event for event in events}
    assert (by_type["pass_outcome_interception"].team, by_type["touchdown"].team) == ("home", "away")
    assert by_type["touchdown"].player is not None
    assert int(by_type["touchdown"].player) > 1000, "one of the other team scores"
    events = events_with(tmp_path, {10: "ball_snap", 30: "fumble", 40: "tackle", 50: "fumble_offense_recovered", 55: "tackle"})
    assert [e.team for e in events if e.type == "tackle"] == [None, "home"]
    assert [(e.type, e.outcome) for e in events][-2] == ("other", "fumble_offense_recovered"), "no second fumble"


def test_kicks_and_penalties_become_their_events(tmp_path: Path) -> None:
    events = events_with(
        tmp_path,
        {1: "kickoff_play", 10: "kickoff", 40: "kick_received", 50: "penalty_flag", 55: "penalty_declined", 60: "touchdown"},
    )
    assert [(e.type, e.outcome, e.team) for e in events[1:]] == [
        ("other", "kickoff_play", "home"),
        ("kickoff", "", "home"),
        ("kick_received", "", "away"),
        ("penalty", "", "away"),
        ("other", "penalty_declined", "away"),
        ("touchdown", "", "away"),
    ]
    events = events_with(tmp_path, {10: "ball_snap", 20: "field_goal_attempt", 40: "field_goal"})
    assert (events[-1].type, events[-1].outcome, events[-1].attrs["points"]) == ("field_goal", "good", 3.0)
    events = events_with(tmp_path, {10: "ball_snap", 20: "field_goal_attempt", 40: "field_goal_missed"})
    assert (events[-1].outcome, "points" in events[-1].attrs) == ("missed", False)


def test_a_play_whose_snap_is_not_labelled_has_no_value_of_it(tmp_path: Path) -> None:
    frames = frames_of(1, 10)
    frames["event"] = [None if e == "ball_snap" else e for e in frames["event"]]
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    shown = event_values(helpers.play(operator_for(imported.record), list(imported.stream())))
    assert not {name for name in shown if name.startswith(("nfl.pass", "nfl.receiver", "nfl.defense"))}


# -- figures of the provider, and many games -----------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0])
@pytest.mark.parametrize("sense", [1.0, -1.0])
def test_angles_are_converted_to_the_convention_of_the_league(tmp_path: Path, turn: float, sense: float) -> None:
    frames = frames_of(1, 10)
    true = [90.0 if n == "Man 08" else None for n in frames["displayName"]]  # this player runs along +x
    fake = [None if t is None else (sense * (t - turn)) % 360.0 for t in true]
    for column in ("dir", "o"):
        frames[column] = fake
    # who runs down the field the other way shows what is a turn and what a mirror
    for i, name in enumerate(frames["displayName"]):
        k = i // 23
        if name == "Man 09" and k > 10:
            frames["y"][i] = 10.0 + 0.6 * (k - 10)
            for column in ("dir", "o"):
                frames[column][i] = (sense * (0.0 - turn)) % 360.0
    frames["s"] = [7.0 if n == "Man 08" else 0.0 for n in frames["displayName"]]
    imported = read("ngs", plain(tmp_path, frames), "1/10")
    tag = {t.entity: t.tag for t in imported.record.tags}["9"]
    for channel in ("vendor_direction_rad", "vendor_orientation_rad"):
        values = np.concatenate([r.channels[channel][r.tag == tag] for r in imported.stream() if isinstance(r, Telemetry)])
        np.testing.assert_allclose(values, math.pi / 2, atol=1e-5)
    assert (imported.record.provenance["angle dir"] == "from +y clockwise") == (turn == 0.0 and sense == 1.0)


def test_the_check_compares_every_figure_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = frames_of(1, 10)
    running = [n == "Man 08" and i // 23 > 10 for i, n in enumerate(frames["displayName"])]
    frames["s"] = [7.0 if r else 0.0 for r in running]
    frames["a"] = [0.0] * len(running)
    frames["dis"] = [0.7 if r else 0.0 for r in running]
    frames["dir"] = [90.0 if r else None for r in running]
    files = plain(tmp_path, frames)
    assert run(["import", "ngs", *map(str, files), "--out", str(tmp_path / "rec"), "--check"]) == 0
    out = capsys.readouterr().out
    lines = {line.split(" against ")[0]: line for line in out.splitlines() if " against " in line}
    assert set(lines) == {"nfl.player.speed", "nfl.player.acceleration", "nfl.player.direction", "nfl.player.distance"}
    assert "RMSE 0.000 deg" in lines["nfl.player.direction"]
    assert ": n 0" not in out
    assert "no value to compare" not in out
    distance = float(lines["nfl.player.distance"].split("RMSE ")[1].split(" ")[0])
    # the player is at 7 yd/s from one frame to the next: no player does that, so the first strides have no velocity
    assert distance < 0.7, lines["nfl.player.distance"]


def test_files_of_many_games_become_a_recording_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = frames_of(1, 10), frames_of(2, 20, "left")
    files = plain(tmp_path, {c: one[c] + two[c] for c in one}, plays_of([(1, 10, "right"), (2, 20, "left")]))
    season = tmp_path / "season"
    assert run(["import", "ngs", *map(str, files), "--out", str(season)]) == 0
    assert sorted(path.name for path in season.iterdir()) == ["1", "2"]
    out = capsys.readouterr().out
    assert out.count("AWY at HOM, 1 play, 1,610 samples") == 2
    from streaming.recordings.reader import Recording

    recording = Recording(season / "2")
    assert recording.game.game == "ngs-2"
    assert {entity.name for entity in recording.game.entities} == {*one["displayName"]} - {"ball"} | {"Ball"}
    # one that is refused does not cost the others, and is named
    two["nflId"] = [9 if n == "Man 15" else i for n, i in zip(two["displayName"], two["nflId"], strict=True)]
    plain(tmp_path, {c: one[c] + two[c] for c in one}, plays_of([(1, 10, "right"), (2, 20, "left")]))
    assert run(["import", "ngs", *map(str, files), "--out", str(tmp_path / "again")]) == 2
    assert "1 of 2 games could not be imported; the first is 2: " in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["1"]
