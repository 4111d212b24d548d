"""What kloppy reads: which file is which, its words as ours, its places in metres, its failures in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.soccer.vocabulary import EVENT_TYPES, PASS_OUTCOMES, SET_PIECES, SHOT_OUTCOMES
from simulators.providers import Imported, read
from simulators.providers.wyscout import score
from streaming.errors import BadInput
from streaming.wire.records import Event, Telemetry, decode_event, decode_game, encode
from tests.simulators.providers import small_kloppy as small
from tests.simulators.providers import small_wyscout

kloppy = pytest.importorskip("kloppy", reason="kloppy reads these formats: pip install 'touchline[providers]'")
FILES = Path(kloppy.__file__).parent / "tests" / "files"

#: format -> files that come with kloppy, (home, away) goals by the events, None for tracking
WHEEL: dict[str, list[tuple[str, tuple[int, int] | None]]] = {
    "statsbomb": [
        ("statsbomb_15986_event.json statsbomb_15986_lineup.json", (2, 2)), ("statsbomb_lineup.json statsbomb_event.json", (3, 1)),
    ],
    "opta": [("opta_f24.xml opta_f7.xml", (1, 1)), ("opta_f7.xml opta_f73.xml", (1, 1))],
    "statsperform": [
        ("statsperform_event_ma1.json statsperform_event_ma3.json", (2, 1)),
        ("statsperform_event_ma1.xml statsperform_event_ma3.xml", (2, 1)),
        ("statsperform_tracking_ma1.json statsperform_tracking_ma25.txt", None),
    ],
    "datafactory": [("datafactory_events.json", (4, 2))],
    "wyscout": [("wyscout_events_v2.json", (3, 2)), ("wyscout_events_v3.json", (3, 0))],
    "metrica": [
        ("metrica_home.csv metrica_away.csv", None),
        ("epts_metrica_tracking.txt epts_metrica_metadata.xml", None),
        ("metrica_events.json epts_metrica_metadata.xml", (0, 2)),
    ],
    "secondspectrum": [
        ("second_spectrum_fake_metadata.xml second_spectrum_fake_data.jsonl second_spectrum_fake_metadata.json", None)
    ],
    "skillcorner": [("skillcorner_v3_raw_data.jsonl skillcorner_meta_data.json", None)],
    "pff": [("pff_metadata_10517.json pff_rosters_10517.json pff_10517.jsonl", None)],
    "signality": [
        (
            "signality_meta_data.json signality_p1_raw_data_subset.json signality_p2_raw_data_subset.json "
            "signality_venue_information.json",
            None,
        )
    ],
    "impect": [("impect_events.json impect_lineups.json impect_squads.json impect_players.json", (5, 2))],
    "sportec": [("sportec_events.xml sportec_meta.xml", (2, 0)), ("sportec_meta.xml sportec_positional.xml", None)],
    "tracab": [("tracab_meta.xml tracab_raw.dat", None), ("tracab_meta.json tracab_raw.json", None)],
}  # fmt: skip
LARGE: dict[str, list[tuple[str, tuple[int, int] | None]]] = {
    "statsbomb": [("statsbomb_3788741_360.json statsbomb_3788741_event.json statsbomb_3788741_lineup.json", (0, 3))],
    "hawkeye": [("hawkeye_1_1.football.samples.centroids hawkeye_1_1.football.samples.ball", None)],
}
CASES = [(kind, names.split(), goals) for kind, some in WHEEL.items() for names, goals in some]
CASES_LARGE = [(kind, names.split(), goals) for kind, some in LARGE.items() for names, goals in some]


def events(imported: Imported) -> list[Event]:
    return [one for one in imported.stream() if isinstance(one, Event)]


def promised(imported: Imported) -> None:
    """Valid records, known players, our types, in the order of arrival."""
    record = imported.record
    assert decode_game(encode(record)) == record
    ids = {entity.id for entity in record.entities}
    assert len(ids) == len(record.entities)
    arrivals: list[int] = []
    seen: Counter[str] = Counter()
    samples = 0
    for one in imported.stream():
        arrivals += np.atleast_1d(one.arrival_us).tolist()
        if isinstance(one, Telemetry):
            samples += len(one)
            assert set(one.tag.tolist()) <= {tag.tag for tag in record.tags}
            continue
        seen[one.id] += 1
        assert decode_event(encode(one)) == one
        assert one.type in EVENT_TYPES
        assert one.team in (None, record.teams[0].id, record.teams[1].id)
        assert one.player is None or one.player in ids
        assert one.attrs.get("receiver", one.player) in {None, *ids}
        assert one.attrs.get("set_piece", "corner") in SET_PIECES
        assert one.type != "shot" or one.outcome in SHOT_OUTCOMES | {""}
        assert one.type != "pass" or one.outcome in PASS_OUTCOMES | {""}
        assert one.period in {period.number for period in record.periods}
        if one.x_m is not None:
            assert abs(one.x_m) < 65
    assert samples == imported.samples
    assert arrivals == sorted(arrivals)
    assert max(seen.values()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "names", "goals"), CASES, ids=[f"{kind}-{names[0]}" for kind, names, _ in CASES])
def test_the_files_that_come_with_kloppy(kind: str, names: list[str], goals: tuple[int, int] | None) -> None:
    """Excerpts of real and made-up matches; the order in which they are given does not matter."""
    files = [FILES / name for name in names]
    if not all(path.is_file() for path in files):
        pytest.skip("this kloppy comes without its test files")
    imported = read(f"kloppy:{kind}", files)
    promised(imported)
    record = imported.record
    assert all(period.home_attacks for period in record.periods)
    if goals is None:
        assert imported.samples > 0
        assert [feed.kind for feed in record.feeds] == ["telemetry", "events"]
    else:
        assert score(events(imported), record.teams[0].id, record.teams[1].id) == goals
        for event in events(imported):  # shots are taken towards the goal that is attacked
            if event.type == "shot" and event.team and event.x_m and kind in ("statsbomb", "statsperform", "wyscout"):
                way = record.periods[event.period - 1].home_attacks * (1 if event.team == record.teams[0].id else -1)
                assert way * event.x_m > -5


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "names", "goals"), CASES_LARGE, ids=[kind for kind, _, _ in CASES_LARGE])
def test_the_large_files_that_come_with_kloppy(kind: str, names: list[str], goals: tuple[int, int] | None) -> None:
    test_the_files_that_come_with_kloppy(kind, names, goals)


def test_unusable_datasets_of_kloppy_are_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise AttributeError("'NoneType' object has no attribute 'x'")

    monkeypatch.setattr("simulators.providers.kloppy.events_of", broken)
    with pytest.raises(BadInput, match=r"7_lineups\.json cannot be read as kloppy files: something in them is not where"):
        read("kloppy:statsbomb", small.statsbomb(tmp_path))


def test_a_small_statsbomb_match_has_our_vocabulary(tmp_path: Path) -> None:
    imported = read("kloppy:statsbomb", small.statsbomb(tmp_path))
    promised(imported)
    found = {event.id: event for event in events(imported)}
    words = [(e.type, e.outcome, e.team, e.player, e.period) for e in found.values() if not e.type.startswith("period")]
    assert words == [
        ("pass", "complete", "1", "12", 1),
        ("pass", "incomplete", "1", "11", 1),
        ("shot", "saved", "2", "23", 1),
        ("shot", "goal", "2", "23", 1),
        ("foul", "", "1", "12", 1),
        ("card", "", "1", "12", 1),
        ("own_goal", "", "2", "23", 2),
        ("shot", "goal", "1", "12", 5),
    ]
    kick_off, failed, saved, goal = (e for e in found.values() if e.type in ("pass", "shot") and e.period == 1)
    assert kick_off.attrs == {
        "set_piece": "kick_off",
        "body_part": "left_foot",
        "cross": False,
        "height": "ground",
        "receiver": "11",
        "end_is": "arrival",
    }
    assert (failed.attrs["end_is"], failed.attrs["cross"], failed.attrs["height"]) == ("loss", True, "high")
    # StatsBomb's older files give the middle of cells of a yard, which kloppy takes into account
    assert (kick_off.x_m, kick_off.y_m) == (pytest.approx(0, abs=0.5), pytest.approx(0, abs=0.5))
    assert failed.end_x_m == pytest.approx(26.25, abs=1.0)  # home attacks +x: the place of the loss
    assert (saved.x_m, saved.y_m) == (pytest.approx(-41.5, abs=0.5), pytest.approx(0, abs=0.5))
    assert saved.attrs == {
        "set_piece": "open_play",
        "body_part": "head",
        "provider_xg": 0.25,
        "first_time": True,
        "one_on_one": False,
        "open_goal": False,
        "aerial_won": False,
        "under_pressure": False,
        "technique": "normal",
        "phase": "corner",
        "counter": False,
        "assist": "unknown",
    }
    assert goal.attrs["assist"] == "rebound"
    own = next(e for e in found.values() if e.type == "own_goal")
    assert own.x_m == pytest.approx(-50.75, abs=0.5)  # by their own goal: in period 2 the guests attack +x
    assert score(list(found.values()), "1", "2") == (1, 1)  # the shoot-out does not count
    assert next(e.attrs["set_piece"] for e in found.values() if e.period == 5 and e.type == "shot") == "penalty"
    assert {e.id: e.role for e in imported.record.entities} == {
        "11": "keeper",
        "12": "player",
        "22": "keeper",
        "23": "player",
        "ball": "ball",
    }
    assert imported.record.game == "statsbomb-7_events"


def test_shots_with_and_without_freeze_frames_are_the_same_shots(tmp_path: Path) -> None:
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    with_frames = read("kloppy:statsbomb", small.statsbomb(tmp_path / "with", frames=True))
    assert events(with_frames) == events(read("kloppy:statsbomb", small.statsbomb(tmp_path / "without")))


def test_a_statsbomb_match_that_is_still_on(tmp_path: Path) -> None:
    """Cut before the second half's end: kloppy alone refuses it."""
    import json

    files = small.statsbomb(tmp_path)
    rows = json.loads(files[0].read_text())
    kept = [e for e in rows if e["period"] == 1 or (e["period"] == 2 and e["type"]["name"] != "Half End")]
    files[0].write_text(json.dumps(kept))
    imported = read("kloppy:statsbomb", files)
    promised(imported)
    assert [(p.number, p.end_us is None) for p in imported.record.periods] == [(1, False), (2, True)]
    assert [e.period for e in events(imported) if e.type == "period_end"] == [1]
    assert score(events(imported), "1", "2") == (1, 1)


