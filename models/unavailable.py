"""A model that cannot be had: its stats are ``unavailable``, with the reason, and all others go on."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.base import Feature, Floats
from models.specs import spec_of

#: so begins what stands for the digest of a model that cannot be had
UNAVAILABLE: Final = "unavailable: "


class UnavailableModel:
    """A ``models.base.Model`` without answers. The guard of a game keeps every row from it (``models.guard``), and says
    ``reason``."""

    home = None

    def __init__(self, name: str, version: str, reason: str) -> None:
        self.name, self.version, self.unavailable = name, version, reason
        self.features: tuple[Feature, ...] = spec_of(name).features
        self._classes = len(spec_of(name).classes)

    @property
    def digest(self) -> str:
        """Not that of any artefact: the reason, so that a recording has it."""
        return UNAVAILABLE + self.unavailable

    def predict(self, rows: Floats) -> Floats:
        """NaN for every row."""
        return np.full((len(rows), self._classes) if self._classes > 2 else len(rows), np.nan)
