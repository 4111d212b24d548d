"""Random numbers inside kernels: splitmix64 (Steele, Lea and Flood 2014), whose state is one integer of the match."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from features.core.compiled import kernel

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_B: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT: Final = 1.0 / 9007199254740992.0

ENGINE, MEASURE = 0, 1  #: the two streams of a match: play, and what observers add to it


@kernel
def uniform(rng: Any, stream: int) -> float:
    """[0, 1), 53 bits."""
    rng[stream] = rng[stream] + _GOLDEN
    z = rng[stream]
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    z = z ^ (z >> _S31)
    return float(z >> _S11) * _UNIT


@kernel
def between(rng: Any, low: float, high: float) -> float:
    """Uniform in [low, high), from the engine's stream."""
    return low + (high - low) * uniform(rng, 0)


@kernel
def normal(rng: Any) -> float:
    """Standard normal, from the engine's stream (Box and Muller 1958, one of the pair)."""
    u = 1.0 - uniform(rng, 0)
    v = uniform(rng, 0)
    return float(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))
