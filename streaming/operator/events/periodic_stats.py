"""Ticks: the stats of a game's ledger at every second, models included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from streaming.operator.availability import announcements
from streaming.operator.bound_stat import Array, BoundStat, dump_rows, load_rows
from streaming.operator.context import GameContext
from streaming.operator.inference.client import InferenceResult, PendingInference, Refused, infer_rows
from streaming.operator.telemetry.grid import SECOND_US
from streaming.wire.blocks import Output, Prediction, Quality, StatBlock
from streaming.wire.records import ModelUse

_NAN = float("nan")


class Reissue(NamedTuple):
    """Ticks that are out already and change: the revision of each, and the latest settled tick."""

    revisions: list[int]
    last: int


class PeriodicStats:
    """The tick stats ``items`` of a game. They are read one second at a time, and answered and emitted many together."""

    def __init__(self, items: list[BoundStat], game: GameContext) -> None:
        self.items, self.game, self.watch, self.has_tracking = items, game, game.stopwatch, game.has_tracking
        self._read: dict[int, tuple[int, Any]] = {}

    def read(self, ledger: Any, second: int, version: int | None = None) -> list[Any]:
        """Values of every tick stat due at ``second``, None for the others; SI; what models are to answer is a
        ``PendingInference`` still.

        ``version`` is that of the live ledger: what does not depend on the time is then read once per version.
        """
        values: list[Any] = []
        joined_s = getattr(ledger, "joined_s", _NAN)
        self.watch.start()
        for j, item in enumerate(self.items):
            if second % item.every:
                values.append(None)
                continue
            # what rests on more than has been seen is not known: no number, and no row of a question
            unseen = item.reach_us is not None and second - joined_s < item.reach_us[0] / SECOND_US
            known = self._read.get(j) if item.stat.ledger_only and not unseen and version is not None else None
            if known is not None and known[0] == version:
                values.append(known[1])
                continue
            value = item.stat.compute(ledger, float(second))
            if value is not None and item.model is not None:
                value = PendingInference(self._rows(item, value))
            elif value is not None and not isinstance(value[0], str):
                value = np.asarray(value, np.float64)
            if unseen:
                value = _unknown(value)
            values.append(value)
            if version is not None and not unseen:
                self._read[j] = (version, value)
            self.watch.lap(item.step)
        return values

    @staticmethod
    def _rows(item: BoundStat, value: Any) -> Array:
        given = np.asarray(value, np.float64)
        return np.ascontiguousarray(item.inputs(given.reshape(-1, given.shape[-1])))

    def resolve(self, values: list[list[Any]]) -> None:
        """Put results in the place of what is pending: all the ticks at once, so that one model answers them all."""
        self.watch.start()
        for j, item in enumerate(self.items):
            pending = [row for row in values if isinstance(row[j], PendingInference)]
            if not pending or item.model is None or item.use is None:
                continue
            sizes = [len(row[j].rows) for row in pending]
            rows = np.concatenate([row[j].rows for row in pending])
            result = infer_rows(item.model, rows, self.game.budget, item.use, len(item.stat.components), item.guard)
            if result.values is not None:
                item.last = result.values[-sizes[-1] :]
            at = 0
            for row, size in zip(pending, sizes, strict=True):
                some = slice(at, at + size)
                part = None if result.values is None else result.values[some]
                off = None if result.refused is None else Refused(result.refused.codes[some], result.refused.which[some])
                row[j] = InferenceResult(part, result.use, took_us=result.took_us / len(pending), rows=rows[some], refused=off)
                at += size
            self.watch.lap(item.step)

    def blocks(
        self,
        seconds: list[int],
        values: list[list[Any]],
        ingress_us: int,
        quality: Quality,
        seen_us: Any,
        again: Reissue | None = None,
    ) -> list[Output]:
        """One block per tick stat over the given ticks (per revision, when values are issued ``again``)."""
        out: list[Output] = []
        if not self.items:
            return out
        times = np.array([self.game.grid.second_us(second) for second in seconds], np.int64)
        stamps = np.full(len(seconds), ingress_us, np.int64)
        every_tick = list(range(len(seconds)))
        seen: Any = None
        if self.has_tracking:
            seen = times[:, None] >= seen_us[None, :]
        self.resolve(values)
        for j, item in enumerate(self.items):
            groups: dict[tuple[int, Quality, tuple[str, ...]], list[int]] = {}
            uses: dict[tuple[str, ...], ModelUse | None] = {}
            for k in every_tick:
                value = values[k][j]
                if value is None:
                    continue
                use, how = item.use, quality
                if isinstance(value, InferenceResult):
                    use, how = value.use, "stale" if value.values is None else quality
                    self._predicted(item, value, int(times[k]), quality, out)
                whose: tuple[str, ...] = (use.name, use.version, use.fallback_reason) if use else ()
                uses[whose] = use
                groups.setdefault((again.revisions[k] if again else 0, how, whose), []).append(k)
            for (revision, how, whose), chosen in sorted(groups.items()):
                use = uses[whose]
                block: Any = [self._shown(item, values[k][j]) for k in chosen]
                whole = len(chosen) == len(seconds)
                mask = None
                if isinstance(block[0], np.ndarray):
                    block = np.stack(block) if len(block) > 1 else block[0][None]
                    if item.columns is not None:
                        block = block[:, item.columns]
                        if seen is not None:
                            mask = seen[:, item.columns] if whole else seen[chosen][:, item.columns]
                    if item.factor != 1.0:
                        block = block * item.factor
                made = StatBlock(
                    stat=item.stat.id,
                    game=self.game.game,
                    sport=self.game.sport.name,
                    unit=item.stat.unit,
                    subjects=item.subjects,
                    end_us=times if whole else times[chosen],
                    span_us=item.every * SECOND_US,
                    values=block,
                    quality=how,
                    ingress_us=stamps if whole else stamps[chosen],
                    live=mask,
                    revision=revision,
                    model=use,
                )
                if isinstance(block, np.ndarray) and how != "stale":
                    if again is None:
                        self._sieve(item, made, [values[k][j] for k in chosen], quality, out)
                    else:  # these stand for rows that are out already, and end none
                        ticks = np.array([seconds[k] for k in chosen])
                        made.live = item.rows.repeat(
                            block, mask, np.diff(ticks) == item.every, int(ticks[-1]) + item.every > again.last
                        )
                if len(made):
                    out.append(made)
        return out

    def _sieve(self, item: BoundStat, block: StatBlock, answered: list[Any], quality: Quality, out: list[Output]) -> None:
        """Leave to ``block`` the rows that go out. What is not final yet moves no state."""
        refused = _refused(answered)
        if refused is not None and item.columns is not None:
            refused = refused.columns(item.columns)
        before = None if quality == "final" else [array.copy() for array in item.rows.dump()]
        block.live, begins = item.rows.sieve(block.values, block.live, None if refused is None else refused.codes)
        if before is not None:
            item.rows.load(*before)
        elif refused is not None:
            out.extend(announcements(block, begins, refused, item.guard))
            self.game.metrics.count_unavailable(item.stat.id, refused.reasons(item.guard))

    def dump(self) -> dict[str, Array]:
        """Which subjects have a value, by stat."""
        return dump_rows(self.items)

    def load(self, arrays: Mapping[str, Array]) -> None:
        """The inverse of :meth:`dump`; a stat that is not in it begins anew."""
        load_rows(self.items, arrays)

    def _predicted(self, item: BoundStat, result: InferenceResult, t_us: int, quality: Quality, out: list[Output]) -> None:
        """An answer that is final is kept with its features, but for the rows that had none."""
        if result.values is None or result.rows is None or quality != "final":
            return
        answered = ~np.isnan(result.values.reshape(len(result.values), -1)).any(axis=1)
        if answered.any():
            out.append(
                Prediction(
                    game=self.game.game,
                    stat=item.stat.id,
                    event=None,
                    t_us=t_us,
                    model=result.use.name,
                    version=result.use.version,
                    features=result.rows[answered],
                    answer=result.values[answered],
                    quality=quality,
                    took_us=result.took_us,
                    subjects=tuple(item.row_subjects[n] for n in np.flatnonzero(answered).tolist()),
                )
            )

    @staticmethod
    def _shown(item: BoundStat, value: Any) -> Any:
        """A value as it goes out: in the place of a missing answer the latest one, or NaN; shares sum to 1."""
        if not isinstance(value, InferenceResult):
            return value
        shown = np.asarray(item.last_answer() if value.values is None else value.values, np.float64)
        return shares(shown) if item.stat.normalise else shown


def _unknown(value: Any) -> Any:
    """A number, or a question about numbers, of which nothing is known."""
    if isinstance(value, PendingInference):
        return PendingInference(np.full_like(value.rows, np.nan))
    return np.full_like(value, np.nan) if isinstance(value, np.ndarray) else None


def shares(answers: Array) -> Array:
    """Answers (S,), NaN where there is none, over their sum; as they are where that is 0."""
    whole = float(np.nansum(answers))
    return answers / whole if whole > 0.0 else answers


def _refused(answered: list[Any]) -> Refused | None:
    """(K, S) what was refused of answers at K ticks; None when nothing was."""
    each = [value.refused if isinstance(value, InferenceResult) else None for value in answered]
    some = next((one for one in each if one is not None), None)
    if some is None:
        return None
    none = Refused(np.zeros_like(some.codes), np.zeros_like(some.which))
    full = [one or none for one in each]
    return Refused(np.stack([one.codes for one in full]), np.stack([one.which for one in full]))
