"""What the tables of real Formula 1 laps have in common: source, terms, and the names of compounds."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from features.f1.vocabulary import COMPOUNDS
from models.base import Floats

SOURCE: Final = "Formula 1 laps of 2023 and 2024"
HELD_OUT_AS: Final = "f1"
TERMS: Final = "timing data belong to Formula One: internal use only; the model is not to be passed on"


def compound_of(words: npt.NDArray[np.str_]) -> Floats:
    """(B,) index of each compound in ``features.f1.vocabulary.COMPOUNDS``; NaN for what is none."""
    index = {name: float(i) for i, name in enumerate(COMPOUNDS)}
    return np.array([index.get(word.lower(), float("nan")) for word in words.tolist()], np.float64)
