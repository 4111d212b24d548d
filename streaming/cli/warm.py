"""``touchline warm``: fill the cache of compiled code, so that the first game starts at once."""

from __future__ import annotations

import os

import typer


def warm(quiet: bool = typer.Option(False, help="Print nothing.")) -> None:
    """Fill the cache of compiled code by playing a game of every sport with a simulator, on every core.

    Example: touchline warm
    """
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from simulators.catalogue import simulators
    from streaming.cli.progress import Progress

    names = simulators()
    # Begun anew and not forked: numba's threads and locks do not survive a fork.
    with (
        ProcessPoolExecutor(min(len(names), os.cpu_count() or 1), get_context("spawn")) as pool,
        Progress(f"compiling {', '.join(names)}", len(names), "sports") as progress,
    ):
        for done in as_completed([pool.submit(play, name) for name in names]):
            done.result()
            progress.advance()
    if not quiet:
        print("compiled code is cached")


def play(name: str) -> None:
    """What is done before any game of a sport is on the air, and a minute of one a frame at a time: all it needs is compiled."""
    from simulators.catalogue import open_simulator
    from streaming.factory import maker, operator_for, prepare

    prepare(name, maker())
    simulator = open_simulator(name, seed=7, minutes=1.0)
    operator = operator_for(simulator.record)
    for record in simulator.stream():
        operator.on_record(record)
    operator.finish()
