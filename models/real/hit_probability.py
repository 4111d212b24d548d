"""Real balls in play for the hit probability: Statcast's, by command on the user's machine (their terms do not allow more).

They know exit speed, launch angle and, of some, direction; the batter's speed is in none of them, and rows that have it are outside
of its home.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from models import outright
from models.artefact import Card, ForestModel
from models.batted_balls import hits
from models.judgement import Judgement

MODEL: Final = "hit-probability"
FILES: Final = ("plays",)
FITS: Final = outright.FITS
#: what dates of this source are called by the rule of ``models.holdout``
HELD_OUT_AS: Final = "statcast"


def train(folder: Path, seed: int, command: str, tell: Callable[[str], None]) -> tuple[Card, bytes]:
    return outright.train(MODEL, hits(folder), HELD_OUT_AS, seed, command, tell)


def judge(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> tuple[Judgement, ...]:
    return outright.judge(MODEL, hits(folder), HELD_OUT_AS, artefact, seed, tell)


def report(judged: tuple[Judgement, ...]) -> dict[str, Any]:
    return outright.report(judged)


def evaluate(folder: Path, artefact: str | None, seed: int, tell: Callable[[str], None]) -> dict[str, Any]:
    return report(judge(folder, artefact, seed, tell))


def score(model: ForestModel, files: dict[str, Path]) -> tuple[dict[str, Any], str]:
    raise ValueError(f"{model.name} is asked by live games and judged by tables; it scores no file")
