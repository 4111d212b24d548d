"""A step whose whole work is one kernel over named arrays, and a stat that only reads a signal: what most rows of a sport are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.core.frames import Array, Frames, Ints
from features.core.sport import Signal, Step


def kernel_step(name: str, kernel: Callable[..., None], writes: Signal, *inputs: str, state: str = "", shape: Any = ()) -> Step:
    """``kernel(*inputs, lo, hi, out)`` where each input is a signal or ``xyz``, ``t``, ``period``; ``state`` names an array
    of ``shape`` that is handed over before ``lo``."""

    def bind(frames: Frames) -> Callable[[Frames], None]:
        signals = frames.signals
        arrays = [signals[one] if one in signals else getattr(frames, one) for one in inputs]
        if state:
            arrays.append(frames.state[f"{name}.{state}"])
        before, out = tuple(arrays), signals[writes.name]

        def bound(frames: Frames) -> None:
            kernel(*before, frames.lo, frames.hi, out)

        return bound

    def compute(frames: Frames) -> None:
        bind(frames)(frames)

    compute.__name__ = name.replace(".", "_")
    return Step(name, compute, (writes,), {state: shape} if state else {}, bind)


def filling(step: Step) -> Step:
    """The same step, of a signal that another step declares: it fills columns of its own there."""
    return Step(step.name, step.compute, (), step.state, step.bind, step.limits)


def column(signal: str, *at: int) -> Callable[[Frames, Ints], Array]:
    """The values of a signal in the windows' last rows, or of one column of it: a window stat that only reads."""

    def compute(frames: Frames, ends: Ints) -> Array:
        values: Array = frames[signal][ends]
        return values[..., at[0]] if at else values

    compute.__name__ = f"{signal}_at"
    return compute
