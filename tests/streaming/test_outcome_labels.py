"""Labels of predictions, read from events, against the outcomes that the simulators store of the same games."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from features.nfl.carrier import T_CAUGHT, T_GAINED, TACKLE_FEATURES
from features.nfl.columns import YD
from features.nfl.vocabulary import COMPLETE, ROUTES
from features.nfl.yardage import LEVELS_YD, RUSH_FEATURES, YAC_FEATURES
from models.specs import SPECS
from simulators.catalogue import open_simulator
from simulators.f1.game import LIGHTS_S
from simulators.f1.loops import ATTEMPT, UNDERCUT
from simulators.f1.race import Race
from simulators.f1.report import reports
from simulators.mlb.game import Game
from simulators.mlb.pitches import Pitching
from simulators.nfl import engine
from simulators.nfl.block import FRAME_US
from simulators.nfl.game import Match as NflMatch
from simulators.soccer.game import Match
from streaming.monitoring.labels import EventHistory, LoggedPrediction
from streaming.outcome_labels import all_labels, label_of
from streaming.wire.records import Event, GameRecord


def logged(
    model: str, t_us: int, event: str | None = None, subject: str = "", stat: str = "", **features: float
) -> LoggedPrediction:
    """A prediction with the features that a label may read."""
    names = [f.name for f in SPECS[model].features]
    row = np.full(len(names), np.nan)
    for name, value in features.items():
        row[names.index(name)] = value
    return LoggedPrediction(
        stat=stat, event=event, t_us=t_us, subject=subject, part=0, version="v", features=row, answer=np.float64(0.5), took_us=1.0
    )


def label(model: str, history: EventHistory, prediction: LoggedPrediction) -> float | None:
    outcome = label_of(model)(prediction, history)
    return None if outcome is None else outcome.label


def test_every_model_has_a_label_or_a_reason() -> None:
    labelled = set(all_labels())
    assert labelled < set(SPECS)
    assert set(SPECS) - labelled == {"nfl-pressure"}
    with pytest.raises(ValueError, match="no label source for nfl-pressure: no feed charts when a rusher beats a block"):
        label_of("nfl-pressure")


# -- baseball ----------------------------------------------------------------------------------------------------------


def test_mlb_labels_equal_the_simulated_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole game; the result of every plate appearance and steal is stored as the game plays it."""
    notes: list[tuple[str, str]] = []
    played = Pitching.played

    def noted(self: Pitching, scene: Any, t: float, who: int, outcome: str) -> None:
        notes.append((self.names(who), outcome))
        played(self, scene, t, who, outcome)

    monkeypatch.setattr(Pitching, "played", noted)
    monkeypatch.setattr(Game, "_chunk", lambda self, scene, first, n, count, events, rng: events)  # positions are not used here
    game = Game(3, 90.0)
    events = [event for chunk in game.chunks() for event in chunk]  # type: ignore[attr-defined]
    history = EventHistory(game.record, events)
    hits = {"single", "double", "triple", "home_run"}
    balls = history.of("batted_ball")
    expected = [(who, float(what in hits)) for who, what in notes if what in hits | {"out", "double_play"}]
    assert [(b.player, label("hit-probability", history, logged("hit-probability", b.t_us, b.id))) for b in balls] == expected
    assert 5 < sum(y for _, y in expected) < len(expected) - 5
    steals = [(who, float(what == "stolen_base")) for who, what in notes if what in ("stolen_base", "caught_stealing")]
    found = []
    for let_go in history.of("release"):
        y = label("lead-probability", history, logged("lead-probability", let_go.t_us, let_go.id, let_go.player or ""))
        if y is not None:
            found.append((let_go.player, y))
            moved = history.before(let_go.t_us, "first_move")
            assert moved is not None
            # the window just before the first move has the same label; one after it, while the runner is under way, has none
            for before_us, want in ((100_000, y), (-100_000, None)):
                prediction = logged("lead-probability", moved.t_us - before_us, subject=let_go.player or "")
                assert label("lead-probability", history, prediction) == want
    assert found == steals
    assert len(steals) >= 3
    flies = history.of("fielded")
    assert {label("catch-probability", history, logged("catch-probability", e.t_us, e.id)) for e in flies} == {0.0, 1.0}
    over = history.of("game_end")[0]
    home = float(over.attrs["home_runs"] > over.attrs["away_runs"])
    assert label("mlb-win-probability", history, logged("mlb-win-probability", 0, events[0].id)) == home
    unfinished = EventHistory(game.record, [e for e in events if e.type != "game_end"])
    assert label("mlb-win-probability", unfinished, logged("mlb-win-probability", 0, events[0].id)) is None


