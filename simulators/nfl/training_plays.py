"""Training tables of the models that run during a play: features by the steps that run live, labels and truths from the
engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from features.core.event_context import EventContext
from features.core.frames import Floats
from features.nfl.defense import coverage_features
from features.nfl.flight import COMPLETION_FEATURES
from features.nfl.passing import arrival_features, begin_after_catch
from features.nfl.routes import route_features
from features.nfl.rushing import begin_run
from features.nfl.vocabulary import ROUTES
from features.nfl.yardage import LEVELS_YD
from models.evaluation_set import Words
from models.training.training import Table
from simulators.nfl import engine, truth
from simulators.nfl.game import Match
from simulators.nfl.training_film import Shown, film

#: real minutes of a game that is played for a table
_MINUTES: Final = 30.0
#: rows after the throw from which on a chance is shown
_SHOWS_ROWS: Final = 4
#: how often a pass is drawn
_DRAWS: Final = 4
_ROUTE: Final = {name: i for i, name in enumerate(ROUTES)}
#: a row of a table: features, label, truth (a probability, or one for each class)
Row = tuple[Floats, float, float | Floats]


def play_table(model: str, seed: int, games: int, advance: Callable[[float], None] = lambda games: None) -> Table:
    """Rows of ``model`` from ``games`` games with seeds ``seed``, ``seed + 1``, ..."""
    rows: list[Row] = []
    game: list[int] = []
    for number in range(seed, seed + games):
        rng = np.random.default_rng(number)
        for shown in film(Match(number, _MINUTES)):
            found = [row for row in _ROWS[model](shown, rng) if np.isfinite(row[0]).any()]
            rows += found
            game += [number] * len(found)
        advance(1.0)
    source: dict[str, str | float | int] = {
        "source": "simulated nfl plays",
        "games": games,
        "first_seed": seed,
        "rows": len(rows),
    }
    features, label, true = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    return Table(features, label, np.array(game, np.int64), source, truth=true, question=_questions(model, features))


def _questions(model: str, rows: Floats) -> Words:
    """The slice of each row: a model that takes a number of yards must be calibrated for every range of yards."""
    if model not in ("nfl-rushing", "nfl-yac"):
        return np.empty(0, np.str_)
    return np.array(["0 yd or fewer", "1 to 4 yd", "5 to 10 yd", "11 yd or more"])[np.searchsorted((0.5, 4.5, 10.5), rows[:, 0])]


def _noted(shown: Shown, kind: int) -> Floats:
    played = shown.block.played
    assert played is not None
    notes: Floats = played.notes[played.notes[:, 0] == kind]
    return notes


def _moments(shown: Shown, kind: str) -> Iterator[EventContext]:
    for event in shown.block.events:
        if event.type == kind:
            yield shown.moment(event)


def _completion(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    """While it flies, at two moments, and when it arrives. Everybody's way is settled by the throw and only the catch is left to
    chance, so the same flight is drawn several times: other games would have to be played for that."""
    for note, moment in zip(_noted(shown, engine.N_COMPLETION), _moments(shown, "pass_arrived"), strict=False):
        thrown, arrived, p = shown.row_of(_thrown(shown)), shown.row_of(int(note[1])), float(note[3])
        rows = [
            shown.frames["flight"][row, : len(COMPLETION_FEATURES)].copy()
            for row in rng.integers(thrown + _SHOWS_ROWS, max(arrived, thrown + _SHOWS_ROWS + 1), 2).tolist()
            if row < arrived
        ]
        there = arrival_features(moment)
        for row in rows if there is None else [*rows, there]:
            for _ in range(_DRAWS):
                yield row, float(rng.random() < p), p


def _thrown(shown: Shown) -> int:
    played = shown.block.played
    assert played is not None
    return int(next(row[1] for row in played.event_rows if row[0] == engine.THROW))


def _yards(shown: Shown, rng: np.random.Generator, kind: str) -> Iterator[Row]:
    """A few levels of each run: at least so many yards?"""
    caught = kind == "yac"
    begin, fact, event = (begin_after_catch, "yac.asked", "pass_outcome_caught") if caught else (begin_run, "rush.asked", "handoff")
    notes = _noted(shown, engine.N_YAC if caught else engine.N_RUSH)
    for note, moment in zip(notes, _moments(shown, event), strict=False):
        begin(moment)
        inputs = moment.facts.get(fact)
        if not isinstance(inputs, list):
            continue
        for level in rng.choice(LEVELS_YD[kind], 8, replace=False).tolist():
            p = truth.at_least(float(note[3]), float(level), caught)
            yield np.array([level, *inputs]), float(note[4] >= level), float(p)


def _rushing(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    return _yards(shown, rng, "rush")


def _yac(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    return _yards(shown, rng, "yac")


def _by_slot(shown: Shown, kind: int, signal: str) -> Iterator[Row]:
    for note in _noted(shown, kind):
        row = min(shown.row_of(int(note[1])), shown.frames.hi - 1)
        yield shown.frames[signal][row, int(note[2])].copy(), float(note[4]), float(note[3])


def _pressure(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    return _by_slot(shown, engine.N_PRESSURE, "rush")


def _tackle(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    return _by_slot(shown, engine.N_TACKLE, "tackle")


def _coverage(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    played = shown.block.played
    assert played is not None
    zone = float(played.intent.coverage == "zone")
    for moment in _moments(shown, "pass_forward"):
        row = coverage_features(moment)
        if row is not None:
            yield row, zone, zone


def _route(shown: Shown, rng: np.random.Generator) -> Iterator[Row]:
    for moment in _moments(shown, "pass_arrived"):
        row = route_features(moment)
        name = str(moment.attrs["true_route"])
        if row is not None and name in _ROUTE:
            yield row, float(_ROUTE[name]), np.eye(len(ROUTES))[_ROUTE[name]]


_ROWS: Final[dict[str, Callable[[Shown, np.random.Generator], Iterator[Row]]]] = {
    "nfl-completion": _completion, "nfl-rushing": _rushing, "nfl-yac": _yac, "nfl-pressure": _pressure, "nfl-tackle": _tackle,
    "nfl-coverage": _coverage, "nfl-route": _route,
}  # fmt: skip
