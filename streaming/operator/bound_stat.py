"""A stat bound to a game: its unit, its subjects, and the model that answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core import units
from features.core.frames import Roster
from features.core.sport import Stat
from models.base import Explained, Model
from models.guard import OPEN, Guard, guard_of
from models.home import Origin
from models.inputs import columns_of
from streaming.errors import BadInput
from streaming.operator.availability import Availability
from streaming.operator.context import GameContext
from streaming.operator.joining import reach_us
from streaming.wire.records import ModelUse

Array = npt.NDArray[Any]


@dataclass(slots=True, kw_only=True)
class BoundStat:
    """What of a stat does not change during a game, but for its model.

    ``subjects`` are its ids, ``columns`` theirs of axis N (None: all, in order); ``row_subjects`` are those of the rows that the
    model answers at one time: ``columns`` are chosen from the answers. ``step`` is its place among the steps, ``every`` its
    period, in grid rows or seconds.
    """

    stat: Stat
    factor: float
    subjects: tuple[str, ...]
    columns: npt.NDArray[np.int64] | slice | None
    row_subjects: tuple[str, ...]
    step: int
    every: int
    #: which rows there are
    rows: Availability
    origin: Origin
    #: the model was requested by name
    requested: bool
    model: Model | None = None
    use: ModelUse | None = None
    attribute: Callable[[Array], Array] | None = None
    #: the latest answer of the model, for all subjects
    last: Array | None = None
    #: where the model may be used in this game
    guard: Guard = OPEN
    #: how far back its components look, us; None for no further than their window
    reach_us: Array | None = None
    #: which of the inputs that the stat has the model takes; None: all of them
    takes: npt.NDArray[np.int64] | None = None

    def inputs(self, rows: Array) -> Array:
        """(..., F): what the model takes of the inputs (..., O) of the stat."""
        return rows if self.takes is None else rows[..., self.takes]

    def last_answer(self) -> Array:
        """What is shown while the model does not answer: its latest answer, or NaN."""
        if self.last is not None:
            return self.last
        components = len(self.stat.components)
        return np.full((len(self.subjects), components) if components else len(self.subjects), np.nan)

    def use_model(self, model: Model) -> None:
        """``model`` answers from now on."""
        self.guard = guard_of(model, self.origin, self.requested)
        self.model = model
        self.use = ModelUse(name=model.name, version=model.version, experimental=self.guard.experimental)
        self.takes = columns_of(model.name, model.features)
        self.attribute = model.attribute if isinstance(model, Explained) else None
        self.last = None


def bind(stat: Stat, game: GameContext) -> BoundStat:
    """``BadInput`` when the stat's model is not among the game's, or its period is no whole number of hops."""
    model = None
    if stat.model is not None:
        model = game.models.get(stat.model)
        if model is None:
            raise BadInput(f"{stat.id} needs the model {stat.model!r}, which was not given")
    subjects, columns = subjects_of(stat, game.roster)
    item = BoundStat(
        stat=stat,
        factor=units.factor(stat.unit),
        subjects=subjects,
        columns=columns,
        row_subjects=game.roster.ids if stat.per == "player" else subjects,
        step=game.steps[stat.id],
        every=_every(stat, game),
        rows=Availability(len(subjects), stat.held, max(1, len(stat.components))),
        origin=game.origin,
        requested=stat.model is not None and stat.model.partition("/")[0] in game.requested,
        reach_us=reach_us(stat),
    )
    if model is not None:
        item.use_model(model)
    return item


def _every(stat: Stat, game: GameContext) -> int:
    if stat.kind == "tick":
        return max(1, round(stat.every_s or 1.0))
    if stat.kind != "window" or not stat.every_s:
        return 1
    every = round(stat.every_s * game.grid.hz)
    if every % game.grid.hop:
        raise BadInput(f"{stat.id}: {stat.every_s:g} s is not a whole number of hops")
    return every


def subjects_of(stat: Stat, roster: Roster) -> tuple[tuple[str, ...], npt.NDArray[np.int64] | slice | None]:
    """Ids of the subjects, and the columns of axis N that are theirs (None: all columns in order)."""
    if stat.per == "player":
        players = roster.players
        # Players who stand together on the axis are a view, not a copy.
        together = len(players) and players[-1] - players[0] == len(players) - 1
        columns = slice(int(players[0]), int(players[-1]) + 1) if together else players
        return tuple(roster.ids[i] for i in players), columns
    if stat.per == "team":
        return roster.teams, None
    return (stat.per,), None


def dump_rows(items: Iterable[BoundStat]) -> dict[str, Array]:
    """Which subjects have a value, and what is held, by stat."""
    found: dict[str, Array] = {}
    for item in items:
        found[item.stat.id], latest = item.rows.dump()
        if len(latest):
            found[f"{item.stat.id}/latest"] = latest
    return found


def load_rows(items: Iterable[BoundStat], arrays: Mapping[str, Array]) -> None:
    """The inverse of :func:`dump_rows`; ``ValueError`` where there are other subjects. A stat that is not in it begins anew."""
    for item in items:
        fresh = np.zeros_like(item.rows.state), np.full_like(item.rows.latest, np.nan)
        state = arrays.get(item.stat.id, fresh[0])
        item.rows.load(state, arrays.get(f"{item.stat.id}/latest", fresh[1]))