# -- football ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def football() -> tuple[GameRecord, EventHistory, list[Any]]:
    match = NflMatch(3, 30.0)
    blocks = list(match.blocks())
    return (
        match.record,
        EventHistory(match.record, [e for b in blocks for e in b.events]),
        [b for b in blocks if b.played is not None],
    )


def noted(blocks: list[Any], kind: int) -> Iterator[tuple[Any, Any]]:
    """(block, (kind, frame, slot, probability or eta, what happened))"""
    for block in blocks:
        for note in block.played.notes[block.played.notes[:, 0] == kind]:
            yield block, note


def when(block: Any, frame: float) -> int:
    """us; a block ends as its play does, and begins with the walk to the line."""
    return int(block.end_us - (len(block.played.phase) - frame) * FRAME_US)


def own(history: EventHistory, kind: str, t_us: int) -> Event:
    event = history.after(t_us, kind)
    assert event is not None
    assert event.t_us == t_us
    return event


def test_nfl_labels_of_passes_and_calls_equal_the_simulated_outcomes(football: tuple[GameRecord, EventHistory, list[Any]]) -> None:
    _, history, blocks = football
    caught = Counter[float]()
    for block, (_, frame, _, _, happened, *_) in noted(blocks, engine.N_COMPLETION):
        arrived = own(history, "pass_arrived", when(block, frame))
        for prediction in (
            logged("nfl-completion", arrived.t_us, arrived.id),
            logged("nfl-completion", arrived.t_us - 300_000, subject="match"),
        ):
            assert label("nfl-completion", history, prediction) == happened
        thrown = history.before(arrived.t_us, "pass_forward")
        assert thrown is not None
        coverage = label("nfl-coverage", history, logged("nfl-coverage", thrown.t_us, thrown.id))
        assert coverage == float(block.played.intent.coverage == "zone")
        route = label("nfl-route", history, logged("nfl-route", arrived.t_us, arrived.id))
        assert arrived.attrs["true_route"] == (ROUTES[int(route)] if route is not None else "")
        caught[happened] += 1
        # before it was thrown nobody could ask
        assert label("nfl-completion", history, logged("nfl-completion", thrown.t_us - 100_000, subject="match")) is None
    assert caught[0.0] > 5
    assert caught[1.0] > 5
    assert sum(history.after(e.t_us, *COMPLETE) is not None for e in history.of("pass_arrived")) > 10


