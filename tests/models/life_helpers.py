"""Versions of a model without training one: the shipped artefact with another calibration, so that their answers differ."""

from __future__ import annotations

from pathlib import Path

import msgspec

from models import artefact
from models.artefact import ForestModel
from models.calibration import Calibration


def version_of(name: str, shift: float, folder: Path, **card: object) -> ForestModel:
    """The shipped ``name`` with ``shift`` added to its log-odds, written to ``folder``."""
    shipped = artefact.load(name).card
    blob = next((artefact.SHIPPED / "simulated" / name).glob("model.*")).read_bytes()
    changed = msgspec.structs.replace(shipped, calibration=Calibration("platt", 1.0, shift), **card)
    artefact.save(folder, changed, blob)
    return artefact.load(folder)
