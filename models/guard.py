"""The guard between a game and a model: whether the model may predict in this game at all, and for which rows.

A model that was trained on simulated games only is off in real games, unless it has passed the gate on real outcomes
(``models.gate``), or is selected by name: its predictions are then marked as experimental. Which rows are inside is decided by
``models.home``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.base import Floats
from models.home import Home, Inside, Origin

Ints = npt.NDArray[np.int64]
#: the code of a row without a prediction because the model is off in this game
OFF: Final = -1


@dataclass(frozen=True)
class Guard:
    """``off`` is why the model does not predict in a game, empty when it does; ``experimental`` marks its predictions; ``inside``
    is None for a model whose card has no profile of its inputs."""

    off: str = ""
    experimental: bool = False
    inside: Inside | None = None

    def check(self, rows: Floats) -> tuple[Ints, Ints] | None:
        """For rows (B, F): (B,) codes, 0 where the model may predict, and (B,) the input that the code is about; None when all are
        0."""
        if self.off:
            return np.full(len(rows), OFF, np.int64), np.full(len(rows), -1, np.int64)
        if self.inside is None:
            return None
        found, which = self.inside.check(rows)
        return (found, which) if found.any() else None

    def reason(self, code: int, which: int) -> str:
        """Why there is no value, in a phrase."""
        if code == OFF or self.inside is None:
            return self.off
        return self.inside.reason(code, which)


OPEN: Final = Guard()


def home_of(model: Any) -> Home | None:
    """The home of a model, or of the one behind it (of a curve, or on an endpoint); None when unknown."""
    home: Home | None = getattr(model, "home", None)
    return home


def trained_on(model: Any) -> Origin:
    """What a model was trained on; a model without this fact counts as trained on real data, by its user."""
    home = home_of(model)
    if home is not None:
        return home.origin
    found: Origin = getattr(model, "trained_on_origin", "real")
    return found


def off_reason(model: Any) -> str:
    """Why a model of simulated games is off in real ones; empty when it has passed the gate."""
    home = home_of(model)
    if home is None or home.gate is None:
        return "trained on simulated games only, and not shown right on real ones"
    return home.gate.reason and f"trained on simulated games only: {home.gate.reason}"


def guard_of(model: Any, game: Origin, requested: bool = False) -> Guard:
    """The guard of ``model`` in a game of this origin; ``requested``: it was selected by name."""
    if reason := getattr(model, "unavailable", ""):
        return Guard(reason)
    if not hasattr(model, "home"):
        return OPEN
    home = home_of(model)
    off = off_reason(model) if game == "real" and trained_on(model) == "simulated" else ""
    if off and not requested:
        return Guard(off)
    inside = None if home is None else Inside(home.inputs, model.features, along(model))
    return Guard("", bool(off), inside)


def along(model: Any) -> Iterable[int]:
    """The inputs that a curve sets itself, which the row need not have."""
    columns: Iterable[int] = getattr(model, "columns", ())
    return columns
