"""The window side of an operator: run every step on the new rows, then every window stat on the windows they closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from streaming.operator.availability import announcements
from streaming.operator.bound_stat import BoundStat, bind, dump_rows, load_rows
from streaming.operator.context import GameContext
from streaming.operator.inference.client import Refused, infer_rows
from streaming.operator.joining import UNSEEN, began_us, joined_us, withhold
from streaming.wire.blocks import Output, Prediction, Quality, StatBlock
from streaming.wire.records import ModelUse

Array = npt.NDArray[Any]


class WindowStage:
    """Steps and window stats of one game over its frame buffer."""

    def __init__(self, game: GameContext) -> None:
        self.game, self.frame_buffer, self.watch = game, game.frame_buffer, game.stopwatch
        self.steps = [(step.bound(self.frame_buffer.frames), game.steps[step.name]) for step in game.sport.steps]
        self.stats = [bind(stat, game) for stat in game.sport.stats if stat.kind == "window"]
        self._began_us = began_us(game.record)
        self.coarser = sorted({item.every for item in self.stats} - {1})

    def run(self, rows: int, ingress_us: int, seen_us: npt.NDArray[np.int64], quality: Quality) -> list[Output]:
        """Compute the next ``rows`` framed rows (whole groups) and emit the windows that end in them."""
        frame_buffer, frames, lap = self.frame_buffer, self.frame_buffer.frames, self.watch.lap
        game, sport, grid = self.game.game, self.game.sport.name, self.game.grid
        frames.lo, frames.hi = frame_buffer.computed, frame_buffer.computed + rows
        self.watch.start()
        for compute, i in self.steps:
            compute(frames)
            lap(i)
        frame_buffer.computed += rows
        ends = np.arange(frames.lo + grid.hop - 1, frames.hi, grid.hop)
        if frame_buffer.grid_row[ends[0]] < grid.span:
            ends = ends[frame_buffer.grid_row[ends] >= grid.span]
            if not len(ends):
                return []
        end_rows = frame_buffer.grid_row[ends]
        end_us = frame_buffer.t_us[ends]
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
                stat=item.stat.id,
                game=game,
                sport=sport,
                unit=item.stat.unit,
                subjects=item.subjects,
                end_us=times,
                span_us=grid.span_us,
                values=values,
                quality=how,
                ingress_us=stamps,
                live=mask,
                model=use,
            )
            if how != "stale":
                block.live, begins = item.rows.sieve(values, mask, None if refused is None else refused.codes)
                if refused is not None and quality == "final":
                    out.extend(announcements(block, begins, refused, guard))
                    self.game.metrics.count_unavailable(item.stat.id, refused.reasons(guard))
            if len(block):
                out.append(block)
            lap(item.step)
        return out

    def dump(self) -> dict[str, Array]:
        """Which subjects have a value, by stat."""
        return dump_rows(self.stats)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """The inverse of :meth:`dump`; a stat that is not in it begins anew."""
        load_rows(self.stats, arrays)

    def _predict(
        self, item: BoundStat, rows: Array, times: Array, quality: Quality, out: list[Output]
    ) -> tuple[Array, ModelUse | None, Quality, Refused | None]:
        """The answers (K, S), their model, their quality (the latest ones, stale, when there are none), and what was refused of
        them."""
        assert item.model is not None
        assert item.use is not None
        rows = item.inputs(rows)
        flat = np.ascontiguousarray(rows.reshape(-1, rows.shape[-1]), np.float64)
        result = infer_rows(item.model, flat, self.game.budget, item.use, len(item.stat.components), item.guard)
        answer, use = result.values, result.use
        if answer is None:
            before = item.last_answer()
            return np.broadcast_to(before, (len(times), *before.shape)), use, "stale", None
        # a row without an answer (the model is not about this subject) is no prediction
        answered = np.flatnonzero(~np.isnan(answer if answer.ndim == 1 else answer.max(axis=1)))
        window, place = np.divmod(answered, len(flat) // len(times))
        for k, t in enumerate(times.tolist()):
            rows_of = slice(*np.searchsorted(window, (k, k + 1)).tolist())
            part = answered[rows_of]
            if not len(part):
                continue
            out.append(
                Prediction(
                    game=self.game.game,
                    stat=item.stat.id,
                    event=None,
                    t_us=t,
                    model=use.name,
                    version=use.version,
                    features=flat[part],
                    answer=answer[part],
                    quality=quality,
                    took_us=result.took_us / len(times),
                    subjects=tuple(item.row_subjects[n] for n in place[rows_of].tolist()),
                )
            )
        values = answer.reshape(*rows.shape[:-1], *answer.shape[1:])
        item.last = values[-1]
        refused = None if result.refused is None else result.refused.reshaped(len(times), len(flat) // len(times))
        return values, use, quality, refused


def last_only(outputs: Sequence[Output]) -> list[Output]:
    """Of each block the newest window alone: what a provisional value is about."""
    out: list[Output] = []
    for block in outputs:
        if isinstance(block, StatBlock) and len(block.end_us) > 1:
            block.end_us, block.values, block.ingress_us = block.end_us[-1:], block.values[-1:], block.ingress_us[-1:]
            block.live = None if block.live is None else block.live[-1:]
        out.append(block)
    return out
