"""Each provider's format on a small game: what is turned, scaled, named and timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.soccer.vocabulary import EVENT_TYPES, PASS_OUTCOMES, SET_PIECES, SHOT_OUTCOMES
from simulators.providers import Imported, read
from streaming.errors import BadInput
from streaming.recordings.reader import Recording, Writer
from streaming.wire.records import Event, Telemetry, decode_event, decode_game, encode
from tests.simulators.providers import small


def game(provider: str, folder: Path) -> Imported:
    if provider == "tracab_dat":
        return read("tracab", small.tracab_dat(folder))
    return read(provider, small.GAMES[provider](folder))


def parts(imported: Imported) -> tuple[dict[int, np.ndarray], list[Event]]:
    """{tag: (n, 5) seconds since t0, x, y, z, in_play} and the events."""
    columns: dict[int, list[tuple[float, ...]]] = {}
    events = []
    for record in imported.stream():
        if isinstance(record, Event):
            events.append(record)
            continue
        play = record.channels.get("in_play", np.full(len(record), np.nan, np.float32))
        for row in zip(record.tag, record.t_us, record.x_m, record.y_m, record.z_m, play, strict=True):
            columns.setdefault(int(row[0]), []).append(((int(row[1]) - imported.record.t0_us) / 1e6, *map(float, row[2:])))
    return {tag: np.array(rows) for tag, rows in columns.items()}, events


@pytest.mark.parametrize("provider", [*small.GAMES, "tracab_dat"])
def test_an_import_has_valid_records_in_order_and_repeats(provider: str, tmp_path: Path) -> None:
    """Valid records, known players, the sport's event types, the order of arrival, and the same twice and through a recording."""
    folder = tmp_path / "files"
    folder.mkdir()
    imported = game(provider, folder)
    record = imported.record
    assert decode_game(encode(record)) == record
    assert {"provider", "files", "source", "terms", "clock", "arrival"} <= set(record.provenance)
    ids = [entity.id for entity in record.entities]
    assert len(set(ids)) == len(ids)
    assert [entity.role for entity in record.entities].count("ball") == 1
    assert {tag.entity for tag in record.tags} <= set(ids)
    teams = {team.id for team in record.teams}
    records = list(imported.stream())
    assert sum(len(r) for r in records if isinstance(r, Telemetry)) == imported.samples
    feeds = {feed.name: feed.kind for feed in record.feeds}
    arrivals: list[int] = []
    for one in records:
        arrivals += np.atleast_1d(one.arrival_us).tolist()
        if isinstance(one, Telemetry):
            assert feeds[one.feed] == "telemetry"
            assert set(one.tag.tolist()) <= {tag.tag for tag in record.tags}
            continue
        assert decode_event(encode(one)) == one
        assert one.type in EVENT_TYPES
        assert one.team is None or one.team in teams
        assert one.player is None or one.player in ids
        assert one.attrs.get("set_piece", "corner") in SET_PIECES
        assert one.attrs.get("phase", "corner") in SET_PIECES
        if one.type == "shot":
            assert one.outcome in SHOT_OUTCOMES | {""}
        if one.type == "pass":
            assert one.outcome in PASS_OUTCOMES | {""}
            assert one.attrs.get("end_is", "loss" if one.outcome != "complete" else "arrival") == (
                "arrival" if one.outcome == "complete" else "loss"
            )
        assert any(p.number == one.period for p in record.periods)
    assert arrivals == sorted(arrivals)
    events = [one for one in records if isinstance(one, Event)]
    assert len({event.id for event in events}) == len(events)
    with Writer(tmp_path / "rec", record) as writer:
        for one in imported.stream():
            writer.write(one)
    recording = Recording(tmp_path / "rec")
    assert (recording.game, recording.samples, recording.read_events()) == (record, imported.samples, events)


def test_tracab_turns_back_the_second_half(tmp_path: Path) -> None:
    imported = game("tracab", tmp_path)
    columns, events = parts(imported)
    ball, keeper = columns[0], columns[1]
    np.testing.assert_allclose(ball[:10, 1], np.linspace(0, 40, 20)[:10], atol=1e-5)
    np.testing.assert_allclose(ball[10:, 1], -np.linspace(0, 40, 20)[10:], atol=1e-5)
    np.testing.assert_allclose(ball[:, 2], [3.0] * 10 + [-3.0] * 10)
    np.testing.assert_allclose(keeper[:, 1], [-47.0] * 10 + [47.0] * 10)
    np.testing.assert_allclose(ball[:, 0], np.arange(20) / 25)
    assert ball[:, 4].tolist() == [1.0, 0.0] * 10
    assert np.isnan(keeper[:, 4]).all()
    assert len(columns[2]) == 15  # not seen in the first five frames: no samples, no NaN
    assert [p.home_attacks for p in imported.record.periods] == [1, -1]
    assert [(e.id, e.type, e.team) for e in events] == [
        ("1", "period_start", None),
        ("3", "pass", "T-2"),
        ("4", "out", None),
        ("7", "shot", "T-2"),
    ]
    shot = events[-1]
    assert (shot.x_m, shot.y_m, shot.outcome) == (40.0, -5.0, "blocked")
    assert shot.attrs == {"body_part": "head", "phase": "corner", "first_time": True, "provider_xg": 0.125}
    assert next(feed for feed in imported.record.feeds if feed.kind == "events").sync_ms == 5000


