"""The models that the project knows by name: what they are asked and what their answer means."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Final

from models.base import Feature


@dataclass(frozen=True)
class Known:
    """``table`` names the module and the attribute that holds the ordered (name, unit, label) rows; imported when asked for.

    ``rising`` and ``falling`` are features in which the answer may only rise or fall.
    """

    name: str
    title: str
    table: tuple[str, str]
    classes: tuple[str, ...]
    stat: str
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[Feature, ...]:
        module, attribute = self.table
        return tuple(Feature(*row) for row in getattr(importlib.import_module(module), attribute))


KNOWN: Final[dict[str, Known]] = {
    model.name: model
    for model in (
        Known("xgoals", "xGoals: the chance that a shot becomes a goal", ("features.soccer.shots", "SHOT_FEATURES"),
              ("no goal", "goal"), "soccer.shot.xgoals"),
        Known("pass-completion", "the chance that a pass arrives", ("features.soccer.passes", "PASS_FEATURES"),
              ("incomplete", "complete"), "soccer.pass.completion_probability"),
        Known("soccer-win-probability", "home win, draw, away win", ("features.soccer.match", "WIN_FEATURES"),
              ("home", "draw", "away"), "soccer.match.win_probability"),
    )
}  # fmt: skip


def known(name: str) -> Known:
    """``ValueError`` with the known names otherwise."""
    if name not in KNOWN:
        raise ValueError(f"unknown model {name!r}: this installation knows {', '.join(sorted(KNOWN))}")
    return KNOWN[name]
