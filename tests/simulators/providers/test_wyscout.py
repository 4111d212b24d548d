"""Wyscout's words, places and scores: as tables and as JSON, on a small match and on real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulators.providers import Imported, read, read_all, wyscout
from streaming.errors import BadInput
from streaming.wire.records import Event
from tests.simulators.providers import small_wyscout as small


def events(imported: Imported) -> list[Event]:
    return [one for one in imported.stream() if isinstance(one, Event)]


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Event]:
    """The small match's events by the second at which they happened, and their suffix."""
    out = {}
    for event in events(read("wyscout", small.wyscout(tmp_path))):
        number, _, suffix = event.id.partition("-")
        if number.isdigit() and number != "0":
            period, second = small.MATCH[int(number) - small.FIRST][:2]
            out[f"{period} {second:g}{suffix and ' '}{suffix}"] = event
    return out


def test_events_and_subevents_become_our_types(found: dict[str, Event]) -> None:
    assert [(at, e.type, e.outcome) for at, e in found.items()] == [
        ("1H 1.2", "pass", "complete"),
        ("1H 3", "pass", "incomplete"),
        ("1H 5", "interception", ""),
        ("1H 6", "out", ""),
        ("1H 20", "pass", "complete"),
        ("1H 22", "pass", "incomplete"),
        ("1H 30", "pass", "complete"),
        ("1H 31", "shot", "goal"),
        ("1H 60", "pass", "complete"),
        ("1H 61", "dribble", "complete"),
        ("1H 61.1", "tackle", "lost"),
        ("1H 63", "foul", ""),
        ("1H 63 card", "card", ""),
        ("1H 80", "shot", "saved"),
        ("1H 81", "save", ""),
        ("1H 90", "pass", "offside"),
        ("1H 90.5", "offside", ""),
        ("1H 2700.5", "clearance", ""),
        ("1H 2700.5 interception", "interception", ""),
        ("2H 2", "pass", "complete"),
        ("2H 9", "own_goal", ""),
        ("2H 12", "shot", "blocked"),
        ("2H 20", "shot", "post"),
        ("2H 30", "shot", "off_target"),
        ("2H 40", "pass", ""),
        ("2H 45", "carry", ""),
        ("2H 50", "duel", "neutral"),
        ("2H 60", "shot", "goal"),
        ("E1 0.9", "pass", "complete"),
        ("E2 300", "foul", ""),
        ("E2 300 card", "card", ""),
        ("P 10", "shot", "goal"),
    ]


@pytest.mark.parametrize(
    ("at", "attrs"),
    [
        ("1H 1.2", {"set_piece": "kick_off", "cross": False, "through_ball": False, "height": "ground", "end_is": "arrival"}),
        ("1H 3", {"set_piece": "open_play", "cross": False, "through_ball": True, "height": "ground", "end_is": "loss"}),
        ("1H 20", {"set_piece": "throw_in", "cross": False, "through_ball": False, "body_part": "other", "end_is": "arrival"}),
        ("1H 22", {"set_piece": "open_play", "cross": True, "through_ball": False, "height": "high", "body_part": "left_foot"}),
        ("1H 30", {"set_piece": "corner", "through_ball": False, "height": "high", "end_is": "arrival"}),
        ("1H 31", {"set_piece": "open_play", "body_part": "head", "counter": False, "keeper": "22"}),
        ("1H 60", {"set_piece": "kick_off", "cross": False, "through_ball": False, "height": "ground", "end_is": "arrival"}),
        ("1H 80", {"set_piece": "free_kick", "body_part": "right_foot", "counter": False, "keeper": "11"}),
        ("1H 63 card", {"card": "yellow"}),
        ("E2 300 card", {"card": "second_yellow"}),
        ("2H 9", {}),
        ("2H 12", {"set_piece": "open_play", "body_part": "right_foot", "counter": False}),
        ("2H 40", {"set_piece": "goal_kick", "cross": False, "through_ball": False}),
        ("2H 60", {"set_piece": "penalty", "body_part": "left_foot", "counter": False, "keeper": "11"}),
        ("E1 0.9", {"set_piece": "open_play", "cross": False, "through_ball": False, "height": "high", "end_is": "arrival"}),
    ],
)
def test_tags_become_attributes(found: dict[str, Event], at: str, attrs: dict[str, Any]) -> None:
    assert found[at].attrs == attrs