def test_a_goal_by_a_player_who_is_not_in_the_line_up_counts_for_his_team(tmp_path: Path) -> None:
    import json

    files = small.statsbomb(tmp_path, frames=True)
    players = json.loads(files[1].read_text())
    for team in players:
        team["lineup"] = [player for player in team["lineup"] if player["player_id"] not in (11, 23)]
    files[1].write_text(json.dumps(players))
    rows = json.loads(files[0].read_text())
    for event in rows:
        if event["type"]["name"] == "Starting XI":
            event["tactics"]["lineup"] = [one for one in event["tactics"]["lineup"] if one["player"]["id"] not in (11, 23)]
    files[0].write_text(json.dumps(rows))
    imported = read("kloppy:statsbomb", files)
    promised(imported)
    assert score(events(imported), "1", "2") == (1, 1)
    assert [(e.team, e.player) for e in events(imported) if e.outcome == "goal"][:1] == [("2", None)]


def test_a_period_is_over_when_the_next_one_has_begun(tmp_path: Path) -> None:
    import json

    files = small.statsbomb(tmp_path)
    rows = json.loads(files[0].read_text())
    files[0].write_text(json.dumps([e for e in rows if e["type"]["name"] != "Half End" and e["period"] < 3]))
    periods = read("kloppy:statsbomb", files).record.periods
    assert [(p.number, p.end_us is None) for p in periods] == [(1, False), (2, True)]
    assert (periods[0].end_us or 0) - periods[0].start_us == 30_000_000