@pytest.mark.parametrize(
    ("model", "kind", "event"),
    [
        ("nfl-rushing", engine.N_RUSH, "handoff"),
        ("nfl-yac", engine.N_YAC, "pass_outcome_caught"),
    ],
)
def test_nfl_labels_of_yards_equal_the_simulated_gains(
    football: tuple[GameRecord, EventHistory, list[Any]], model: str, kind: int, event: str
) -> None:
    """The labels are those of the yards that were drawn; a score ends what was drawn."""
    _, history, blocks = football
    levels = LEVELS_YD["rush" if kind == engine.N_RUSH else "yac"]
    assert (RUSH_FEATURES if kind == engine.N_RUSH else YAC_FEATURES)[0][0] == "yards_yd"
    rows = 0
    for block, (_, frame, _, _, yards, *_) in noted(blocks, kind):
        begun = own(history, event, when(block, frame))
        for level in levels:
            found = label(model, history, logged(model, begun.t_us, begun.id, yards_yd=level))
            if found is None:
                down = history.before(begun.t_us, "down")
                end = history.after(begun.t_us, "tackle", "touchdown", "qb_sack", "down")
                assert down is not None
                # behind the goal line nobody gains; and one pass was caught in the end zone
                assert end is None or end.type == "down" or level > float(down.attrs["to_goal_yd"]) - (model == "nfl-yac") * 99
                continue
            rows += 1
            assert found == float(yards >= level), (level, yards)
    assert rows > 150
    assert label(model, history, logged(model, begun.t_us, begun.id, yards_yd=float("nan"))) is None


def test_nfl_labels_of_tackles_equal_the_simulated_tacklers(football: tuple[GameRecord, EventHistory, list[Any]]) -> None:
    """At each whole yard the engine writes down for every defender near whether he makes the tackle in the next one."""
    record, history, blocks = football
    found = Counter[tuple[float, float]]()
    # yards that the runner had behind him when he was given the ball are drawn in one frame: the last of them is where he is
    last = {(id(block), note[1], note[2]): (block, note) for block, note in noted(blocks, engine.N_TACKLE)}
    for block, (_, frame, slot, _, happened, *_) in last.values():
        t_us = when(block, frame)
        carry = history.before(t_us, "handoff", "pass_outcome_caught")
        down = history.before(t_us, "down")
        assert carry is not None
        assert down is not None
        catch = carry.type == "pass_outcome_caught"
        runner = next(k for k, e in enumerate(block.entity.tolist()) if record.entities[e].id == carry.player)
        way = {p.number: p.home_attacks for p in record.periods}[carry.period] * (1 if block.offense == 0 else -1)
        row = len(block.phase) - len(block.played.phase) + int(frame)
        u = way * block.places[row, runner, 0] / YD
        start = way * carry.x_m / YD if catch else 50.0 - float(down.attrs["to_goal_yd"])
        prediction = logged(
            "nfl-tackle",
            t_us,
            subject=record.entities[int(block.entity[int(slot)])].id,
            **{TACKLE_FEATURES[T_GAINED][0]: u - start, TACKLE_FEATURES[T_CAUGHT][0]: float(catch)},
        )
        y = label("nfl-tackle", history, prediction)
        if y is not None:
            found[happened, y] += 1
        if happened:  # at the next yard he is only carried on
            prediction.features[[f.name for f in SPECS["nfl-tackle"].features].index("gained_yd")] += 1.0
            assert label("nfl-tackle", history, prediction) is None
    assert found[1.0, 1.0] > 20
    assert found[0.0, 0.0] > 100
    assert found[0.0, 1.0] == found[1.0, 0.0] == 0


def test_nfl_labels_of_games_follow_the_final_score(football: tuple[GameRecord, EventHistory, list[Any]]) -> None:
    record, history, _ = football
    points = Counter[str | None]()
    for event in history.of("touchdown", "field_goal"):
        points[event.team] += float(event.attrs.get("points", 0.0))
    home, away = (points[team.id] for team in record.teams)
    assert home != away
    for down in history.of("down"):
        won = float((home > away) == (down.team == record.teams[0].id))
        assert label("nfl-win-probability", history, logged("nfl-win-probability", down.t_us, down.id)) == won
    fourth = [down for down in history.of("down") if down.attrs["down"] == 4.0]
    assert len(fourth) > 2
    for down in fourth:
        for choice in ("go", "kick", "punt"):
            row = {word: float(word == choice) for word in ("go", "kick", "punt")}
            found = label("nfl-fourth-down", history, logged("nfl-fourth-down", down.t_us, down.id, **row))
            did = choice == down.attrs["decision"]
            assert found == (float((home > away) == (down.team == record.teams[0].id)) if did else None)
    ended = [e for e in history.of("period_end") if e.period == 4]
    history.add(Event(**{**{n: getattr(ended[0], n) for n in ended[0].__struct_fields__}, "revision": 1, "deleted": True}))
    assert label("nfl-win-probability", history, logged("nfl-win-probability", 0, fourth[0].id)) is None, "withdrawn: not over"
    history.add(Event(**{**{n: getattr(ended[0], n) for n in ended[0].__struct_fields__}, "revision": 2}))


