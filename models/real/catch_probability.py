"""Real balls in the air for the catch probability: Statcast's, by command on the user's machine (their terms do not allow more).

They know how far and how long balls flew; the way to them is counted from the nearest outfielder's usual place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from models import outright
from models.artefact import Card, ForestModel
from models.batted_balls import flies
from models.judgement import Judgement

MODEL: Final = "catch-probability"
FILES: Final = ("plays",)
FITS: Final = outright.FITS
#: what dates of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "statcast"


def train(folder: Path, seed: int, command: str, tell: Callable[[str], None]) -> tuple[Card, bytes]:
    return outright.train(MODEL, flies(folder), HELD_OUT_AS, seed, command, tell)


def judge(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> tuple[Judgement, ...]:
    return outright.judge(MODEL, flies(folder), HELD_OUT_AS, artefact, seed, tell)


def report(judged: tuple[Judgement, ...]) -> dict[str, Any]:
    return outright.report(judged)


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    return report(judge(folder, artefact, seed, tell))


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    raise ValueError(f"{model.name} is asked by live games and judged by tables; it scores no file")