@pytest.mark.real
def test_kloppy_and_our_own_reader_agree_on_a_real_match(real_data: Path) -> None:
    """All of the league's events that both have: the same instant and period; the shots with the same outcome; 0:1."""
    files = sorted(real_data.glob("soccer_dfl_sportec/*events*")) + sorted(real_data.glob("soccer_dfl_sportec/*information*"))
    ours = {e.id: e for e in events(read("sportec", files))}
    imported = read("kloppy:sportec", files)
    promised(imported)
    theirs = {e.id: e for e in events(imported)}
    both = [(ours[ident], theirs[ident]) for ident in ours if ident in theirs]
    assert len(both) > 900
    assert all((a.t_us, a.period, a.team) == (b.t_us, b.period, b.team) for a, b in both)
    shots = [(a, b) for a, b in both if a.type == "shot"]
    assert len(shots) == 26
    assert all(a.outcome == b.outcome for a, b in shots)
    home, away = (team.id for team in imported.record.teams)
    assert score(list(theirs.values()), home, away) == (0, 1)
    assert [p.home_attacks for p in imported.record.periods] == [-1, 1]
    assert "notes" not in imported.record.provenance


@pytest.mark.parametrize("second_side", [-1, 1])
def test_the_direction_of_a_period_follows_from_mean_positions(tmp_path: Path, second_side: int) -> None:
    """kloppy looks at the first frame of the first period only, and takes the sides to change at half-time."""
    imported = read("kloppy:metrica", small.metrica(tmp_path, second_side=second_side))
    promised(imported)
    assert [p.home_attacks for p in imported.record.periods] == [1, second_side]
    assert imported.record.provenance["direction"] == "by where the players were"
    assert (imported.record.grid_hz, imported.record.feeds[0].aligned, imported.samples) == (25.0, True, 2 * 300 * 13)
    first = next(one for one in imported.stream() if isinstance(one, Telemetry))
    ball = first.take(first.tag == 0)
    assert (ball.x_m[0], ball.y_m[0]) == (pytest.approx(10.5), pytest.approx(6.8))
    assert np.diff(ball.t_us[:10]).tolist() == [40_000] * 9