def test_tracab_refuses_shots_at_the_wrong_end(tmp_path: Path) -> None:
    files = small.tracab(tmp_path, turned=())
    assert read("tracab", files).record.periods[1].home_attacks == 1
    events = tmp_path / "events.csv"
    shot = "{},15,2,P-9,T-2,False,40.0,5.0,0.6\n"
    events.write_text(events.read_text().replace("7,15,2,P-9,T-2,False,-40.0,5.0,0.6\n", shot.format(7)))
    assert read("tracab", files).record.periods[1].home_attacks == 1  # one shot may be from anywhere
    events.write_text(events.read_text() + shot.format(70) + shot.format(71))
    with pytest.raises(BadInput, match="wrong end"):
        read("tracab", files)


def test_tracabs_dat_gives_positions_and_periods(tmp_path: Path) -> None:
    imported = game("tracab_dat", tmp_path)
    columns, _ = parts(imported)
    assert [p.home_attacks for p in imported.record.periods] == [1, -1]
    ball = columns[0]
    np.testing.assert_allclose(ball[:, 1], [0, 1, 2, 3, 4, 0, -1, -2, -3, -4], atol=1e-5)
    np.testing.assert_allclose(ball[:, 2:4], np.tile([0.5, 0.2], (10, 1)), atol=1e-5)
    assert ball[:, 4].tolist() == [1, 1, 1, 1, 0] * 2
    entity = {tag.entity: tag.tag for tag in imported.record.tags}
    home, away = (next(e for e in imported.record.entities if e.team == team) for team in ("home", "away"))
    assert (home.shirt, home.role, away.shirt, away.role) == (1, "keeper", 9, "player")
    np.testing.assert_allclose(columns[entity[home.id]][:, 1], [-40.0] * 5 + [40.0] * 5)
    np.testing.assert_allclose(columns[entity[away.id]][:5, 2], [-1.0, -1.01, -1.02, -1.03, -1.04], atol=1e-6)
    starts = [p.start_us for p in imported.record.periods]
    assert starts[1] - starts[0] == 160_000 + 900_000_000


def test_zxy_moves_the_corner_and_keeps_clocks_and_order(tmp_path: Path) -> None:
    imported = game("zxy", tmp_path)
    (packet,) = imported.stream()
    assert isinstance(packet, Telemetry)
    assert packet.x_m.tolist() == [-52.5, 52.5, 0.0, 7.5, 8.5, 0.5]
    assert packet.y_m.tolist() == [0.0] * 6
    assert (packet.t_us - imported.record.t0_us).tolist() == [0, 7_000, 50_000, 57_000, 107_000, 100_000]
    arrival = np.asarray(packet.arrival_us) - imported.record.t0_us
    assert arrival.tolist() == [40_000, 47_000, 90_000, 97_000, 147_000, 147_000]
    assert packet.channels["vendor_speed_mps"].tolist() == [2.5] * 6
    feed = imported.record.feeds[0]
    assert (feed.rate_hz, feed.aligned, imported.record.grid_hz) == (20.0, False, 20.0)


def test_skillcorner_turns_events_back(tmp_path: Path) -> None:
    imported = game("skillcorner", tmp_path)
    columns, events = parts(imported)
    assert [team.name for team in imported.record.teams] == ["Hosts", "Guests"]
    assert [p.home_attacks for p in imported.record.periods] == [-1, 1]
    np.testing.assert_allclose(columns[0][:2, :4], [[0.0, 1.0, 1.0, 0.2], [0.1, 1.1, 1.0, 0.2]], atol=1e-5)
    by_id = {event.id: event for event in events}
    first = by_id["8_0"]
    assert (first.x_m, first.y_m, first.end_x_m, first.end_y_m) == (10, 2, 20, 4)
    assert first.attrs == {"receiver": "6", "first_time": True, "end_is": "arrival"}
    assert [(by_id[i].x_m, by_id[i].outcome) for i in ("8_1", "8_2", "8_3", "8_5")] == [
        (-40.0, "goal"),
        (41.0, "off_target"),
        (42.0, ""),
        (-43.0, ""),
    ]
    assert by_id["8_1"].attrs == {"body_part": "head", "phase": "corner"}
    assert by_id["8_3"].t_us - imported.record.t0_us == 5_000_000
    assert "8_4" not in by_id


