"""A step whose whole work is one kernel over named arrays, and a stat that only reads a signal: what most rows of a sport are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.core.frames import Array, Frames, Ints
from features.core.sport import Signal, Step


def kernel_step(name: str, kernel: Callable[..., None], writes: Signal, *inputs: str, state: str = "", shape: Any = ()) -> Step:
    """``kernel(*inputs, lo, hi, out)`` where each input is a signal or ``xyz``, ``t``, ``period``; ``state`` names an array
    of ``shape`` that is handed over before ``lo``."""

    def compute(frames: Frames) -> None:
        found = frames.arguments.get(name)
        if found is None:
            signals = frames.signals
            arrays = [signals[one] if one in signals else getattr(frames, one) for one in inputs]
            if state:
                arrays.append(frames.state[f"{name}.{state}"])
            found = frames.arguments[name] = tuple(arrays), signals[writes.name]
        kernel(*found[0], frames.lo, frames.hi, found[1])

    compute.__name__ = name.replace(".", "_")
    return Step(name, compute, (writes,), {state: shape} if state else {})


def filling(step: Step) -> Step:
    """The same step, of a signal that another step declares: it fills columns of its own there."""
    return Step(step.name, step.compute, (), step.state)


def column(signal: str, *at: int) -> Callable[[Frames, Ints], Array]:
    """The values of a signal in the windows' last rows, or of one column of it: a window stat that only reads."""

    def compute(frames: Frames, ends: Ints) -> Array:
        values: Array = frames[signal][ends]
        return values[..., at[0]] if at else values

    compute.__name__ = f"{signal}_at"
    return compute
