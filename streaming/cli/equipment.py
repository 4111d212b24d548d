"""What a command needs to run a game: the sport by name, its models, an operator."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache, partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.sport import Sport, load_sport
from models.base import Model
from models.home import Origin
from streaming.errors import BadInput
from streaming.game import GameOperator
from streaming.provenance import origin_of
from streaming.records import Event, GameRecord, Telemetry

if TYPE_CHECKING:
    from models.registry.follow import Follower


def sport_named(name: str) -> Sport:
    """``BadInput`` with the known names when there is no such sport."""
    try:
        return load_sport(name)
    except ValueError as error:
        raise BadInput(str(error)) from None


def models_of(sport: Sport, given: list[str] | None = None, origin: Origin = "simulated") -> dict[str, Model]:
    """The models that the sport's stats name, for a game of this ``origin``: the shipped ones, or those in ``given``: folders, each
    for the id on its card, NAME@simulated or NAME@real of the package, or NAME=WHERE (a folder or the address of an endpoint, see
    ``models.serving.connect``). A stat that names ``<model>/curve`` gets that model asked along its axis."""
    from models.artefact import load
    from models.choice import default_model, packaged

    found: dict[str, Any] = {}
    elsewhere: dict[str, str] = {}
    try:
        for text in given or []:
            name, where = named_place(text)
            equals = not where and text != name
            if where:
                elsewhere[name] = where
                continue
            model = load(name)
            if equals and model.name != text.partition("=")[0]:
                raise BadInput(f"--model {text}: that is the model {model.name}")
            found[model.name] = model
        for name in named_by(sport):
            if name not in found:
                found[name] = packaged(default_model(name, origin))
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


def named_by(sport: Sport) -> list[str]:
    """The models that the sport's stats ask."""
    return sorted({stat.model.partition("/")[0] for stat in sport.stats if stat.model})


def with_views(sport: Sport, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The models by name, and the views of them that the sport's stats name."""
    from models.curve import curve_of

    found = dict(plain)
    for name in sorted({stat.model for stat in sport.stats if stat.model}):
        of, _, view = name.partition("/")
        if view == "curve":
            found[name] = curve_of(found[of])
        elif view:
            raise BadInput(f"{of} has no view {view!r}: there is curve")
    return found


def named_place(text: str) -> tuple[str, str]:
    """``NAME=ADDRESS`` in its parts; for a folder, or ``NAME=FOLDER``, the folder and nothing."""
    from models.known import KNOWN
    from models.serving.connect import is_address

    name, equals, where = text.partition("=")
    if is_address(text):
        raise BadInput(f"--model {text} does not say which model is asked there: --model NAME={text}")
    if not equals or name not in KNOWN:
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


def operator_for(
    game: GameRecord, given: list[str] | None = None, registry: Path | None = None, **options: Any
) -> GameOperator:  # fmt: skip
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


def rehearse(record: GameRecord, records: Iterable[Telemetry | Event], seconds: float = 30.0) -> None:
    """Play the beginning of a game to nobody: compiled code is loaded when it is first called, and the air is no place for that."""
    operator = operator_for(record)
    for packet in records:
        operator.on_record(packet)
        if isinstance(packet, Telemetry) and int(packet.t_us[-1]) > record.t0_us + seconds * 1e6:
            break
    operator.finish()


def rehearsal(name: str, seconds: float = 12.0) -> list[bytes]:
    """The beginning of a simulated game as records of the input topic, where the sport has one to play: for a process that does
    not know its games yet."""
    from simulators.worlds import open_world, worlds
    from streaming.feed import GameEnd, GameStart, encode_feed

    if name not in worlds():
        return []
    world = open_world(name, 1, 1.0)
    until_us = world.record.t0_us + seconds * 1e6
    played = takewhile(lambda r: not isinstance(r, Telemetry) or int(r.t_us[-1]) < until_us, world.stream(25))
    return [encode_feed(r) for r in (GameStart(record=world.record), *played, GameEnd(game=world.record.game))]
