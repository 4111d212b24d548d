"""What a command needs to run a game: the sport by name, its models, an operator."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

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

#: what /metrics and the operator page call the models that ship, beside registries
PACKAGE: Final = "the package"
#: declared difference of the clocks of a warm-up game's feeds: its events are looked for in the tracking, like those of real games
SYNC_MS: Final = 200


def sport_named(name: str) -> Sport:
    """``BadInput`` with the known names when there is no such sport."""
    with plugin_errors():
        return load_sport(name)


def models_of(sport: Sport, chosen: list[str] | None = None, origin: Origin = "simulated") -> dict[str, Model]:
    """The models that the sport's stats name, for a game of this ``origin``: the shipped ones, or those of ``chosen``: folders, for
    the id on the card, NAME@simulated or NAME@real of the package, or NAME=WHERE (a folder or the address of an endpoint, see
    ``models.serving.connect``). A stat that names ``<model>/curve`` gets that model evaluated along its axis."""
    found: dict[str, Any] = {}
    elsewhere: dict[str, str] = {}
    explained = explained_by(sport)
    try:
        for text in chosen or []:
            name, where = named_place(text)
            equals = not where and text != name
            if where:
                elsewhere[name] = where
                continue
            model = _loaded(name, _modified_ns(name), explained)
            if equals and model.name != text.partition("=")[0]:
                raise BadInput(f"--model {text}: that is the model {model.name}")
            found[model.name] = model
        for name in named_by(sport):
            if name not in found:
                found[name] = _shipped(name, origin, name in explained)
        found = with_views(sport, found)
        for name in found if elsewhere else ():
            if address := elsewhere.get(name.partition("/")[0]):
                from models.serving.connect import connect

                found[name] = connect(name, address, local=found[name])
    except ValueError as error:
        raise BadInput(str(error)) from None
    return found


def requested(chosen: list[str] | None) -> frozenset[str]:
    """The models that the user named: they answer also where they have not been validated, marked as experimental."""
    from models.artefact import load

    if not chosen:
        return frozenset()
    places = [(text, *named_place(text)) for text in chosen]
    return frozenset(load(name).name for text, name, where in places if not where)


def requested_of(operator: GameOperator) -> dict[str, str]:
    """The models that were asked for by name for this operator, with their versions: what its recording keeps of the choice."""
    items = (*operator.windows.stats, *operator.events.items())
    return {item.model.name: item.model.version for item in items if item.requested and item.model is not None}


def named_by(sport: Sport) -> list[str]:
    """The models of the sport's stats."""
    return sorted({stat.model.partition("/")[0] for stat in sport.stats if stat.model})


def explained_by(sport: Sport) -> frozenset[str]:
    """The models whose answers are published with their reasons: those of event stats."""
    return frozenset(stat.model.partition("/")[0] for stat in sport.stats if stat.model and stat.on)


