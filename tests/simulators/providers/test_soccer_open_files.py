"""SkillCorner's published files and Metrica's wide tracking, on small files that the test writes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulators.providers import Imported, providers, read
from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry


def places(imported: Imported) -> dict[str, np.ndarray]:
    """{entity: (n, 4) seconds since t0, x, y, z}."""
    entity = {tag.tag: tag.entity for tag in imported.record.tags}
    rows: dict[str, list[tuple[float, ...]]] = {}
    for one in imported.stream():
        if isinstance(one, Telemetry):
            for tag, t, *xyz in zip(one.tag, one.t_us, one.x_m, one.y_m, one.z_m, strict=True):
                rows.setdefault(entity[int(tag)], []).append(((int(t) - imported.record.t0_us) / 1e6, *map(float, xyz)))
    return {name: np.array(found) for name, found in rows.items()}


def events(imported: Imported) -> dict[str, Event]:
    return {one.id: one for one in imported.stream() if isinstance(one, Event)}


# -- SkillCorner -------------------------------------------------------------------------------------------------------------

MATCH: dict[str, Any] = {
    "id": 77, "home_team": {"id": 1, "name": "Hosts", "acronym": "HOS"}, "away_team": {"id": 2, "name": "Guests"},
    "home_team_score": 2, "away_team_score": 1, "home_team_side": ["left_to_right", "right_to_left"],
    "pitch_length": 104, "pitch_width": 68,
    "match_periods": [{"period": 1, "start_frame": 10, "end_frame": 19}, {"period": 2, "start_frame": 30, "end_frame": 39}],
    "players": [
        {"id": 5, "short_name": "A. B", "number": 9, "team_id": 1, "trackable_object": 501, "player_role": {"acronym": "CF"}},
        {"id": 6, "first_name": "C", "last_name": "D", "number": 1, "team_id": 2, "player_role": {"acronym": "GK"}},
        {"id": 7, "short_name": "E. F", "number": 1, "team_id": 1, "player_role": {"name": "Goalkeeper"}},
    ],
}  # fmt: skip
COLUMNS = (
    "event_id,event_type,frame_end,period,attacking_side,player_id,player_name,player_position,team_id,team_shortname,x_end,y_end,"
    "end_type,pass_outcome,game_interruption_after,player_targeted_xpass_completion,player_targeted_id,player_targeted_x_reception,"
    "player_targeted_y_reception,is_header,game_interruption_before"
)
ROWS = (
    "8_1,player_possession,12,1,left_to_right,5.0,A. B,CF,1,Hosts,40,2,shot,,goal_for,,,,,False",
    "8_2,player_possession,13,1,right_to_left,8,G. H,CB,2,Guests,10,2,pass,successful,,0.75,6.0,20,4,False",
    "8_3,player_possession,14,1,right_to_left,8,G. H,CB,2,Guests,-50,2,clearance,,goal_against,,,,,False",
    "8_4,player_possession,31,2,left_to_right,6,C. D,GK,2,Guests,30,2,pass,unsuccessful,goal_for,0.5,,,,False",
    "8_6,player_possession,33,2,left_to_right,8,G. H,CB,2,Guests,20,5,foul_suffered,,free_kick_for,,,,,False,",
    "8_7,player_possession,35,2,left_to_right,8,G. H,CB,2,Guests,20,5,pass,successful,,0.9,6.0,25,4,False,free_kick_for",
    "8_5,passing_option,31,2,left_to_right,6,C. D,GK,2,Guests,30,2,,,,,,,,",
)


def skillcorner(folder: Path, match: dict[str, Any] = MATCH, frames: int = 20, rows: tuple[str, ...] = ROWS) -> list[Path]:
    """Ten frames a half; the ball drifts, three players stand where they belong, one more is in no list."""
    folder.mkdir(exist_ok=True)
    (folder / "77_match.json").write_text(json.dumps(match))
    lines = []
    for frame in [*range(10, 20), *range(30, 40)][:frames]:
        half = 1 if frame < 20 else 2
        way = 1 if half == 1 else -1
        lines.append(
            {
                "frame": frame,
                "timestamp": f"00:{'00' if half == 1 else '45'}:0{(frame % 10) / 10:.2f}",
                "period": half,
                "ball_data": {"x": 0.1 * frame, "y": 1.0, "z": 0.2, "is_detected": frame % 2 == 0},
                "possession": {"player_id": None, "group": None},
                "player_data": [
                    {"x": 10.0 * way, "y": 2.0, "player_id": 5, "is_detected": True},
                    {"x": 45.0 * way, "y": 0.0, "player_id": 6, "is_detected": False},
                    {"x": -45.0 * way, "y": 0.0, "player_id": 7, "is_detected": True},
                    {"x": 1.0, "y": 1.0, "player_id": 99, "is_detected": True},
                ],
            }
        )
    before = {"x": None, "y": None, "z": None}
    lines.insert(0, {"frame": 9, "timestamp": None, "period": None, "ball_data": before, "player_data": []})
    (folder / "77_tracking_extrapolated.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "77_dynamic_events.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    return sorted(folder.iterdir())


def test_skillcorners_published_files_are_read(tmp_path: Path) -> None:
    imported = read("skillcorner", skillcorner(tmp_path))
    record = imported.record
    assert record.title == "Hosts - Guests"
    assert [(p.number, p.home_attacks, p.end_us is not None) for p in record.periods] == [(1, 1, True), (2, -1, True)]
    assert {e.id: (e.name, e.team, e.role, e.shirt) for e in record.entities} == {
        "5": ("A. B", "1", "player", 9),
        "6": ("C D", "2", "keeper", 1),
        "7": ("E. F", "1", "keeper", 1),
        "8": ("G. H", "2", "player", None),
        "ball": ("Ball", None, "ball", None),
    }
    seen = places(imported)
    assert set(seen) == {"ball", "5", "6", "7"}
    np.testing.assert_allclose(seen["ball"][:2], [[0.1, 1.0, 1.0, 0.2], [0.2, 1.1, 1.0, 0.2]], atol=1e-5)
    np.testing.assert_allclose(seen["5"][10], [2.1, -10.0, 2.0, 0.0], atol=1e-5)
    assert record.provenance["result"] == "2:1"
    assert record.provenance["strangers"].startswith("20 places")
    assert record.provenance["extrapolated"] == "30 of 80 places"
    by_id = events(imported)
    goal, passed = by_id["8_1"], by_id["8_2"]
    assert (goal.type, goal.outcome, goal.x_m, goal.player, goal.attrs) == ("shot", "goal", 40.0, "5", {"body_part": "foot"})
    assert (passed.x_m, passed.end_x_m, passed.attrs["receiver"], passed.attrs["provider_xpass"]) == (-10.0, -20.0, "6", 0.75)
    assert imported.event_references["soccer.pass.completion_probability"] == ("provider_xpass", 1.0)
    # a goal against the player with the ball is an own goal, one for a team that did not shoot is an opponent's
    assert (by_id["8_3"].type, by_id["8_3"].team, by_id["8_3"].player) == ("own_goal", "2", "8")
    put_in = by_id["8_4-goal"]
    assert (by_id["8_4"].type, put_in.type, put_in.team, put_in.player) == ("pass", "own_goal", "1", None)
    foul, kick = by_id["8_6"], by_id["8_7"]
    assert (foul.type, foul.team, foul.player, foul.x_m) == ("foul", "1", None, 20.0)
    assert kick.attrs["set_piece"] == "free_kick"
    assert "8_5" not in by_id


def test_skillcorner_needs_no_events_and_accepts_the_other_published_files(tmp_path: Path) -> None:
    files = skillcorner(tmp_path)
    assert not [e for e in events(read("skillcorner", files[1:])).values() if e.type not in ("period_start", "period_end")]
    (tmp_path / "77_phases_of_play.csv").write_text("index\n")
    assert read("skillcorner", sorted(tmp_path.iterdir())).record.provenance["unused"] == "77_phases_of_play.csv"
    packed = []
    for path in files:
        packed.append(path.with_name(path.name + ".gz"))
        packed[-1].write_bytes(gzip.compress(path.read_bytes()))
    assert read("skillcorner", packed).samples == 80


def test_a_skillcorner_match_that_is_still_on(tmp_path: Path) -> None:
    """The second half has an end in the plan, and its frames do not reach it; extra time goes as its own events say."""
    imported = read("skillcorner", skillcorner(tmp_path, frames=15))
    assert [p.end_us is not None for p in imported.record.periods] == [True, False]
    short = {key: value for key, value in MATCH.items() if key not in ("match_periods", "home_team_side", "pitch_length")}
    imported = read("skillcorner", skillcorner(tmp_path, match=short))
    assert [(p.home_attacks, p.end_us is not None) for p in imported.record.periods] == [(1, True), (-1, False)]
    assert "not in the file" in imported.record.provenance["pitch"]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("77_match.json", '"home_team": {"id": 1,', '"home_team": {', "no home_team with an id"),
        ("77_match.json", '{"id": 5,', "{", "a player without an id"),
        ("77_match.json", '{"id": 6,', '{"id": 5,', "a player twice: '5'"),
        ("77_match.json", '"left_to_right"', '"up"', "'up' in home_team_side"),
        ("77_match.json", "}]", "", "line 1, column"),
        ("77_tracking_extrapolated.jsonl", '{"frame": 12,', '{"frame": 11,', "line 4 has frame 11 after frame 11"),
        ("77_tracking_extrapolated.jsonl", '"player_id": 6', '"player_id": 5', "line 2 has two places of 5"),
        ("77_tracking_extrapolated.jsonl", '"x": 1.0,', '"x": "one",', "'one' in x, line 2"),
        ("77_tracking_extrapolated.jsonl", '{"frame": 39', '{"frame', "line 21 is not JSON"),
        ("77_dynamic_events.csv", "frame_end", "frame", "no column frame_end"),
        ("77_dynamic_events.csv", "8_2,player_possession,13", "8_2,player_possession,", "nothing in frame_end, line 3"),
        ("77_dynamic_events.csv", "8_2,", "8_1,", "an event twice: '8_1'"),
        ("77_dynamic_events.csv", "12,1,left_to_right", "12,1,right_to_left", "both teams attack one way in period 1"),
    ],
)
def test_bad_files_of_skillcorner_are_named(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    files = skillcorner(tmp_path)
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(BadInput) as caught:
        list(read("skillcorner", files).stream())
    assert words in str(caught.value)
    assert name in str(caught.value)


# -- Metrica -----------------------------------------------------------------------------------------------------------------

CODED = (
    "Team,Type,Subtype,Period,Start Frame,Start Time [s],End Frame,End Time [s],From,To,Start X,Start Y,End X,End Y\n"
    "Home,PASS,,1,2,0.08,3,0.12,Player1,Player9,0.1,0.5,0.6,0.25\n"
    "Away,BALL LOST,GOAL,2,12,0.48,12,0.48,Player19,,0.9,0.5,1.0,0.5\n"
    "Home,SHOT,ON TARGET-GOAL,2,13,0.52,13,0.52,Player77,,0.1,0.5,0.0,0.5\n"
)


def tracks(folder: Path, hz: float = 25.0) -> list[Path]:
    """Two halves of eight frames; home keeps the left goal in the first. In the second frame the ball is in away's table alone."""
    folder.mkdir(exist_ok=True)
    teams = (("Home", ("Player1", "Player9"), (0.05, 0.4)), ("Away", ("Player11", "Player19"), (0.95, 0.6)))
    for side, names, xs in teams:
        head = f",,,{side},,{side},,,\n,,,{names[0][6:]},,{names[1][6:]},,,\nPeriod,Frame,Time [s],{names[0]},,{names[1]},,Ball,\n"
        body = ""
        for frame in range(1, 17):
            half = 1 if frame <= 8 else 2
            at = xs if half == 1 else [1 - x for x in xs]
            ball = "NaN,NaN" if side == "Home" and frame == 2 else "0.5,0.25"
            second = "NaN,NaN" if frame > 14 else f"{at[1]},0.5"
            body += f"{half},{frame},{frame / hz:.2f},{at[0]},0.5,{second},{ball}\n"
        (folder / f"Small_RawTrackingData_{side}_Team.csv").write_text(head + body)
    return sorted(folder.iterdir())