def test_places_are_turned_to_the_stadium(found: dict[str, Event]) -> None:
    """Home attacks +x in odd periods; y = 0 is a team's left; corners of the field are no places but for a corner kick."""
    places = {at: (e.x_m, e.y_m, e.end_x_m, e.end_y_m) for at, e in found.items()}
    assert places["1H 1.2"] == (0, 0, -10.5, -6.8)
    assert places["1H 30"] == (52.5, 34, 46.2, 0)
    assert places["1H 60"] == (0, -0.68, -5.25, 0)
    assert places["1H 6"][:2] == (31.5, 34)
    assert (found["1H 6"].team, found["1H 6"].player) == (None, None)
    assert places["1H 22"][2:] == (None, None)
    assert places["1H 31"] == (46.2, 0, None, None)
    assert places["1H 81"] == (None, None, None, None)
    assert places["2H 40"] == (None, None, -10.5, 0)
    assert places["2H 12"][0] == -31.5
    assert places["E1 0.9"] == (-21, 13.6, 21, 0)


def test_periods_run_from_their_second_0_to_their_last_row(tmp_path: Path) -> None:
    imported = read("wyscout", small.wyscout(tmp_path))
    record = imported.record
    assert [(p.number, (p.end_us or 0) - p.start_us, p.home_attacks) for p in record.periods] == [
        (1, 2_700_500_000, 1),
        (2, 61_000_000, -1),
        (3, 900_000, 1),
        (4, 300_000_000, -1),
        (5, 11_000_000, 1),
    ]
    assert [e.period for e in events(imported) if e.type == "period_start"] == [1, 2, 3, 4, 5]
    assert (record.provenance["result"], record.provenance["shootout"], record.provenance.get("notes")) == ("2:1", "1:0", None)
    assert wyscout.score(events(imported), "1", "2") == (2, 1)
    assert "not in the file" in record.provenance["direction"]
    assert [team.name for team in record.teams] == ["Hosts", "Guests"]
    assert {e.id for e in record.entities if e.role == "keeper"} == {"11", "22"}


def test_the_published_json_gives_the_same_events(tmp_path: Path) -> None:
    for name in ("tables", "json"):
        (tmp_path / name).mkdir()
    table, published = read("wyscout", small.wyscout(tmp_path / "tables")), read("wyscout", small.published(tmp_path / "json"))
    start = table.record.t0_us, published.record.t0_us
    assert published.record.t0_us == 1_530_453_600_000_000

    def plain(imported: Imported, t0_us: int) -> list[tuple[Any, ...]]:
        return [(e.id, e.t_us - t0_us, e.type, e.team, e.player, e.outcome, e.x_m, e.end_x_m, e.attrs) for e in events(imported)]

    ours = plain(published, start[1])
    changes = [row for row in ours if row[2] == "substitution"]
    assert [row for row in ours if row[2] != "substitution"] == plain(table, start[0])
    assert [(row[4], row[8]) for row in changes] == [("13", {"player_on": "14"})]
    assert [(e.t_us - published.record.periods[1].start_us, e.period) for e in events(published) if e.type == "substitution"] == [
        (60_000_000, 2)
    ]
    players = {e.id: (e.name, e.team, e.role, e.position) for e in published.record.entities}
    assert players["12"] == ("Á. Doce", "1", "player", "MD")
    assert players["14"] == ("N. 14", "1", "player", "MD")
    assert players["22"] == ("N. 22", "2", "keeper", "GK")
    assert [team.name for team in published.record.teams] == ["Hôtes", "Guests"]


