"""Which rows of a stat go out: values, the end of a value, and once that it is unavailable.

A subject without a value gives no row. When it had one before, one row without a value ends it, so that no graphic keeps showing
it. A value that is read off the ledger alone goes out when it changes, and holds until it does. Outside of a model's home one
update of quality ``unavailable`` goes out when that begins, and no row until the next value.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from features.core.compiled import kernel
from models.guard import Guard
from streaming.operator.inference.client import Refused
from streaming.wire.blocks import Output, StatBlock

Array = npt.NDArray[Any]

#: columns of the state of a subject: it had a value in the latest row, it is unavailable
SHOWN: Final = 0
UNAVAILABLE: Final = 1


class Availability:
    """The state of one stat's subjects (S, 2), which a snapshot keeps; with ``held`` also their latest values (S, D), since the
    same value does not go out again."""

    def __init__(self, subjects: int, held: bool = False, components: int = 1) -> None:
        self.state = np.zeros((subjects, 2), np.int8)
        self.latest = np.full((subjects, components) if held else (0, 0), np.nan)

    def dump(self) -> tuple[Array, Array]:
        """The state, and the latest values."""
        return self.state, self.latest

    def load(self, state: Array, latest: Array) -> None:
        """The inverse of :meth:`dump`; ``ValueError`` where they are of other subjects."""
        if state.shape != self.state.shape or latest.shape != self.latest.shape:
            raise ValueError("other subjects")
        if state.dtype != self.state.dtype or latest.dtype != self.latest.dtype or (state & ~1).any():
            raise ValueError("what its subjects show is not yes or no")
        self.state[:], self.latest[:] = state, latest

    @property
    def held(self) -> bool:
        """A value goes out when it changes, and holds until it does."""
        return bool(len(self.latest))

    def repeat(self, values: Array, live: Array | None, next_to: Array, newest: bool) -> Array:
        """(K, S) which of values (K, S, ...) that are issued again go out: of held ones not those that are as the row before, where
        that is the tick before (``next_to``, K - 1). ``newest``: the last row is the latest tick that there is."""
        goes = np.ones(values.shape[:2], np.bool_)
        if not self.held:
            return goes if live is None else live
        flat = np.ascontiguousarray(values.reshape(*goes.shape, -1), np.float64)
        changed = ((flat[1:] != flat[:-1]) & ~(np.isnan(flat[1:]) & np.isnan(flat[:-1]))).any(axis=2)
        goes[1:] = changed | ~next_to[:, None]
        if newest:
            there = slice(None) if live is None else live[-1]
            self.latest[there] = flat[-1][there]
            self.state[there, SHOWN] = np.isfinite(flat[-1][there]).any(axis=1)
        return goes if live is None else goes & live

    def sieve(self, values: Array, live: Array | None, codes: Array | None) -> tuple[Array, Array]:
        """For values (K, S) or (K, S, D), NaN where there is none, those ``live`` (K, S), and what was refused (K, S; 0: nothing):
        (K, S) the rows that go out, and (K, S) where there begins to be none for that reason. The state moves on."""
        shape = values.shape[:2]
        goes, begins = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        flat = np.ascontiguousarray(values.reshape(*shape, -1), np.float64)
        _sieve(
            flat,
            self.latest,
            _ALL if live is None else live,
            live is not None,
            _NONE if codes is None else codes,
            codes is not None,
            self.state,
            goes,
            begins,
        )
        return goes, begins


_ALL: Final = np.zeros((0, 0), np.bool_)
_NONE: Final = np.zeros((0, 0), np.int64)


@kernel
def _sieve(
    values: Array,
    latest: Array,
    live: Array,
    some_live: bool,
    codes: Array,
    some_refused: bool,
    state: Array,
    goes: Array,
    begins: Array,
) -> None:
    for k in range(values.shape[0]):
        for s in range(values.shape[1]):
            if some_live and not live[k, s]:
                continue
            has = False
            for d in range(values.shape[2]):
                if np.isfinite(values[k, s, d]):
                    has = True
                    break
            if has:
                goes[k, s] = len(latest) == 0 or state[s, SHOWN] == 0
                for d in range(latest.shape[1]):
                    old, new = latest[s, d], values[k, s, d]
                    if old != new and not (np.isnan(old) and np.isnan(new)):
                        goes[k, s] = True
                        latest[s, d] = new
                state[s, SHOWN], state[s, UNAVAILABLE] = 1, 0
            elif some_refused and codes[k, s] != 0:
                begins[k, s] = state[s, UNAVAILABLE] == 0
                state[s, SHOWN], state[s, UNAVAILABLE] = 0, 1
            else:
                goes[k, s] = state[s, SHOWN] == 1
                state[s, SHOWN] = 0


def announcements(block: StatBlock, begins: Array, refused: Refused, guard: Guard) -> list[Output]:
    """The updates of quality ``unavailable`` for the rows (K, S) of ``block`` where that begins, by window and reason."""
    out: list[Output] = []
    for k in np.flatnonzero(begins.any(axis=1)).tolist():
        groups: dict[str, list[int]] = {}
        for s in np.flatnonzero(begins[k]).tolist():
            groups.setdefault(guard.reason(int(refused.codes[k, s]), int(refused.which[k, s])), []).append(s)
        for reason, chosen in groups.items():
            subjects, one = tuple(block.subjects[s] for s in chosen), slice(k, k + 1)
            out.append(
                StatBlock(
                    stat=block.stat,
                    game=block.game,
                    sport=block.sport,
                    unit=block.unit,
                    subjects=subjects,
                    end_us=block.end_us[one],
                    span_us=block.span_us,
                    values=[[None] * len(chosen)],
                    quality="unavailable",
                    ingress_us=block.ingress_us[one],
                    revision=block.revision,
                    model=block.model,
                    reason=reason,
                )
            )
    return out
