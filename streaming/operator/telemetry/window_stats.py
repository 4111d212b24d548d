"""The window side of an operator: run every step on the new rows, then every window stat on the windows they closed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from features.core import units
from features.core.frames import Roster
from features.core.sport import Sport, Stat
from models.base import Answering, Explained, Model
from models.guard import OPEN, Guard, guard_of
from models.home import Origin
from models.inputs import columns_of
from streaming.errors import BadInput
from streaming.operator.availability import Availability, announcements
from streaming.operator.inference.client import DeadlineBudget, Refused, ask_some
from streaming.operator.joining import UNSEEN, began_us, joined_us, reach_us, withhold
from streaming.operator.provenance import origin_of
from streaming.operator.stopwatch import Stopwatch
from streaming.operator.telemetry.frame_buffer import FrameBuffer
from streaming.operator.telemetry.grid import Grid
from streaming.wire.blocks import Output, Prediction, Quality, StatBlock
from streaming.wire.records import GameRecord, ModelUse

Array = npt.NDArray[Any]


@dataclass(slots=True)
class BoundStat:
    """What of a stat does not change during a game."""

    stat: Stat
    factor: float
    subjects: tuple[str, ...]
    columns: npt.NDArray[np.int64] | slice | None
    model: Model | None
    use: ModelUse | None
    watch: int
    #: how far back its components look, us; None for no further than their window
    reach_us: Array | None = None
    #: whom each row that the model is asked about at one time is about; ``columns`` are chosen from the answers
    axis: tuple[str, ...] = ()
    every: int = 1
    attribute: Callable[[Array], Array] | None = None
    #: the model may be another one the next time
    elsewhere: bool = False
    #: the latest answer of the model, for all subjects
    last: Array | None = None
    #: where the model may be asked in this game, and which rows there are
    guard: Guard = OPEN
    rows: Availability = field(default_factory=lambda: Availability(0))
    origin: Origin = "real"
    requested: bool = False
    #: which of the inputs that the stat has the model takes; None: all of them
    takes: npt.NDArray[np.int64] | None = None

    def asked(self, rows: Array) -> Array:
        """(..., F): what the model takes of the inputs (..., O) of the stat."""
        return rows if self.takes is None else rows[..., self.takes]

    def missing(self) -> Array:
        """What is shown while the model does not answer: what it said last, or NaN."""
        if self.last is not None:
            return self.last
        components = len(self.stat.components) if self.stat.components else 0
        return np.full((len(self.subjects), components) if components else len(self.subjects), np.nan)

    def take(self, model: Model) -> None:
        """Ask ``model`` from now on."""
        self.guard = guard_of(model, self.origin, self.requested)
        self.model, self.use = model, use_of(model, self.guard)
        self.takes = columns_of(model.name, model.features)
        self.attribute = model.attribute if isinstance(model, Explained) else None
        self.elsewhere, self.last = isinstance(model, Answering), None


def use_of(model: Model, guard: Guard) -> ModelUse:
    """How an update names the model."""
    return ModelUse(name=model.name, version=model.version, experimental=guard.experimental)


def publishing(
    stat: Stat,
    roster: Roster,
    models: Mapping[str, Model],
    watch: int,
    grid: Grid | None = None,
    *,
    origin: Origin = "real",
    requested: Container[str] = (),
) -> BoundStat:
    """Resolve units, subjects and the model of ``stat``; ``BadInput`` when its model is not among ``models``. ``origin`` is where
    the game comes from, ``requested`` are the models that were asked for by name."""
    model = None
    if stat.model is not None:
        model = models.get(stat.model)
        if model is None:
            raise BadInput(f"{stat.id} needs the model {stat.model!r}, which was not given")
    every = 1
    if grid is not None and stat.every_s:
        every = round(stat.every_s * grid.hz)
        if every % grid.hop:
            raise BadInput(f"{stat.id}: {stat.every_s:g} s is not a whole number of hops")
    subjects, columns = subjects_of(stat, roster)
    item = BoundStat(
        stat,
        units.factor(stat.unit),
        subjects,
        columns,
        None,
        None,
        watch,
        reach_us(stat),
        roster.ids if stat.per == "player" else subjects,
        every,
        rows=Availability(len(subjects), stat.held, max(1, len(stat.components))),
        origin=origin,
        requested=stat.model is not None and stat.model.partition("/")[0] in requested,
    )
    if model is not None:
        item.take(model)
    return item


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


class WindowStage:
    """Steps and window stats of one game over its tape."""

    def __init__(
        self,
        sport: Sport,
        game: GameRecord,
        roster: Roster,
        grid: Grid,
        tape: FrameBuffer,
        models: Mapping[str, Model],
        names: dict[str, int],
        watch: Stopwatch,
        patience: DeadlineBudget,
        count: Count,
        requested: Container[str] = (),
    ) -> None:
        self.patience, self._count = patience, count
        self.game, self.sport, self.grid, self.tape, self.watch = game.game, sport.name, grid, tape, watch
        self.steps = [(step.compute, names[step.name]) for step in sport.steps]
        self.stats = [
            publishing(stat, roster, models, names[stat.id], grid, origin=origin_of(game), requested=requested)
            for stat in sport.stats
            if stat.kind == "window"
        ]

        self._began_us = began_us(game)
        self.coarser = sorted({item.every for item in self.stats} - {1})

    def run(self, rows: int, ingress_us: int, seen_us: npt.NDArray[np.int64], quality: Quality) -> list[Output]:
        """Compute the next ``rows`` framed rows (whole groups) and emit the windows that end in them."""
        tape, frames, lap = self.tape, self.tape.frames, self.watch.lap
        frames.lo, frames.hi = tape.computed, tape.computed + rows
        self.watch.start()
        for compute, i in self.steps:
            compute(frames)
            lap(i)
        tape.computed += rows
        hop = self.grid.hop
        ends = np.arange(frames.lo + hop - 1, frames.hi, hop)
        if tape.grid_row[ends[0]] < self.grid.span:
            ends = ends[tape.grid_row[ends] >= self.grid.span]
            if not len(ends):
                return []
        end_rows = tape.grid_row[ends]
        end_us = tape.t_us[ends]
        ingress = np.full(len(ends), ingress_us, np.int64)
        # The windows of each coarser step of the grid, worked out once for all stats that keep it.
        due: dict[int, tuple[Array, Array, Array] | None] = {1: (ends, end_us, ingress)}
        for every in self.coarser:
            chosen = end_rows % every == 0
            due[every] = (ends[chosen], end_us[chosen], ingress[chosen]) if chosen.any() else None
        first_us = joined_us(self._began_us, seen_us)
        live: dict[int, Array] = {}
        out: list[Output] = []
        self.watch.start()
        for item in self.stats:
            windows = due[item.every]
            if windows is None:
                continue
            at, times, stamps = windows
            values = item.stat.compute(frames, at)
            use, how, refused, guard = item.use, quality, None, item.guard
            if item.model is not None:
                values, use, how, refused = self._predict(item, values, times, quality, out)
            elif item.reach_us is not None and first_us is not None:
                (values, refused), guard = withhold(values, times, first_us, item.reach_us), UNSEEN
            mask = None
            if item.columns is not None:
                values = values[:, item.columns]
                if item.every not in live:
                    live[item.every] = times[:, None] >= seen_us[item.columns][None, :]
                mask = live[item.every]
                refused = None if refused is None else refused.columns(item.columns)
            if item.factor != 1.0:
                values = values * item.factor
            block = StatBlock(
                item.stat.id,
                self.game,
                self.sport,
                item.stat.unit,
                item.subjects,
                times,
                self.grid.span_us,
                values,
                how,
                stamps,
                mask,
                model=use,
            )
            if how != "stale":
                block.live, begins = item.rows.sieve(values, mask, None if refused is None else refused.codes)
                if refused is not None and quality == "final":
                    out.extend(announcements(block, begins, refused, guard))
                    self._count(item.stat.id, refused, guard)
            if len(block):
                out.append(block)
            lap(item.watch)
        return out

    def dump(self) -> dict[str, Array]:
        """Which subjects have a value, by stat."""
        return dump_rows(self.stats)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """The inverse of :meth:`dump`; a stat that is not in it begins anew."""
        restore_rows(self.stats, arrays)

    def _predict(
        self, item: BoundStat, rows: Array, times: Array, quality: Quality, out: list[Output]
    ) -> tuple[Array, ModelUse | None, Quality, Refused | None]:
        """The answers, whose they are, of what quality (those of before, stale, when there are none), and what was not asked,
        (K, S) as the answers."""
        assert item.model is not None
        assert item.use is not None
        rows = item.asked(rows)
        flat = np.ascontiguousarray(rows.reshape(-1, rows.shape[-1]), np.float64)
        reading = ask_some(item.model, flat, self.patience, item.use, len(item.stat.components), item.guard)
        answer, use = reading.values, reading.use
        if answer is None:
            before = item.missing()
            return np.broadcast_to(before, (len(times), *before.shape)), use, "stale", None
        # a row that has no answer (whoever the question is not about) is no prediction
        answered = np.flatnonzero(~np.isnan(answer if answer.ndim == 1 else answer.max(axis=1)))
        window, place = np.divmod(answered, len(flat) // len(times))
        for k, t in enumerate(times.tolist()):
            rows_of = slice(*np.searchsorted(window, (k, k + 1)).tolist())
            part = answered[rows_of]
            if not len(part):
                continue
            asked = (self.game, item.stat.id, None, t, use.name, use.version, flat[part], answer[part], quality)
            whom = tuple(item.axis[n] for n in place[rows_of].tolist())
            out.append(Prediction(*asked, reading.took_us / len(times), whom))
        values = answer.reshape(*rows.shape[:-1], *answer.shape[1:])
        item.last = values[-1]
        refused = None if reading.refused is None else reading.refused.reshaped(len(times), len(flat) // len(times))
        return values, use, quality, refused


#: of a stat the values that there are not, and who knows why
Count = Callable[[str, Refused, Guard], None]


def dump_rows(items: Iterable[BoundStat]) -> dict[str, Array]:
    """Which subjects have a value, and what is held, by stat."""
    found: dict[str, Array] = {}
    for item in items:
        found[item.stat.id], latest = item.rows.dump()
        if len(latest):
            found[f"{item.stat.id}/latest"] = latest
    return found


def restore_rows(items: Iterable[BoundStat], arrays: Mapping[str, Array]) -> None:
    """The inverse of :func:`dump_rows`; ``ValueError`` where there are other subjects. A stat that is not in it begins anew."""
    for item in items:
        fresh = np.zeros_like(item.rows.state), np.full_like(item.rows.latest, np.nan)
        state = arrays.get(item.stat.id, fresh[0])
        item.rows.load(state, arrays.get(f"{item.stat.id}/latest", fresh[1]))


def last_only(outputs: Sequence[Output]) -> list[Output]:
    """Of each block the newest window alone: what a provisional value is about."""
    out: list[Output] = []
    for block in outputs:
        if isinstance(block, StatBlock) and len(block.end_us) > 1:
            block.end_us, block.values, block.ingress_us = block.end_us[-1:], block.values[-1:], block.ingress_us[-1:]
            block.live = None if block.live is None else block.live[-1:]
        out.append(block)
    return out