def with_views(sport: Sport, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The models by name, and the views of them that the sport's stats name."""
    from models.curve import curve_of
    from models.unavailable import UnavailableModel
    from models.warm_up import ready

    found = dict(plain)
    for name in sorted({stat.model for stat in sport.stats if stat.model}):
        of, _, view = name.partition("/")
        if view and isinstance(found[of], UnavailableModel):
            found[name] = found[of]
        elif view == "curve":
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
        raise BadInput(f"--model {text} does not name the model that is served there: --model NAME={text}")
    if not equals or name not in SPECS:
        return text, ""
    return (name, where) if is_address(where) else (where, "")


def _shipped(name: str, origin: Origin, explained: bool) -> Model:
    """The package's own for games of this origin. One that cannot be read costs its own stats only."""
    from models.choice import default_model
    from models.registry.live import LIVE
    from models.unavailable import UnavailableModel

    try:
        model = _packaged(default_model(name, origin), explained)
    except (ValueError, OSError) as error:
        LIVE.problem(PACKAGE, name, f"unavailable: {error}")
        return UnavailableModel(name, "none", str(error))
    LIVE.problem(PACKAGE, name, "")
    return model


@cache
def _packaged(model: str, explained: bool) -> Model:
    """Models never change, so every operator of a process may have the same one."""
    from models.choice import packaged
    from models.warm_up import ready

    return ready(packaged(model), explained=explained)


@cache
def _loaded(place: str, modified_ns: tuple[int, ...], explained: frozenset[str]) -> Model:
    """The same of a folder, until its files change."""
    from models.artefact import load
    from models.warm_up import ready

    model = load(place)
    return ready(model, explained=model.name in explained)


def _modified_ns(place: str) -> tuple[int, ...]:
    """When the files of a model's folder were modified_ns last, ns."""
    folder = Path(place)
    return tuple(path.stat().st_mtime_ns for path in sorted(folder.iterdir())) if folder.is_dir() else ()


def operator_for(game: GameRecord, chosen: list[str] | None = None, **options: Any) -> GameOperator:
    """An operator with all that its sport needs: its models as in :func:`models_of`, ``options`` as in :class:`GameOperator`."""
    from models.registry.live import LIVE

    sport, origin = sport_named(game.sport), origin_of(game)
    try:
        by_name = requested(chosen)
    except ValueError as error:
        raise BadInput(str(error)) from None
    models = models_of(sport, chosen, origin)
    for model in models.values():
        LIVE.add(PACKAGE, model.name, model.version)
    return GameOperator(sport, game, models, requested=by_name, **options)


class OperatorFactory:
    """Makes an operator from a game record, with ``options`` as in :class:`GameOperator`. A context manager.

    With ``registry`` the models are those that are deployed there, now and whenever others are: the factory starts a thread that
    looks for them with the first operator of each sport and origin, and ends its threads in ``close``. ``chosen`` names models
    otherwise, as in :func:`models_of`.
    """

    def __init__(self, chosen: list[str] | None = None, registry: Path | None = None, **options: Any) -> None:
        if chosen and registry is not None:
            raise BadInput("--model and --registry both name models: give one of them")
        self.chosen, self.registry, self.options = chosen, registry, options
        self._followers: dict[tuple[str, Origin], Follower] = {}

    def __call__(self, game: GameRecord) -> GameOperator:
        if self.registry is None:
            return operator_for(game, self.chosen, **self.options)
        sport = sport_named(game.sport)
        return GameOperator(sport, game, deployed=self._follower(sport, self.registry, origin_of(game)), **self.options)

    def close(self) -> None:
        """End the threads. The operators that were made keep the models that they have."""
        while self._followers:
            self._followers.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follower(self, sport: Sport, registry: Path, origin: Origin) -> Follower:
        """The deployed models of a registry for all operators of a sport and an origin."""
        from models.choice import at_home
        from models.registry.follow import Follower
        from models.registry.store import Store

        found = self._followers.get((sport.name, origin))
        if found is not None:
            return found
        if not registry.is_dir():
            raise BadInput(f"there is no model registry at {registry}: touchline models train makes one")
        store = Store(registry)
        counterpart = cache(store.counterpart)  # by the model, which stays as long as the follower has it

        def views(models: Mapping[str, Model]) -> dict[str, Any]:
            return with_views(sport, at_home(models, origin, counterpart))

        try:
            found = Follower(store, named_by(sport), views)
        except ValueError as error:
            raise BadInput(str(error)) from None
        self._followers[sport.name, origin] = found.start()
        return found


def maker(chosen: list[str] | None = None, registry: Path | None = None, **options: Any) -> OperatorFactory:
    """An :class:`OperatorFactory`; without models and registry it follows the registry that ``TOUCHLINE_REGISTRY`` names, as on a
    worker of a cluster."""
    if registry is None and not chosen and (named := os.environ.get("TOUCHLINE_REGISTRY")):
        registry = Path(named)
    return OperatorFactory(chosen, registry, **options)


def prepare(name: str, make: Make) -> None:
    """Load everything that an operator of the sport may ever call, before the first record: modules, models and compiled code. The
    first shot, goal or highlight then waits for none of it. An operator that ``make`` made plays a simulated game in which
    everything happens, if the sport has one; other compiled code is loaded from its cache."""
    from features.core.compiled import load_all
    from simulators.catalogue import simulators, warm_up_game
    from streaming.operator.session import warm_up

    sport = sport_named(name)
    for origin in ORIGINS:  # the warm-up game is simulated, and the next one may be real
        models_of(sport, origin=origin)
    if name in simulators():
        game = warm_up_game(name)
        feeds = [
            msgspec.structs.replace(feed, sync_ms=max(feed.sync_ms, SYNC_MS)) if feed.kind == "events" and sport.align else feed
            for feed in game.record.feeds
        ]
        warm_up(name, make, msgspec.structs.replace(game.record, feeds=feeds), game.stream(25))
    load_all()