# -- Formula 1 ---------------------------------------------------------------------------------------------------------


def test_f1_labels_equal_the_simulated_outcomes() -> None:
    race = Race(5, 60)
    record = open_simulator("f1", 5, 1.0).record
    t0 = record.t0_us
    history = EventHistory(record, reports(race, record, t0, LIGHTS_S))
    names = [entity.id for entity in record.entities]
    works = Counter[tuple[str, float]]()
    for row in race.events:
        kind, g, car, other = (int(v) for v in row[:4])
        if kind == ATTEMPT and np.isfinite(race.t[car, g]) and np.isfinite(race.t[other, g]):
            began_us = t0 + round((LIGHTS_S + row[4]) * 1e6)
            window_us = t0 + (began_us - t0) // 100_000 * 100_000
            assert label("f1-overtake", history, logged("f1-overtake", window_us, subject=names[car])) == row[6]
            assert label("f1-overtake", history, logged("f1-overtake", window_us - 100_000, subject=names[car])) is None
            works["overtake", row[6]] += 1
        if kind == UNDERCUT:
            stop = history.before(t0 + round((LIGHTS_S + row[4]) * 1e6), "pit_entry")
            assert stop is not None
            stops = [e.t_us for e in history.of("pit_entry") if e.player == names[car] and e.t_us < t0 + (LIGHTS_S + row[4]) * 1e6]
            tick_us = t0 + (stops[-1] - t0) // 1_000_000 * 1_000_000
            assert label("f1-undercut", history, logged("f1-undercut", tick_us, subject=names[other])) == row[6]
            assert label("f1-undercut", history, logged("f1-undercut", tick_us - 1_000_000, subject=names[other])) is None
            works["undercut", row[6]] += 1
    assert min(works[kind, y] for kind in ("overtake", "undercut") for y in (0.0, 1.0)) >= 1
    winner = int(np.argmin(race.t[:, -1]))
    wins = [label("f1-win-probability", history, logged("f1-win-probability", t0, subject=name)) for name in names]
    assert wins == [float(n == winner) for n in range(len(names))]


# -- soccer ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "result"), [((), 1.0), (("home",), 0.0), (("own",), 2.0), (("shoot-out",), 1.0)])
def test_soccer_label_of_a_match_follows_goals_of_play(more: tuple[str, ...], result: float) -> None:
    """Worked out by hand: one each, and another goal of some kind."""
    record = Match(1, 2.0).record
    home, away = (team.id for team in record.teams)

    def event(ident: str, kind: str, period: int, team: str | None = None, outcome: str = "") -> Event:
        return Event(id=ident, game=record.game, type=kind, t_us=period, period=period, team=team, outcome=outcome)

    events = [
        event("1", "shot", 1, home, "goal"),
        event("2", "shot", 2, away, "goal"),
        event("3", "shot", 2, away, "saved"),
        event("4", "period_end", 1),
        event("5", "period_end", 2),
    ]
    goals = {
        "home": event("6", "shot", 2, home, "goal"),
        "own": event("7", "own_goal", 2, home),
        "shoot-out": event("8", "shot", 5, home, "goal"),
    }
    model = "soccer-win-probability"
    assert label(model, EventHistory(record, [*events, *(goals[word] for word in more)]), logged(model, 0)) == result
    assert label(model, EventHistory(record, events[:-1]), logged(model, 0)) is None
