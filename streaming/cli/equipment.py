"""What a command needs to run a game: the sport by name, its models, an operator."""

from __future__ import annotations

from functools import cache
from typing import Any

from features.sport import Sport, load_sport
from models.base import Model
from streaming.errors import BadInput
from streaming.game import GameOperator
from streaming.records import GameRecord


def sport_named(name: str) -> Sport:
    """``BadInput`` with the known names when there is no such sport."""
    try:
        return load_sport(name)
    except ValueError as error:
        raise BadInput(str(error)) from None


def models_of(sport: Sport, given: list[str] | None = None) -> dict[str, Model]:
    """The models that the sport's stats name: the shipped ones, or those in ``given`` (folders, each for the id on its card)."""
    from models.artefact import load

    found: dict[str, Model] = {}
    try:
        for path in given or []:
            model = load(path)
            found[model.name] = model
        for name in sorted({stat.model for stat in sport.stats if stat.model}):
            if name not in found:
                found[name] = _shipped(name)
    except ValueError as error:
        raise BadInput(str(error)) from None
    return found


@cache
def _shipped(name: str) -> Model:
    """Models never change, so every operator of a process may have the same one."""
    from models.artefact import load

    return load(name)


def operator_for(game: GameRecord, given: list[str] | None = None, **options: Any) -> GameOperator:
    """An operator with everything its sport needs."""
    sport = sport_named(game.sport)
    return GameOperator(sport, game, models_of(sport, given), **options)