LONE = [
    ("1H", 1.0, 1, 12, "Pass", "Simple pass", (50, 50), (40, 60), [1802]),
    ("1H", 9.0, 2, 22, "Save attempt", "Reflexes", (0, 0), (0, 0), [101, 1802]),
]
KICK_OFF = ("1H", 60.0, 2, 23, "Pass", "Simple pass", (50, 50), (40, 60), [1801])
FREE_KICK = ("1H", 60.0, 2, 23, "Free Kick", "Free Kick", (20, 50), (40, 60), [1801])


@pytest.mark.parametrize(
    ("after", "result", "goals", "note"),
    [
        (KICK_OFF, (1, 0), (1, 0), "a goal is reported by the keeper's row alone"),
        (FREE_KICK, (0, 0), (0, 0), ""),
        (FREE_KICK, (1, 0), (1, 0), "a goal is reported by the keeper's row alone"),
        (FREE_KICK, (2, 0), (0, 0), "its events have 0:0, its result is 2:0"),
    ],
)
def test_a_goal_that_only_the_keeper_reports(
    tmp_path: Path, after: tuple[Any, ...], result: tuple[int, int], goals: tuple[int, int], note: str
) -> None:
    imported = read("wyscout", small.tables(tmp_path, {7: [*LONE, after]}, [small.about(7, score=result)]))
    assert wyscout.score(events(imported), "1", "2") == goals
    notes = imported.record.provenance.get("notes", "")
    assert notes.startswith(note)
    assert bool(notes) == bool(note)
    assert [(e.team, e.player, e.x_m, e.attrs["keeper"]) for e in events(imported) if e.type == "shot"] == [
        ("1", None, None, "22")
    ] * sum(goals)


def test_unknown_teams_and_types_are_named_and_left_out_alone(tmp_path: Path) -> None:
    strange = [
        ("1H", 3.0, 9, 91, "Pass", "Simple pass", (50, 50), (40, 60), [1801]),
        ("1H", 4.0, 1, 12, "VAR", "Goal check", (50, 50), (40, 60), []),
        ("1H", 5.0, 1, 12, "VAR", "Goal check", (50, 50), (40, 60), []),
        ("1H", 6.0, 1, 12, "Pass", "Backheel", (50, 60), (40, 60), [1801]),
    ]
    imported = read("wyscout", small.tables(tmp_path, {7: strange}, [small.about(7)]))
    assert imported.record.provenance["notes"] == (
        "team 9 does not play in this match: its events have neither team nor place; unknown word VAR / Goal check (2 times)"
    )
    assert [(e.type, e.team, e.x_m) for e in events(imported) if e.type == "pass"] == [("pass", None, None), ("pass", "1", 0)]


def test_many_matches_in_one_file(tmp_path: Path) -> None:
    files = small.tables(tmp_path, {7: small.MATCH, 8: LONE, 9: LONE}, [small.about(7), small.about(8)])
    assert wyscout.match_ids(files) == ["7", "8", "9"]
    assert wyscout.read_match(files, 8).record.game == read("wyscout", files, "8").record.game == "wyscout-8"
    assert wyscout.source(files) is wyscout.source(files)
    several = dict(read_all("wyscout", files))
    assert list(several) == ["7", "8", "9"]
    assert several["8"]().record == read("wyscout", files, "8").record
    with pytest.raises(BadInput, match="holds 3 matches: pick one with --pick MATCH_ID, such as 7"):
        read("wyscout", files)
    with pytest.raises(BadInput, match="no match 10"):
        read("wyscout", files, "10")
    with pytest.raises(BadInput, match="match 9 has events but is not among the matches"):
        read("wyscout", files, "9")


