"""What a command needs to run a game: the sport by name, its models, an operator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from features.core.sport import Sport, load_sport
from models.base import Model
from models.home import ORIGINS, Origin
from streaming.errors import BadInput, plugin_errors
from streaming.operator.game import GameOperator
from streaming.operator.provenance import origin_of
from streaming.operator.session import Make
from streaming.wire.records import GameRecord

if TYPE_CHECKING:
    from models.registry.follow import Follower

#: clocks of a rehearsal's feeds are said to be so far apart: its events are looked for in the tracking, as those of real games are
SYNC_MS: Final = 200


def sport_named(name: str) -> Sport:
    """``BadInput`` with the known names when there is no such sport."""
    with plugin_errors():
        return load_sport(name)


def models_of(sport: Sport, given: list[str] | None = None, origin: Origin = "simulated") -> dict[str, Model]:
    """The models that the sport's stats name, for a game of this ``origin``: the shipped ones, or those in ``given``: folders, each
    for the id on its card, NAME@simulated or NAME@real of the package, or NAME=WHERE (a folder or the address of an endpoint, see
    ``models.serving.connect``). A stat that names ``<model>/curve`` gets that model asked along its axis."""
    from models.choice import default_model

    found: dict[str, Any] = {}
    elsewhere: dict[str, str] = {}
    asked_why = explained_by(sport)
    try:
        for text in given or []:
            name, where = named_place(text)
            equals = not where and text != name
            if where:
                elsewhere[name] = where
                continue
            model = _given(name, _written(name), asked_why)
            if equals and model.name != text.partition("=")[0]:
                raise BadInput(f"--model {text}: that is the model {model.name}")
            found[model.name] = model
        for name in named_by(sport):
            if name not in found:
                found[name] = _packaged(default_model(name, origin), name in asked_why)
        found = with_views(sport, found)
        for name in found if elsewhere else ():
            if address := elsewhere.get(name.partition("/")[0]):
                from models.serving.connect import connect

                found[name] = connect(name, address, local=found[name])
    except ValueError as error:
        raise BadInput(str(error)) from None
    return found


def requested(given: list[str] | None) -> frozenset[str]:
    """The models that somebody asks for by name: they answer also where they have not been shown right, marked as experimental."""
    from models.artefact import load

    if not given:
        return frozenset()
    places = [(text, *named_place(text)) for text in given]
    return frozenset(load(name).name for text, name, where in places if not where)


def requested_of(operator: GameOperator) -> dict[str, str]:
    """The models that were asked for by name for this operator, with their versions: what its recording keeps of the choice."""
    items = (*operator.windows.stats, *operator.events.items())
    return {item.model.name: item.model.version for item in items if item.requested and item.model is not None}


def named_by(sport: Sport) -> list[str]:
    """The models that the sport's stats ask."""
    return sorted({stat.model.partition("/")[0] for stat in sport.stats if stat.model})


def explained_by(sport: Sport) -> frozenset[str]:
    """The models whose answers are published with their reasons: those that events ask."""
    return frozenset(stat.model.partition("/")[0] for stat in sport.stats if stat.model and stat.on)


def with_views(sport: Sport, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The models by name, and the views of them that the sport's stats name."""
    from models.curve import curve_of
    from models.warm_up import ready

    found = dict(plain)
    for name in sorted({stat.model for stat in sport.stats if stat.model}):
        of, _, view = name.partition("/")
        if view == "curve":
            found[name] = ready(curve_of(found[of]), explained=False)
        elif view:
            raise BadInput(f"{of} has no view {view!r}: there is curve")
    return found


def named_place(text: str) -> tuple[str, str]:
    """``NAME=ADDRESS`` in its parts; for a folder, or ``NAME=FOLDER``, the folder and nothing."""
    from models.serving.connect import is_address
    from models.specs import SPECS

    name, equals, where = text.partition("=")
    if is_address(text):
        raise BadInput(f"--model {text} does not say which model is asked there: --model NAME={text}")
    if not equals or name not in SPECS:
        return text, ""
    return (name, where) if is_address(where) else (where, "")


@cache
def following(name: str, registry: Path, origin: Origin) -> Follower:
    """The deployed models of a registry for all operators of a sport and an origin in this process, watched from now on."""
    from models.choice import at_home
    from models.registry.follow import Follower
    from models.registry.store import Store

    if not registry.is_dir():
        raise BadInput(f"there is no model registry at {registry}: touchline models train makes one")
    try:
        sport = sport_named(name)
        return Follower(Store(registry), named_by(sport), lambda models: with_views(sport, at_home(models, origin))).start()
    except ValueError as error:
        raise BadInput(str(error)) from None


@cache
def _packaged(model: str, explained: bool) -> Model:
    """Models never change, so every operator of a process may have the same one."""
    from models.choice import packaged
    from models.warm_up import ready

    return ready(packaged(model), explained=explained)


@cache
def _given(place: str, written: tuple[int, ...], asked_why: frozenset[str]) -> Model:
    """The same of a folder, for as long as nobody writes to it."""
    from models.artefact import load
    from models.warm_up import ready

    model = load(place)
    return ready(model, explained=model.name in asked_why)


def _written(place: str) -> tuple[int, ...]:
    """When the files of a model's folder were written last, ns."""
    folder = Path(place)
    return tuple(path.stat().st_mtime_ns for path in sorted(folder.iterdir())) if folder.is_dir() else ()


def operator_for(game: GameRecord, given: list[str] | None = None, registry: Path | None = None, **options: Any) -> GameOperator:
    """An operator with everything its sport needs; with ``registry`` its models are those that are deployed there, now and whenever
    others are."""
    sport, origin = sport_named(game.sport), origin_of(game)
    if registry is not None:
        if given:
            raise BadInput("--model and --registry both say which models are asked: give one of them")
        return GameOperator(sport, game, deployed=following(sport.name, registry, origin), **options)
    try:
        by_name = requested(given)
    except ValueError as error:
        raise BadInput(str(error)) from None
    return GameOperator(sport, game, models_of(sport, given, origin), requested=by_name, **options)


def maker(given: list[str] | None = None, registry: Path | None = None, **options: Any) -> Any:
    """A function that makes an operator from a game record, with ``options`` as in :class:`GameOperator`. On a worker of a
    cluster the registry is the one that its environment names."""
    if registry is None and not given and (named := os.environ.get("TOUCHLINE_REGISTRY")):
        registry = Path(named)
    return partial(operator_for, given=given, registry=registry, **options)


def prepare(name: str, make: Make) -> None:
    """Everything that an operator of the sport may ever call, before the first record: modules are imported, models laid out and
    compiled code is loaded, so that the first shot, goal or highlight finds all of it. A simulated game where everything happens,
    if the sport has one, is played to nobody by an operator that ``make`` made; what that does not touch is loaded from the cache
    of compiled code."""
    from features.core.compiled import load_all
    from simulators.catalogue import simulators, warm_up_game
    from streaming.operator.session import warm_up

    sport = sport_named(name)
    for origin in ORIGINS:  # a rehearsal is a simulated game, and what comes may be a real one
        models_of(sport, origin=origin)
    if name in simulators():
        world = warm_up_game(name)
        feeds = [
            msgspec.structs.replace(feed, sync_ms=max(feed.sync_ms, SYNC_MS)) if feed.kind == "events" and sport.align else feed
            for feed in world.record.feeds
        ]
        warm_up(name, make, msgspec.structs.replace(world.record, feeds=feeds), world.stream(25))
    load_all()
