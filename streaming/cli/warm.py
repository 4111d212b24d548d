"""``touchline warm``: fill the cache of compiled code, so that the first game starts at once."""

from __future__ import annotations

import typer


def warm(quiet: bool = typer.Option(False, help="Say nothing.")) -> None:
    """Fill the cache of compiled code by playing a minute of every sport that can be simulated.

    Example: touchline warm
    """
    from simulators.worlds import open_world, worlds
    from streaming.cli.equipment import operator_for
    from streaming.cli.progress import Progress

    for name in worlds():
        world = open_world(name, seed=7, minutes=1.0)
        with Progress(f"compiling {name}", None, "records") as progress:
            for frames in (1, 25):
                operator = operator_for(world.record)
                for record in world.stream(frames):
                    operator.on_record(record)
                    progress.advance()
                operator.finish()
    if not quiet:
        print("compiled code is cached")
