"""``touchline demo``: simulated games from sensor to screen, live."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streaming.cli.lifecycle.common import Contradicted

if TYPE_CHECKING:
    from streaming.cli.demo_games import LiveGame


def demo(
    sport: Annotated[str, typer.Argument(help="The sport, or all for one game of each.")] = "soccer",
    seed: Annotated[int, typer.Option(help="Random seed of the game.")] = 2,
    minutes: Annotated[float, typer.Option(help="Length of a game.")] = 90.0,
    speed: Annotated[float, typer.Option(help="Speed in multiples of real time.", min=0.1, max=100.0)] = 1.0,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    seconds: Annotated[float | None, typer.Option("--for", help="Stop after this many seconds.")] = None,
    registry: Annotated[
        Path | None,
        typer.Option(envvar="TOUCHLINE_REGISTRY", help="Use the models deployed in this registry, also later ones.", metavar="DIR"),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A folder, NAME@simulated, NAME@real, or NAME=ADDRESS of an endpoint.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Record the games in this folder, with stats, predictions and models.", metavar="DIR")
    ] = None,
    contradicted: Contradicted = "withhold",
    as_json: Annotated[bool, typer.Option("--json", help="Print how each game did as JSON at the end.")] = False,
) -> None:
    """Simulate a game, or one of each sport, stream it through the pipeline, and serve its pages until Ctrl-C.

    Example: touchline demo soccer --seed 2

    One game of every sport at once: touchline demo all

    Recorded as it was on the air: touchline demo soccer --minutes 10 --record recordings
    """
    from simulators.catalogue import check_simulator, simulators
    from streaming.cli.demo_games import LiveGame
    from streaming.cli.lifecycle.common import watch_models
    from streaming.factory import OperatorFactory, models_of, sport_named
    from streaming.web.gateway import Gateway
    from streaming.web.hub import Hub

    began = time.monotonic()
    played = simulators() if sport == "all" else [sport]
    for name in played:  # a mistake on the command line is reported before a port that is taken
        check_simulator(name)
        if model:
            models_of(sport_named(name), model)
    # Threads share the interpreter: one with an operator must not wait a whole default slice (5 ms) for it.
    sys.setswitchinterval(0.0005)
    hub, stop = Hub(), threading.Event()
    watch_models(hub, registry, contradicted)
    with OperatorFactory(model, registry) as make, Gateway(hub, port=port, recordings=Path.cwd()) as gateway:
        shows = [LiveGame(name, seed, minutes, speed, hub, stop, make, record) for name in played]
        for show in shows:
            show.ready()
        for show in shows:
            print(f"{show.record.title or show.record.game}: a simulated game of {show.sport}, seed {seed}")
            for what, address in links(show, alone=len(shows) == 1):
                print(f"  {what:<23} {gateway.url}{address}")
        print("all games" if len(shows) > 1 else "besides")
        print(f"  {'operator page':<23} {gateway.url}/operator")
        print(f"  {'stats, graphics':<23} {gateway.url}/catalogue, ws and sse: docs/publishing.md")
        print(f"on the air after {time.monotonic() - began:.1f} s; Ctrl-C ends it", flush=True)
        for show in shows:
            show.start()
        try:
            end = None if seconds is None else time.monotonic() + seconds
            while any(show.on for show in shows) and (end is None or time.monotonic() < end):
                gateway.check()
                time.sleep(0.05)
        except KeyboardInterrupt:
            pass
        stop.set()
        for show in shows:
            show.join(10.0 if record is None else 60.0)  # a recording is finished at its end
        report(shows, as_json)


def links(show: LiveGame, *, alone: bool) -> list[tuple[str, str]]:
    """What there is to look at of a game, and where: its live page, and each graphic that shows its sport."""
    from urllib.parse import quote

    from streaming.web.graphics import graphics

    which = "" if alone else f"?game={quote(show.record.game)}"
    wanted = [g for g in graphics().values() if not g.sports or show.sport in g.sports]
    return [("live page", f"/{which}"), *((g.title.lower(), f"{g.url}{which}") for g in wanted)]


def report(shows: list[LiveGame], as_json: bool) -> None:
    """How each game did; a failed one makes the command fail."""
    import json

    from streaming.errors import TouchlineError

    if as_json:
        print(json.dumps([show.summary() for show in shows], ensure_ascii=False))
    else:
        for show in shows:
            print(show.sentence())
    if failed := [show.record.game for show in shows if show.failed is not None]:
        raise TouchlineError(f"{', '.join(failed)} ended early: the reason is above")
