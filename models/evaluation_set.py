"""Predictions of rows that a model was not trained on, with all that evaluation and explanation need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.base import Feature, Floats

Words = npt.NDArray[np.str_]
#: a column of words per way to group the rows; "" where a row's group is not known
Groups = Mapping[str, Words]


@dataclass(frozen=True)
class EvaluationSet:
    """``label`` (B,) 0..C-1, ``probability`` (B,) of the second of two classes or (B, C), ``game`` (B,) whose rows belong
    together (matches, days), ``rows`` (B, F). ``reference`` (B,) is the probability of another model, named ``versus``; empty when
    there is none. ``attribute`` gives, for indices (n,), the contributions (n, F + 1) or (n, C, F + 1) to the margins of those rows
    by the forest that predicted them."""

    model: str
    how: str
    label: Floats
    probability: Floats
    game: npt.NDArray[Any]
    rows: Floats
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    attribute: Callable[[npt.NDArray[np.int64]], Floats]
    groups: Groups = field(default_factory=dict)
    reference: Floats = field(default_factory=lambda: np.empty(0))
    versus: str = ""
    #: distinguishes several evaluation sets of one model
    reading: str = ""
    #: what is drawn together in a bootstrap
    unit: str = "games"
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: the probabilities that a simulator drew from, in the shape of ``probability``; NaN where they are not known, empty outside of
    #: one
    truth: Floats = field(default_factory=lambda: np.empty(0))
    #: (B,) which of several questions each row is about; empty where there is one
    question: Words = field(default_factory=lambda: np.empty(0, np.str_))

    def __post_init__(self) -> None:
        if not len(self.label):
            raise ValueError(f"there are no rows to evaluate {self.model} on")

    @property
    def target_class(self) -> str:
        """The class that calibration is about: the second of two, the first of several."""
        return self.classes[1] if self.probability.ndim == 1 else self.classes[0]

    @property
    def observed(self) -> Floats:
        """(B,) 1 where ``target_class`` came true."""
        return np.asarray(self.label == (1.0 if self.probability.ndim == 1 else 0.0), np.float64)

    @property
    def target_probability(self) -> Floats:
        """(B,) probability of ``target_class``."""
        return self.probability if self.probability.ndim == 1 else self.probability[:, 0]


def feature_groups(features: tuple[Feature, ...], rows: Floats, least: float = 0.01) -> dict[str, Words]:
    """Groups for rows that come with none: yes and no of every feature that is 0 or 1, where both are not rare."""
    found: dict[str, Words] = {}
    for j, feature in enumerate(features):
        column = rows[:, j]
        yes, no = column == 1.0, column == 0.0
        if not (yes | no | np.isnan(column)).all() or min(yes.mean(), no.mean()) < least:
            continue
        found[feature.label or feature.name] = np.where(yes, "yes", np.where(no, "no", "")).astype(np.str_)
    return found


def thirds(values: Floats, names: tuple[str, str, str]) -> Words:
    """(B,) which third of the known ``values`` each is in, named from the lowest; "" where it is NaN."""
    known = np.isfinite(values)
    out = np.full(len(values), "", "<U40")
    if known.any():
        low, high = np.quantile(values[known], (1.0 / 3.0, 2.0 / 3.0))
        out[known] = np.where(values[known] <= low, names[0], np.where(values[known] <= high, names[1], names[2]))
    return out
