"""``touchline demo``: a simulated game from sensor to screen, live."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streaming.records import Event, Telemetry


def demo(
    sport: Annotated[str, typer.Argument(help="What to play.")] = "soccer",
    seed: Annotated[int, typer.Option(help="Which game.")] = 2,
    minutes: Annotated[float, typer.Option(help="How long the game is.")] = 90.0,
    speed: Annotated[float, typer.Option(help="Times real time.", min=0.1, max=100.0)] = 1.0,
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8080,
    seconds: Annotated[float | None, typer.Option("--for", help="End after so many seconds.")] = None,
) -> None:
    """Simulate a game, stream it through the pipeline, and serve its pages until Ctrl-C.

    Example: touchline demo soccer --seed 2
    """
    from simulators.worlds import open_world
    from streaming.cli.equipment import operator_for, rehearse
    from streaming.cli.pace import ahead, paced
    from streaming.cli.replay import sentence, summary
    from streaming.runners.embedded import EmbeddedRunner
    from streaming.web.gateway import Gateway
    from streaming.web.hub import Hub

    began = time.monotonic()
    # Threads share the interpreter: the one with the operator must not wait a whole default slice (5 ms) for it.
    sys.setswitchinterval(0.0005)
    hub = Hub()
    with Gateway(hub, port=port, recordings=Path.cwd()) as gateway:
        world = open_world(sport, seed, minutes, t0_us=(time.time_ns() // 1000) + 300_000)
        hub.attach(world.record)  # so that the pages know what is coming
        rehearse(world.record, world.stream(25))
        operator = operator_for(world.record)
        hub.attach(world.record, operator.meters)
        print(f"{world.record.title}: a simulated game, seed {seed}")
        print(f"  live page      {gateway.url}/")
        print(f"  operator page  {gateway.url}/operator")
        print(f"  lower third    {gateway.url}/graphics/lower-third")
        print(f"  stats          {gateway.url}/catalogue, ws and sse: docs/publishing.md")
        print(f"on the air after {time.monotonic() - began:.1f} s; Ctrl-C ends it", flush=True)
        start = time.perf_counter()

        def until_told() -> Iterator[Telemetry | Event | int]:
            for record in paced(ahead(world.stream()), speed, wall=speed == 1.0):
                if seconds is not None and time.perf_counter() - start > seconds:
                    return
                yield record

        try:
            EmbeddedRunner(operator, [hub], wall=speed == 1.0).run(hub.overhear(until_told()))
        except KeyboardInterrupt:
            pass
        print(sentence(summary(operator.meters, world.record, time.perf_counter() - start)))