def test_a_direction_that_is_stated_is_not_overruled() -> None:
    from simulators.providers._kloppy_frames import agree

    assert agree("x", {1: 1, 2: -1, 3: 1}, {1: 1, 3: -1}, binding=True) == {1: 1, 2: -1, 3: -1}
    assert agree("x", {1: 1, 2: -1}, {1: -1}, binding=False) == {1: -1, 2: -1}
    with pytest.raises(BadInput, match=r"home attacks towards \+x in period 1, by mean positions the other way"):
        agree("x", {1: 1, 2: -1}, {1: -1}, binding=True)


def test_own_goals_that_kloppy_takes_for_something_else(tmp_path: Path) -> None:
    """kloppy's Wyscout reader knows no own goals (tag 102): this one is a head pass to it."""
    import json

    small_wyscout.published(tmp_path)
    rows = json.loads((tmp_path / "events_X.json").read_text())
    players = {
        str(team): {
            "team": {"wyId": team, "officialName": f"T {team}", "formation": {}},
        }
        for team in (1, 2)
    }
    match = {
        "events": rows,
        "teams": players,
        "coaches": {},
        "referees": {},
        "players": {
            str(team): [{"player": {"wyId": p, "firstName": "N", "lastName": str(p), "role": {"code2": "MD"}}} for p in squad]
            for team, squad in ((1, (11, 12, 13)), (2, (22, 23, 24)))
        },
    }
    for team in ("1", "2"):
        match["teams"][team]["formation"] = {"lineup": [], "bench": [], "substitutions": []}  # type: ignore[index]
    for row in rows:
        row |= {"subEventId": _SUB_EVENTS[row["subEventName"]], "eventId": _EVENTS[row["eventName"]]}
    path = tmp_path / "wyscout_v2.json"
    path.write_text(json.dumps(match))
    imported = read("kloppy:wyscout", [path])
    assert [(e.team, e.player) for e in events(imported) if e.type == "own_goal"] == [("2", "24")]
    assert score(events(imported), "1", "2") == (2, 1)


