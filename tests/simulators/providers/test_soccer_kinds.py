"""What public readers of soccer files got wrong, as kinds: direction, own goals, shoot-outs, open periods, optional fields, unknown
players, ids. Each right value stands here on a small file that the test writes; where the shared cases are, on those too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.sport import load_sport
from simulators.providers import Imported, read
from streaming.analysis.agreement import final_blocks, goals
from streaming.errors import BadInput
from streaming.recordings.reader import Recording, Writer
from streaming.wire.records import Event
from tests.paths import ROOT
from tests.simulators.providers import cup, small
from tests.simulators.providers.cup import AWAY, HOME, SAVED, SCORED, WIDE, Tie


def events(imported: Imported) -> list[Event]:
    return [one for one in imported.stream() if isinstance(one, Event)]


def played(imported: Imported, folder: Path) -> dict[str, list[float]]:
    """The last final value of every stat of the whole match, through the operator."""
    with Writer(folder, imported.record) as writer:
        for one in imported.stream():
            writer.write(one)
    stats = {"soccer.match.score", "soccer.match.shootout", "soccer.team.xgoals", "soccer.shot.distance"}
    blocks = final_blocks(Recording(folder), load_sport("soccer"), stats)
    return {stat: np.asarray(found[-1].values[-1]).reshape(-1).tolist() for stat, found in blocks.items() if found}


def directions(imported: Imported) -> list[int]:
    return [period.home_attacks for period in imported.record.periods]


def refusal(provider: str, files: list[Path]) -> str:
    with pytest.raises(BadInput) as caught:
        list(read(provider, files).stream())
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in ("Error", "Traceback", "object", "NoneType", "invalid literal", "subscript", "not enough values"):
        assert word not in sentence
    return sentence


def complaint(provider: str, files: list[Path]) -> str:
    """What reading has to say; empty when it works."""
    try:
        list(read(provider, files).stream())
    except BadInput as error:
        return str(error)
    return ""


def normal_time() -> Tie:
    """Home from the left, then from the right; 1:1."""
    tie = Tie().half(1, HOME).half(2, AWAY)
    return tie.shot(10, HOME, "H9", 94.0, SCORED).shot(20, AWAY, "A9", 11.0).shot(80, AWAY, "A9", 94.0, SCORED)


# -- 1: what the file says of the direction ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("third", "expected"), [(HOME, [1, -1, 1, -1]), (AWAY, [1, -1, -1, 1])])
def test_extra_time_goes_the_way_that_its_own_kick_offs_say(tmp_path: Path, third: str, expected: list[int]) -> None:
    """There is a new toss before it: nothing follows from the halves before."""
    fourth = AWAY if third == HOME else HOME
    imported = read("sportec", normal_time().half(3, third).half(4, fourth).write(tmp_path))
    assert directions(imported) == expected
    assert [period.number for period in imported.record.periods] == [1, 2, 3, 4]
    assert imported.record.provenance["direction"] == "period 1, 2, 3, 4: as the file says"


def test_one_shot_from_anywhere_does_not_overrule_the_kick_off(tmp_path: Path) -> None:
    """A keeper scores from the own goal area, the only shot of the half."""
    tie = Tie().half(1, HOME).shot(10, HOME, "H1", 9.0, SCORED)
    imported = read("sportec", tie.write(tmp_path))
    assert directions(imported) == [1]


def test_shots_that_are_all_at_the_wrong_end_are_a_contradiction(tmp_path: Path) -> None:
    tie = Tie().half(1, HOME).shot(10, HOME, "H9", 9.0).shot(12, AWAY, "A9", 96.0).shot(14, HOME, "H9", 11.0, SAVED)
    assert "the shots of period 1 were at the wrong end" in refusal("sportec", tie.write(tmp_path))


def test_own_goals_and_shootouts_are_no_votes(tmp_path: Path) -> None:
    tie = normal_time()
    for minute in (30, 31, 32):
        tie.add(minute, f'<OwnGoal Team="{HOME}" Player="H4"/>', (4.0, 34.0))
    for k in range(6):
        tie.shot(150 + k, (HOME, AWAY)[k % 2], ("H9", "A9")[k % 2], 94.0, SCORED, wrap="Penalty")
    imported = read("sportec", tie.write(tmp_path))
    assert directions(imported) == [1, -1, 0]


def kick_off_without_sides(tie: Tie, number: int) -> Tie:
    tie.kick_off(number, HOME)
    tie.events[-1] = tie.events[-1].replace(f'TeamLeft="{HOME}" TeamRight="{AWAY}" ', "")
    return tie


@pytest.mark.parametrize(("home_x", "expected"), [(-40.0, 1), (40.0, -1)])
def test_without_a_direction_in_the_file_keepers_and_teams_decide(tmp_path: Path, home_x: float, expected: int) -> None:
    """Even against the shots, of which there was one."""
    files = kick_off_without_sides(Tie(), 1).shot(10, HOME, "H9", 52.5 + home_x, SCORED).write(tmp_path)
    sign = np.sign(home_x)
    places = [(HOME, "H1", home_x), (HOME, "H9", 10 * sign), (AWAY, "A1", -home_x), (AWAY, "A9", -10 * sign)]
    imported = read("sportec", [*files, cup.positions(tmp_path, "firstHalf", "2023-08-12T16:00:01", places)])
    assert directions(imported) == [expected]
    assert "keepers and teams stand" in imported.record.provenance["direction"]


def test_keepers_and_teams_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    files = kick_off_without_sides(Tie(), 1).write(tmp_path)
    places = [(HOME, "H1", -40.0), (HOME, "H9", 30.0), (AWAY, "A1", 40.0), (AWAY, "A9", -30.0)]
    sentence = refusal("sportec", [*files, cup.positions(tmp_path, "firstHalf", "2023-08-12T16:00:01", places)])
    assert "keepers and teams contradict each other" in sentence


def test_without_evidence_the_direction_is_unknown(tmp_path: Path) -> None:
    """No sides, no shots, no positions: the direction is unknown, and no shot would have a distance."""
    assert directions(read("sportec", kick_off_without_sides(Tie(), 1).write(tmp_path))) == [0]
    assert directions(read("zxy", small.zxy(tmp_path))) == [0]


def test_a_skillcorner_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    files = small.skillcorner(tmp_path)
    meta = json.loads((tmp_path / "1_meta.json").read_text())
    (tmp_path / "1_meta.json").write_text(json.dumps(meta | {"home_team_side": ["right_to_left", "right_to_left"]}))
    assert "which way did home attack in period 2?" in refusal("skillcorner", files)


# -- 2: own goals, shoot-outs, extra time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [HOME, AWAY])
def test_an_own_goal_counts_for_the_other_side_whichever_team_is_named(tmp_path: Path, named: str) -> None:
    tie = Tie().half(1, HOME).add(30, f'<OwnGoal Team="{named}" Player="H4"/>', (4.0, 34.0))
    imported = read("sportec", tie.write(tmp_path / "files"))
    (own,) = (one for one in events(imported) if one.type == "own_goal")
    assert (own.team, own.player) == (HOME, "H4")
    stats = played(imported, tmp_path / "rec")
    assert stats["soccer.match.score"] == [0.0, 1.0]
    assert "soccer.shot.distance" not in stats


def opta_own_goal(folder: Path, *, shots: bool) -> list[Path]:
    small.tracab(folder, turned=())
    (folder / "events.csv").write_text(
        "event_id,databallpy_event,event_type_id,period_id,player_id,team_id,is_successful,start_x,start_y,time_s\n"
        "1,,32,1,,T-1,,,,0.0\n2,own_goal,16,1,P-1,T-1,True,-46.0,1.0,0.1\n3,,30,2,,T-1,,,,0.7\n"
    )
    (folder / "shots.csv").unlink()
    if shots:
        (folder / "shots.csv").write_text("event_id,outcome_str\n2,own_goal\n")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("shots", [True, False])
def test_an_own_goal_of_opta(tmp_path: Path, shots: bool) -> None:
    (tmp_path / "files").mkdir()
    imported = read("tracab", opta_own_goal(tmp_path / "files", shots=shots))
    (own,) = (one for one in events(imported) if one.type in ("own_goal", "shot"))
    assert (own.type, own.team, own.player, own.outcome) == ("own_goal", "T-1", "P-1", "")
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [0.0, 1.0]
    assert [period.end_us is not None for period in imported.record.periods] == [True, True]


@pytest.mark.parametrize(
    ("kick_off", "whistle", "extra"), [(True, True, True), (False, True, True), (False, False, True), (False, True, False)]
)
def test_a_shootout_never_counts(tmp_path: Path, kick_off: bool, whistle: bool, extra: bool) -> None:
    """With or without a section, a last whistle or extra time before it: 1:1, and 2:1 in kicks that have their own stat."""
    tie = normal_time()
    if extra:
        tie.half(3, HOME).kick_off(4, AWAY).shot(140, HOME, "H9", 11.0)
        if whistle:
            tie.whistle(4)
    if kick_off:
        tie.kick_off(5, HOME, minute=149)
    kicks_taken = [(HOME, "H9", SCORED), (AWAY, "A9", SCORED), (HOME, "H4", SCORED), (AWAY, "A4", WIDE)]
    for k, (team, player, result) in enumerate(kicks_taken):
        tie.shot(150 + k, team, player, 11.0, result, wrap="Penalty")
    tie.whistle(5)
    imported = read("sportec", tie.write(tmp_path / "files"))
    assert [period.number for period in imported.record.periods] == ([1, 2, 3, 4, 5] if extra else [1, 2, 5])
    kicks = [one for one in events(imported) if one.type == "shot" and one.period == 5]
    assert len(kicks) == 4
    assert goals(events(imported), (HOME, AWAY)) == (1, 1)
    stats = played(imported, tmp_path / "rec")
    assert stats["soccer.match.score"] == [1.0, 1.0]
    assert stats["soccer.match.shootout"] == [2.0, 1.0]


def test_a_penalty_in_the_match_is_no_shootout(tmp_path: Path) -> None:
    """The last thing before the whistle is a penalty, and it is taken again."""
    tie = Tie().half(1, HOME).kick_off(2, AWAY)
    tie.shot(100, HOME, "H9", 11.0, SAVED, wrap="Penalty").shot(101, HOME, "H9", 11.0, SCORED, wrap="Penalty")
    imported = read("sportec", tie.write(tmp_path / "files"))
    assert [period.number for period in imported.record.periods] == [1, 2]
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [1.0, 0.0]


def test_a_goal_in_extra_time_counts(tmp_path: Path) -> None:
    tie = normal_time().half(3, AWAY).half(4, HOME).shot(120, HOME, "H9", 11.0, SCORED)
    imported = read("sportec", tie.write(tmp_path / "files"))
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [2.0, 1.0]


# -- 3: a match that is still on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["", 'Result=""'])
def test_a_running_match_imports_and_its_period_is_open(tmp_path: Path, result: str) -> None:
    tie = Tie(result).half(1, HOME).kick_off(2, AWAY).shot(70, HOME, "H9", 11.0, SCORED)
    imported = read("sportec", tie.write(tmp_path / "files"))
    first, second = imported.record.periods
    assert first.end_us is not None
    assert second.end_us is None
    assert [one.type for one in events(imported) if one.period == 2].count("period_end") == 0
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [1.0, 0.0]


def test_a_whistle_that_is_missing_ends_a_half_when_the_next_has_begun(tmp_path: Path) -> None:
    tie = Tie().kick_off(1, HOME).shot(44, AWAY, "A9", 11.0).half(2, AWAY)
    imported = read("sportec", tie.write(tmp_path))
    first, second = imported.record.periods
    assert first.end_us == first.start_us + 44 * 60_000_000
    assert second.end_us is not None
    assert "period 1" in imported.record.provenance["periods"]


def test_a_missing_kick_off_is_replaced_by_the_first_event(tmp_path: Path) -> None:
    """The feed was switched on late: the half began with its first event."""
    tie = Tie().whistle(1).shot(20, AWAY, "A9", 11.0).half(2, AWAY)
    imported = read("sportec", tie.write(tmp_path))
    assert [period.number for period in imported.record.periods] == [1, 2]
    assert directions(imported) == [1, -1]  # the opposite of what the second half's kick-off says, which the shot says too
    assert "no KickOff" in refusal("sportec", Tie().shot(20, AWAY, "A9", 11.0).write(tmp_path / "none"))


# -- 4: what may be missing, and what may not ---------------------------------------------------------------------------------


def test_optional_fields_are_optional(tmp_path: Path) -> None:
    """No pitch, no result, no shirts, no names, no places of shots: all of it stands in the case already; what is left counts."""
    tie = Tie("", "").half(1, HOME).add(10, f'<ShotAtGoal Team="{HOME}"><SuccessfulShot/></ShotAtGoal>')
    imported = read("sportec", tie.write(tmp_path / "f"))
    assert "not in the file" in imported.record.provenance["pitch"]
    assert {entity.name for entity in imported.record.entities} == {"H1", "H4", "H9", "A1", "A4", "A9", "Ball"}
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("c_matchinformation.xml", 'TeamId="C-H"', "", "element Team without TeamId"),
        ("c_matchinformation.xml", 'PersonId="H4"', "", "element Player without PersonId"),
        ("c_matchinformation.xml", 'PersonId="H4"', 'PersonId="H9"', "a player twice: 'H9'"),
        ("c_matchinformation.xml", 'Role="guest"', 'Role="home"', "which team is at home"),
        ("c_matchinformation.xml", 'PitchX="105.00"', 'PitchX="wide"', "'wide' in PitchX"),
        ("c_events.xml", 'EventId="101"', "", "element Event without EventId"),
        ("c_events.xml", "EventTime=", "Time=", "element Event without EventTime"),
        ("c_events.xml", "2023-08-12T18", "yesterday", "as EventTime where a time belongs"),
        ("c_events.xml", "firstHalf", "thirdHalf", "the GameSection 'thirdHalf'"),
        ("c_events.xml", 'EventId="102"', 'EventId="101"', "two events with the EventId '101'"),
        ("c_events.xml", 'xG="0.25"', 'xG="high"', "'high' in xG"),
        ("c_events.xml", "</PutDataRequest>", "", "cut short or no XML"),
    ],
)
def test_missing_required_fields_are_named(tmp_path: Path, name: str, old: str, new: str, words: str) -> None:
    files = Tie().half(1, HOME).shot(10, HOME, "H9", 94.0).write(tmp_path)
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    sentence = refusal("sportec", files)
    assert words in sentence
    assert name in sentence


DAT = "{}:1,1,1,{},0,0.0;1,2,9,{},100,5.0;0,3,1,{},0,0.0;0,4,9,{},0,2.0;-1,29,-1,0,0,0.0;3,21,-1,0,0,0.0;:100,50,20,9.0,H,Alive;:\n"


def dat(folder: Path, meta: str, periods: tuple[int, ...] = (1000, 2000)) -> list[Path]:
    """Ten frames from each of ``periods``; ends change after the first."""
    folder.mkdir(exist_ok=True)
    (folder / "g.dat").write_text(
        "".join(
            DAT.format(start + i, -4500 * side, -500 * side + 20 * i, 4500 * side, 500 * side)
            for start, side in zip(periods, (1, -1, 1, -1), strict=False)
            for i in range(10)
        )
    )
    (folder / ("m.json" if meta.startswith("{") else "m.xml")).write_text(meta)
    return sorted(folder.iterdir())


NESTED = (
    '<OptaMetaData sVersion="1.2"><match {about} iFrameRateFps="25" fPitchXSizeMeters="105{mark}20" fPitchYSizeMeters="68{mark}30">'
    '<period iId="1" iStartFrame="1000" iEndFrame="1009"/><period iId="2" iStartFrame="2000" iEndFrame="{end}"/>'
    "</match></OptaMetaData>"
)
FLAT = {
    "GameID": 7, "FrameRate": 25, "PitchLongSide": 10520, "PitchShortSide": 6830, "Phase1StartFrame": 1000, "Phase1EndFrame": 1009,
    "Phase2StartFrame": 2000, "Phase2EndFrame": 2009, "Phase3StartFrame": 0, "Phase3EndFrame": 0,
    "HomeTeam": {
        "TeamID": 1, "ShortName": "Hosts", "Players": [{"PlayerID": 11, "FirstName": "Ann", "LastName": "Bee", "JerseyNo": 9}],
    },
}  # fmt: skip


def flat_xml(known: object) -> str:
    def inside(value: object) -> str:
        if isinstance(value, dict):
            return "".join(f"<{name}>{inside(one)}</{name}>" for name, one in value.items())
        return "".join(f"<item>{inside(one)}</item>" for one in value) if isinstance(value, list) else str(value)

    return f"<root>{inside(known)}</root>"


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize("about", ["", 'iId="77" dtDate="2021-05-09 18:00:00"'])
def test_tracab_needs_no_date_and_takes_decimal_commas(tmp_path: Path, mark: str, about: str) -> None:
    imported = read("tracab", dat(tmp_path, NESTED.format(about=about, mark=mark, end=2009)))
    assert (imported.record.length_m, imported.record.width_m) == (105.2, 68.3)
    assert directions(imported) == [1, -1]
    assert [entity.id for entity in imported.record.entities] == ["ball", "home_1", "home_9", "away_1", "away_9"]
    assert [period.end_us is not None for period in imported.record.periods] == [True, True]


@pytest.mark.parametrize("make", [json.dumps, flat_xml])
def test_tracab_takes_flat_metadata_and_the_direction_of_each_phase(tmp_path: Path, make: Callable[[object], str]) -> None:
    both = {"Phase1HomeGKLeft": "true", "Phase2HomeGKLeft": "false"}
    imported = read("tracab", dat(tmp_path, make(FLAT | both)))
    assert directions(imported) == [1, -1]
    assert imported.record.provenance["direction"] == "period 1, 2: as the file says"
    names = {entity.shirt: entity.name for entity in imported.record.entities if entity.team == "home"}
    assert names == {1: "home_1", 9: "Ann Bee"}
    assert imported.record.title == "Hosts - away"
    sentence = refusal("tracab", dat(tmp_path, make(FLAT | {"Phase1HomeGKLeft": "false"})))
    assert "in period 1 keepers and teams stand at the wrong ends" in sentence


def test_tracab_that_is_still_running_has_an_open_period(tmp_path: Path) -> None:
    for end in (0, 9000):  # not known yet, or planned
        imported = read("tracab", dat(tmp_path, NESTED.format(about="", mark=".", end=end)))
        assert [period.end_us is not None for period in imported.record.periods] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('iFrameRateFps="25"', "", "it has no iFrameRateFps"),
        ('iFrameRateFps="25"', 'iFrameRateFps="fast"', "'fast' in iFrameRateFps"),
        ("<period", "<phase", "no frames of a period"),
        ("</match>", "", "cut short or no XML"),
    ],
)
def test_missing_fields_of_tracab_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    meta = NESTED.format(about="", mark=".", end=2009)
    assert words in refusal("tracab", dat(tmp_path, meta.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1005:", "1004:", "frame 1004 at line 6 after frame 1004"),
        ("1005:", "100x5:", "line 6 is no frame"),
        ("0,4,9,", "0,4,1,", "two players of the away team with the shirt 1 at line 1"),
        ("100,50,20,9.0,H,Alive", "100,50", "line 1 is no frame"),
    ],
)
def test_a_bad_line_of_a_dat_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    files = dat(tmp_path, NESTED.format(about="", mark=".", end=2009))
    (tmp_path / "g.dat").write_text((tmp_path / "g.dat").read_text().replace(old, new))
    assert words in refusal("tracab", files)


@pytest.mark.parametrize("provider", [*small.GAMES])
def test_a_damaged_file_gives_no_message_of_python(tmp_path: Path, provider: str) -> None:
    """Every file of every provider, with a piece of it taken out, doubled, or replaced by something else: a game, or one
    sentence."""
    import gzip

    (tmp_path / "files").mkdir()
    files = small.GAMES[provider](tmp_path / "files")
    rng = np.random.default_rng(5)
    for path in files:
        whole = path.read_bytes()
        packed = whole[:2] == b"\x1f\x8b"
        body = gzip.decompress(whole) if packed else whole
        for _ in range(40):
            at, length = int(rng.integers(len(body))), int(rng.integers(1, 30))
            new = [b"", body[at : at + length] * 2, b"null", b"-1", b'"', b"{}", b",,", b"1e999"][int(rng.integers(8))]
            damaged = body[:at] + new + body[at + length :]
            path.write_bytes(gzip.compress(damaged) if packed else damaged)
            sentence = complaint(provider, files)
            assert "\n" not in sentence
            assert "Error" not in sentence
        path.write_bytes(whole)


# -- 8, 9: ids, and unknown players ------------------------------------------------------------------------------------------


def test_a_goal_by_an_unknown_player_counts_for_the_team(tmp_path: Path) -> None:
    tie = Tie().half(1, HOME).shot(10, HOME, "TRIAL", 94.0, SCORED).shot(20, HOME, "TRIAL", 95.0)
    imported = read("sportec", tie.write(tmp_path / "files"))
    assert [one.player for one in events(imported) if one.type == "shot"] == [None, None]
    assert imported.record.provenance["unknown"] == "2 events by players who are not in the line-up (TRIAL)"
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [1.0, 0.0]


def test_an_opta_goal_by_an_unknown_player_counts(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    files = opta_own_goal(tmp_path / "files", shots=False)
    path = tmp_path / "files" / "events.csv"
    path.write_text(path.read_text().replace("own_goal,16,1,P-1,T-1,True,-46.0", "shot,16,1,P-77,T-2,True,-46.0"))
    imported = read("tracab", files)
    assert "P-77" in imported.record.provenance["unknown"]
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [0.0, 1.0]


@pytest.mark.parametrize("ball", ["BALL", "ball", "Football"])
def test_the_ball_has_several_spellings(tmp_path: Path, ball: str) -> None:
    files = Tie().half(1, HOME).write(tmp_path)
    places = [(HOME, "H1", -40.0), (AWAY, "A1", 40.0), (ball, "O-7", 1.0)]
    imported = read("sportec", [*files, cup.positions(tmp_path, "firstHalf", "2023-08-12T16:00:01", places)])
    assert imported.samples == 9


def test_ids_that_stand_twice_are_refused(tmp_path: Path) -> None:
    small.tracab(tmp_path, turned=(2,))
    players, coded = tmp_path / "players.csv", tmp_path / "events.csv"
    whole = players.read_text()
    players.write_text(whole.replace("P-9,away_9", "P-1,away_9"))
    assert "a player twice: 'P-1'" in refusal("tracab", sorted(tmp_path.iterdir()))
    players.write_text(whole)
    coded.write_text(coded.read_text().replace("7,15,2", "3,15,2"))
    assert "two events with the event_id '3'" in refusal("tracab", sorted(tmp_path.iterdir()))


def test_names_are_taken_from_any_row_that_has_them(tmp_path: Path) -> None:
    small.tracab(tmp_path)
    (tmp_path / "players.csv").write_text("id,full_name,shirt_num,position,team\nP-1,,1,goalkeeper,home\nP-9,,9,forward,away\n")
    (tmp_path / "events.csv").write_text(
        "event_id,event_type_id,period_id,player_id,player_name,team_id,is_successful,start_x,start_y,time_s\n"
        "1,1,1,P-9,,T-2,True,10.0,5.0,0.1\n2,1,1,P-9,Nine,T-2,True,10.0,5.0,0.2\n"
    )
    imported = read("tracab", sorted(tmp_path.iterdir()))
    assert {entity.id: entity.name for entity in imported.record.entities} == {"P-1": "P-1", "P-9": "Nine", "ball": "Ball"}


# -- the shared cases ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cases() -> Path:
    data = os.environ.get("TOUCHLINE_DATA")
    folder = (Path(data) if data else ROOT.parent / "shared" / "data").parent / "cases"
    if not folder.is_dir():
        pytest.skip("the shared cases are not there")
    return folder


@pytest.mark.real
@pytest.mark.parametrize(
    ("variant", "score", "ways", "shootout"),
    [
        ("in-toss", (2, 1), [1, -1, -1, 1], None),
        ("in-tossquiet", (1, 1), [1, -1, -1, 1], None),
        ("in-notoss", (2, 1), [1, -1, 1, -1], None),
        ("in-nowhistle", (2, 1), [1, -1, 1, -1], None),
        ("in-noplace", (2, 1), [1, -1, 1, -1], None),
        ("in-live", (2, 1), [1, -1, 1, -1], None),
        ("in-live2", (2, 1), [1, -1, 1, -1], None),
        ("in-shootout", (2, 1), [1, -1, 1, -1, 0], [3.0, 1.0]),
        ("in-shootout-kickoff", (2, 1), [1, -1, 1, -1, 0], [3.0, 1.0]),
    ],
)
def test_the_cup_tie_of_the_shared_cases(
    cases: Path, tmp_path: Path, variant: str, score: tuple[int, int], ways: list[int], shootout: list[float] | None
) -> None:
    imported = read("sportec", sorted((cases / "02-sportec-extra-time" / variant).iterdir()))
    assert directions(imported) == ways
    stats = played(imported, tmp_path / "rec")
    assert stats["soccer.match.score"] == [float(side) for side in score]
    assert stats.get("soccer.match.shootout") == shootout  # a match without one has no such stat


@pytest.mark.real
def test_the_own_goal_of_the_shared_cases(cases: Path, tmp_path: Path) -> None:
    imported = read("tracab", sorted((cases / "01-own-goal" / "in").iterdir()))
    assert played(imported, tmp_path / "rec")["soccer.match.score"] == [0.0, 1.0]


@pytest.mark.real
def test_the_metadata_of_the_shared_cases(cases: Path) -> None:
    for folder in sorted((cases / "03-tracab-opta-meta").glob("in-*")):
        imported = read("tracab", sorted(folder.iterdir()))
        assert directions(imported) == [1, -1], folder.name
        assert (imported.record.length_m, imported.record.width_m) == (105.2, 68.3), folder.name