def test_metrica_positions_are_metres_and_events_have_our_types(tmp_path: Path) -> None:
    imported = game("metrica", tmp_path)
    events = {event.id: event for event in imported.stream() if isinstance(event, Event)}
    assert [p.home_attacks for p in imported.record.periods] == [1, -1]
    kick_off = events["2"]
    assert (kick_off.x_m, kick_off.y_m, kick_off.end_x_m, kick_off.end_y_m) == (0, 0, 10.5, 17)
    assert kick_off.attrs == {"set_piece": "kick_off", "receiver": "Player21", "end_is": "arrival"}
    corner, goal, own = events["5"], events["6"], events["11"]
    assert (corner.type, corner.outcome, corner.attrs) == (
        "pass",
        "incomplete",
        {"set_piece": "corner", "cross": True, "end_is": "loss"},
    )
    assert (goal.type, goal.outcome, goal.x_m, goal.attrs) == ("shot", "goal", 42.0, {"body_part": "head"})
    assert (own.type, own.team) == ("own_goal", "home")
    assert [event.player for event in events.values() if event.type == "foul"] == ["Player2"]
    assert events["9"].attrs == {"card": "yellow"}
    assert {entity.id for entity in imported.record.entities if entity.role == "keeper"} == {"Player11"}


def test_sportec_keeps_the_stadium_and_the_providers_own_columns(tmp_path: Path) -> None:
    imported = game("sportec", tmp_path)
    columns, events = parts(imported)
    assert [p.home_attacks for p in imported.record.periods] == [-1, 1]
    assert imported.record.provenance["result"] == "1:0"
    by_id = {event.id: event for event in events}
    goal, saved = by_id["2"], by_id["3"]
    assert (goal.x_m, goal.y_m, goal.outcome) == (-42.0, 0.0, "goal")
    assert (saved.x_m, saved.y_m, saved.outcome, saved.attrs["keeper"]) == (42.0, 0.0, "saved", "P-1")
    assert goal.attrs == {
        "provider_xg": 0.25,
        "provider_distance_m": 10.5,
        "provider_angle_deg": 38.43,
        "body_part": "head",
        "phase": "corner",
        "assist": "cross",
        "first_time": True,
    }
    assert "4" not in by_id
    assert [(by_id[i].type, by_id[i].player) for i in ("5", "6", "7")] == [("foul", "P-4"), ("card", "P-4"), ("tackle", "P-2")]
    assert by_id["1"].attrs == {"height": "ground", "receiver": "P-1", "set_piece": "kick_off", "end_is": "arrival"}
    roles = {entity.id: entity.role for entity in imported.record.entities}
    assert roles == {"P-1": "keeper", "P-2": "player", "P-3": "keeper", "P-4": "player", "ball": "ball"}
    np.testing.assert_allclose(columns[0], [[0, 0, -1.5, 0.15, 1], [0.04, 1, -1.5, 0.15, 1], [0.08, 2, -1.5, 0.15, 1]], atol=1e-6)
    assert set(columns) == {0, 1, 4}
    assert imported.record.t0_us == by_id["1"].t_us  # UTC in both files


# -- what is wrong with the files ---------------------------------------------------------------------------------------


def complaint(provider: str, files: list[Path]) -> str:
    """What reading these files has to say; empty when it works."""
    try:
        list(read(provider, files).stream())
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("provider", [*small.GAMES, "tracab_dat"])
def test_a_file_cut_short_is_one_sentence(provider: str, tmp_path: Path) -> None:
    """Whatever is cut, the answer is a sentence, or a game of which only the end of a table is missing."""
    game(provider, tmp_path)
    files = sorted(tmp_path.iterdir())
    name = provider.removesuffix("_dat")
    refused = 0
    for path in files:
        whole = path.read_bytes()
        for share in (0.0, 0.3, 0.95):
            path.write_bytes(whole[: int(len(whole) * share)])
            sentence = complaint(name, files)
            refused += bool(sentence)
            assert "\n" not in sentence
        path.write_bytes(whole)
    assert refused >= 2 * len(files) - 1


@pytest.mark.parametrize("provider", [*small.GAMES])
def test_another_providers_files_are_refused(provider: str, tmp_path: Path) -> None:
    for other, make in small.GAMES.items():
        if other == provider:
            continue
        folder = tmp_path / other
        folder.mkdir(exist_ok=True)
        with pytest.raises(BadInput):
            read(provider, make(folder))


def test_an_unknown_provider_or_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unknown provider .tracap.: this installation knows .*metrica, .*skillcorner"):
        read("tracap", [])
    with pytest.raises(BadInput, match="there is no file"):
        read("zxy", [tmp_path / "no.parquet"])
    with pytest.raises(BadInput, match="got no file"):
        read("zxy", [])
