"""What a model declares: its inputs, the meaning of its answer, and how it is trained."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from models.base import Feature


@dataclass(frozen=True)
class Recipe:
    """How a forest is grown: boosters ``(xgboost parameters, rounds)`` averaged on the margin, ``smooth`` the share of the spline
    regression (of this ``strength``) in the average, with slopes of their own where the feature ``by`` is 1. With a share of 1
    there is no average: the boosters are grown on what the regression leaves unexplained. On a card the fields are spelled as in
    ``_CARD_NAMES``."""

    boosters: tuple[tuple[dict[str, Any], int], ...]
    smooth: float = 0.0
    by: str = ""
    strength: float = 0.002
    #: knots of each curve of the spline regression; with few it fits less noise
    knots: int = 6
    #: how freely the curves of the spline regression may differ where ``by`` is 1; 0: by their slope only
    own: float = 0.0
    #: below 1, every curve has a straight line beside it, and its departure from the line is shrunk the more the smaller this is
    bend: float = 1.0
    folds: int = 5
    #: two forests in one: the first is trained on the rows in which this feature is missing, or less than ``gate_below``, the
    #: second on the others
    gate_feature: str = ""
    gate_below: float | None = None
    #: how the second is grown, where it differs; it may have a gate itself
    present: Recipe | None = None
    #: weight of a row halves with every so many years of its age; 0: all rows weigh the same
    half_life_years: float = 0.0
    #: a bias fits the whole to the latest rows, weighted by this half-life, since a league drifts; 0: no bias
    level_half_life_years: float = 0.0
    #: the artefact keeps only what predictions and explanations need, in six figures
    strip: bool = False

    def as_card(self) -> dict[str, Any]:
        """All of it as plain values, for the card of an artefact."""
        plain = {_CARD_NAMES.get(f.name, f.name): getattr(self, f.name) for f in fields(self)}
        plain["boosters"] = [{**parameters, "rounds": rounds} for parameters, rounds in self.boosters]
        plain[_CARD_NAMES["present"]] = self.present.as_card() if self.present else None
        return plain


#: fields of ``Recipe`` whose spelling on cards is older
_CARD_NAMES: Final = {"gate_feature": "apart", "gate_below": "below", "present": "known", "strip": "light"}


@dataclass(frozen=True)
class ModelSpec:
    """``table`` names the module and the attribute that holds the ordered (name, unit, label) rows; imported on first use. ``more``
    names another such attribute: inputs that the live path has behind those of ``table``. An artefact may be trained on any part of
    what the live path has, since no real data have all of them: ``takes`` names that part, and its card lists it. Without ``takes``
    the inputs are those of ``table``, which simulated games have.

    ``rising`` and ``falling`` are features in which the answer may only rise or fall; where one of ``needs`` is missing, there is
    no answer (NaN). ``curve`` names the module and attribute of the ``features.core.axis.Axis`` along which the model has a curve;
    ``real`` is the recipe for real data where it is another one (``models/recipes`` reads them). ``games`` is how many simulated
    games it is trained on by default, ``fresh`` how many an evaluation plays: rows per game differ by a factor of fifty between
    models. ``limits`` says what it does not know, and what it must not be used for; every card has it. ``by_game``: its rows of one
    game depend on each other (the score, a duel, the same players window after window), so that games and not rows are independent.
    """

    name: str
    title: str
    table: tuple[str, str]
    classes: tuple[str, ...]
    stat: str
    recipe: Recipe
    games: int
    fresh: int
    limits: str
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    curve: tuple[str, str] | tuple[()] = ()
    real: Recipe | None = None
    by_game: bool = False
    more: tuple[str, str] | tuple[()] = ()
    takes: tuple[str, ...] = ()

    @property
    def offered(self) -> tuple[Feature, ...]:
        """Every input that the live path has for this model, in the order in which it has them."""
        return _rows_of(self.table) + (_rows_of(self.more) if self.more else ())

    @property
    def features(self) -> tuple[Feature, ...]:
        """The inputs that it is trained on."""
        if not self.takes:
            return _rows_of(self.table)
        return tuple(feature for feature in self.offered if feature.name in self.takes)

    def taking(self, names: tuple[str, ...]) -> ModelSpec:
        """The same model on the inputs ``names`` alone; ``ValueError`` for one that the live path does not have."""
        offered = [feature.name for feature in self.offered]
        unknown = [name for name in names if name not in offered]
        if unknown:
            raise ValueError(f"{self.name} has no input {unknown[0]}")
        rising, falling, needs = (tuple(name for name in word if name in names) for word in (self.rising, self.falling, self.needs))
        return replace(self, takes=names, rising=rising, falling=falling, needs=needs)


def _rows_of(table: tuple[str, str]) -> tuple[Feature, ...]:
    module, attribute = table
    return tuple(Feature(*row) for row in getattr(importlib.import_module(module), attribute))