def test_metricas_wide_tracking_is_read_beside_its_events(tmp_path: Path) -> None:
    files = tracks(tmp_path)
    (tmp_path / "Small_RawEventsData.csv").write_text(CODED)
    imported = read("metrica", sorted(tmp_path.iterdir()))
    record = imported.record
    assert record.game == "metrica-small"
    assert [(p.number, p.home_attacks, p.end_us is not None) for p in record.periods] == [(1, 1, True), (2, -1, False)]
    assert {e.id: (e.team, e.role, e.shirt) for e in record.entities if e.role != "ball"} == {
        "Player1": ("home", "keeper", 1),
        "Player9": ("home", "player", 9),
        "Player77": ("home", "player", 77),
        "Player11": ("away", "keeper", 11),
        "Player19": ("away", "player", 19),
    }
    seen = places(imported)
    counts = {"ball": 16, "Player1": 16, "Player11": 16, "Player9": 14, "Player19": 14}
    assert {name: len(rows) for name, rows in seen.items()} == counts
    np.testing.assert_allclose(seen["Player1"][0], [0.04, (0.05 - 0.5) * 105, 0.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(seen["ball"][1, 1:3], [0.0, 17.0], atol=1e-4)
    assert np.isnan(seen["ball"][:, 3]).all()
    by_id = events(imported)
    assert (by_id["2"].type, by_id["2"].team) == ("own_goal", "away")
    assert (by_id["3"].outcome, by_id["3"].x_m) == ("goal", pytest.approx(-42.0))
    alone = read("metrica", files)
    assert alone.samples == imported.samples
    assert [p.home_attacks for p in alone.record.periods] == [1, -1]


def test_metrica_tracking_at_another_rate_is_read(tmp_path: Path) -> None:
    record = read("metrica", tracks(tmp_path, hz=10.0)).record
    assert (record.grid_hz, record.feeds[0].rate_hz) == (10.0, 10.0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Period,Frame", "Half,Frame", "third row"),
        ("1,3,0.12", "1,2,0.12", "out of order, line 6"),
        ("1,3,0.12", ",3,0.12", "nothing in Period, line 6"),
        ("0.05,0.5", "left,0.5", "'left' in column 4"),
        ("Player9", "Player1", "a player twice: 'Player1'"),
    ],
)
def test_bad_tracking_of_metrica_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    files = tracks(tmp_path)
    path = tmp_path / "Small_RawTrackingData_Home_Team.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadInput, match=words):
        read("metrica", files)


def test_metrica_needs_both_teams_of_one_match(tmp_path: Path) -> None:
    home, away = sorted(tracks(tmp_path), reverse=True)
    with pytest.raises(BadInput, match="of both teams"):
        read("metrica", [home])
    away.write_text("\n".join(away.read_text().split("\n")[:-3]) + "\n")
    with pytest.raises(BadInput, match="do not have the same frames"):
        read("metrica", [home, away])


def test_without_tracking_goal_kicks_give_the_direction(tmp_path: Path) -> None:
    """One shot from the own half does not overrule the keeper's goal kicks."""
    path = tmp_path / "Some_RawEventsData.csv"
    kick = "Home,PASS,GOAL KICK,1,1,1.0,2,1.1,Player1,Player9,0.05,0.5,0.4,0.5\n"
    path.write_text(CODED.split("\n")[0] + "\n" + kick + "Home,SHOT,ON TARGET-GOAL,1,9,2.0,9,2.0,Player9,,0.2,0.5,1.0,0.5\n")
    imported = read("metrica", [path])
    assert [p.home_attacks for p in imported.record.periods] == [1]


def test_help_names_the_shapes_that_are_read() -> None:
    lines = providers()
    assert "tracking_extrapolated.jsonl" in lines["skillcorner"]
    assert "re-packed" in lines["skillcorner"]
    assert "RawTrackingData" in lines["metrica"]