def test_a_row_that_is_repeated_counts_once_and_ids_are_unique(tmp_path: Path) -> None:
    rows = small.rows(7, small.MATCH)
    (once, twice) = (tmp_path / "once", tmp_path / "twice")
    for folder in (once, twice):
        folder.mkdir()
    files = small.wyscout(once)
    pq.write_table(pa.Table.from_pylist([*rows, rows[7], rows[8]]), twice / "events.parquet")
    again = [twice / "events.parquet", files[1]]
    assert events(read("wyscout", again)) == events(read("wyscout", files))
    pq.write_table(pa.Table.from_pylist([*rows, rows[7] | {"second": 99.0}]), twice / "events.parquet")
    with pytest.raises(BadInput, match="two different events of the id 107"):
        read("wyscout", again)


@pytest.mark.parametrize(
    ("name", "column", "value", "sentence"),
    [
        ("matches", "home_id", None, "a match without teams"),
        ("events", "team_id", None, "an event without match, id, period, second or team"),
        ("events", "period", "H1", "'H1' as a period"),
        ("events", "second", "soon", "a row of match 7 cannot be read"),
        ("events", "tags", 3, "a row of match 7 cannot be read"),
    ],
)
def test_bad_cells_are_named(tmp_path: Path, name: str, column: str, value: Any, sentence: str) -> None:
    files = small.wyscout(tmp_path)
    rows = [row | {column: value} for row in pq.read_table(tmp_path / f"{name}.parquet").to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    with pytest.raises(BadInput, match=sentence):
        read("wyscout", files)


def test_a_match_that_is_still_on(tmp_path: Path) -> None:
    files = small.published(tmp_path)
    matches = tmp_path / "matches_X.json"
    matches.write_text(matches.read_text().replace('"Played"', '"Playing"'))
    periods = read("wyscout", files).record.periods
    assert [p.end_us is None for p in periods] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "events_X.json").write_text("{"), "is not JSON"),
        (lambda f: (f / "events_X.json").write_text("{}"), "not a list of objects"),
        (lambda f: (f / "events_X.json").write_text('[{"id": 1}]'), "an object has no matchId"),
        (lambda f: (f / "events_X.json").write_text("[]"), "holds no events"),
        (lambda f: (f / "matches_X.json").write_text('[{"wyId": 7, "teamsData": {}}]'), "match 7 cannot be read"),
        (lambda f: (f / "matches_X.json").unlink(), "needs the matches"),
        (lambda f: (f / "events_X.json").write_text((f / "events_X.json").read_text().replace('"E1"', '"3H"')), "'3H' as a period"),
        (lambda f: (f / "players.json").write_bytes(b"\x1f\x8bxx"), "does not unpack"),
    ],
)
def test_bad_files_are_one_sentence(tmp_path: Path, spoil: Any, sentence: str) -> None:
    small.published(tmp_path)
    spoil(tmp_path)
    with pytest.raises(BadInput, match=sentence):
        read("wyscout", sorted(tmp_path.iterdir()))


@pytest.mark.real
def test_every_goal_of_real_matches_is_counted(real_data: Path) -> None:
    """A fixed sample of the shared matches, and all with extra time or a shoot-out; ``TOUCHLINE_DATA`` says where they are."""
    files = [real_data / "wyscout_events" / name for name in ("events.parquet", "matches.parquet")]
    known = wyscout.source(files).matches
    chosen = {ident for ident, match in known.items() if match.shootout} | {"2499781"}
    sample = [ident for i, ident in enumerate(wyscout.match_ids(files)) if i % 40 == 0 or ident in chosen]
    assert len(sample) > 40
    for ident in sample:
        record = wyscout.read_match(files, ident).record
        score = wyscout.score(events(wyscout.read_match(files, ident)), record.teams[0].id, record.teams[1].id)
        assert "{}:{}".format(*score) == record.provenance["result"], record.title
        assert "result" not in record.provenance.get("notes", "")