#: Wyscout's numbers of the words that the small match has
_EVENTS = {
    "Duel": 1, "Foul": 2, "Free Kick": 3, "Interruption": 5, "Offside": 6, "Others on the ball": 7, "Pass": 8, "Save attempt": 9,
    "Shot": 10,
}  # fmt: skip
_SUB_EVENTS = {
    "Air duel": 10, "Ground attacking duel": 11, "Ground defending duel": 12, "Foul": 20, "Hand foul": 21, "Protest": 24,
    "Corner": 30, "Free kick shot": 33, "Goal kick": 34, "Penalty": 35, "Throw in": 36, "Ball out of the field": 50, "": "",
    "Acceleration": 70, "Clearance": 71, "Touch": 72, "Cross": 80, "Head pass": 82, "High pass": 83, "Launch": 84,
    "Simple pass": 85, "Reflexes": 90, "Save attempt": 91, "Shot": 100,
}  # fmt: skip


# -- which file is which ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "names", "chosen"),
    [
        ("statsbomb", ["lineups.json", "events.json"], {"event_data": "events.json", "lineup_data": "lineups.json"}),
        (
            "statsbomb",
            ["three-sixty/9.json", "lineups/9.json", "events/9.json"],
            {"event_data": "events/9.json", "lineup_data": "lineups/9.json", "three_sixty_data": "three-sixty/9.json"},
        ),
        ("statsbomb", ["a.json", "b.json"], {"event_data": "a.json", "lineup_data": "b.json"}),
        ("metrica", ["S_Away.csv", "S_Home.csv"], {"home_data": "S_Home.csv", "away_data": "S_Away.csv"}),
        ("metrica.tracking_epts", ["a.xml", "b.txt"], {"meta_data": "a.xml", "raw_data": "b.txt"}),
        (
            "hawkeye",
            ["1.samples.centroids", "1.samples.ball", "2.samples.centroids"],
            {"ball_feeds": ["1.samples.ball"], "player_centroid_feeds": ["1.samples.centroids", "2.samples.centroids"]},
        ),
        (
            "pff",
            ["x.jsonl", "meta.json", "roster.json"],
            {"raw_data": "x.jsonl", "meta_data": "meta.json", "roster_meta_data": "roster.json"},
        ),
    ],
)
def test_a_file_is_known_by_its_name_else_by_its_place(wanted: str, names: list[str], chosen: dict[str, Any]) -> None:
    from simulators.providers._kloppy_loaders import _choose, formats

    provider, _, kind = wanted.partition(".")
    loaders = [loader for loader in formats()[provider] if kind in ("", loader.name)]
    _, found = _choose(wanted, loaders, [Path(name) for name in names])
    assert {key: [str(v) for v in value] if isinstance(value, list) else str(value) for key, value in found.items()} == chosen


@pytest.mark.parametrize(
    ("wanted", "names", "sentence"),
    [
        ("kloppy", ["a.json"], "kloppy reads many formats: give kloppy:FORMAT with one of datafactory, hawkeye, "),
        ("kloppy:footy", ["a.json"], "kloppy reads no format 'footy': give kloppy:FORMAT with one of datafactory, "),
        (
            "kloppy:statsbomb",
            ["x_events.json"],
            "takes event_data, lineup_data (and may have three_sixty_data), and got x_events.json: lineup_data is missing",
        ),
        ("kloppy:opta", ["a.xml", "b.xml", "c.xml"], "takes f7_data, f24_data, and got a.xml, b.xml, c.xml: give them in this"),
        ("kloppy:metrica", ["a.xml", "b.xml"], "the names of a.xml, b.xml do not decide: give metrica.event (event_data, "),
        ("kloppy:metrica.foo", ["a.xml"], "kloppy:metrica has no foo: give metrica.event or metrica.tracking_csv or "),
        ("kloppy:opta", ["f7.xml", "f24.xml"], "they are damaged, incomplete, or no opta files"),
        ("kloppy:datafactory", ["a.json"], "they are damaged, incomplete, or no datafactory files"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, wanted: str, names: list[str], sentence: str) -> None:
    for name in names:
        (tmp_path / name).write_text("{}")
    with pytest.raises(BadInput) as caught:
        read(wanted, [tmp_path / name for name in names])
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize("spoil", [lambda t: t[: len(t) // 2], lambda t: t.replace('"team"', '"squad"'), lambda t: "[]"])
def test_no_exception_of_kloppy_escapes(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    files = small.statsbomb(tmp_path)
    files[0].write_text(spoil(files[0].read_text()))
    with pytest.raises(BadInput, match="kloppy cannot read"):
        read("kloppy:statsbomb", files)
