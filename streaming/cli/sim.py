"""``touchline sim``: runs of a simulated deployment, with every order of events and every fault decided by a seed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from streaming.errors import BadInput, Unavailable


def sim(
    seed: Annotated[int | None, typer.Option(help="One run, with its history.", metavar="N", min=0)] = None,
    seeds: Annotated[str, typer.Option(help="Many runs: the first and the last seed.", metavar="A..B")] = "",
    plan: Annotated[Path | None, typer.Option(help="One run of a plan, as a shrunk run is printed.", metavar="FILE")] = None,
    workers: Annotated[int, typer.Option(help="Processes for --seeds; 0: one for each processor.", min=0, max=256)] = 0,
    shrunk: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Look for the smallest plan of a failing run.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="No history of a single run.")] = False,
    operator: Annotated[
        str, typer.Option(help="tally: a sum in the place of the operator of a game; real: that itself, slower.", metavar="NAME")
    ] = "tally",
) -> None:
    """Simulate deployments: operators, broker, network and clock in one process, under faults.

    The same seed gives the same run, to the byte. A failing run is made smaller, and the exit code is 1.

    Example: touchline sim --seed 7

    Example: touchline sim --seeds 0..9999

    Example: touchline sim --seeds 0..99 --operator real
    """
    try:
        import greenlet  # noqa: F401
    except ImportError:
        raise Unavailable("the simulator needs the package greenlet: pip install 'touchline[sim]'") from None
    from streaming.simulation.plan import of_seed, read

    if operator not in ("tally", "real"):
        raise BadInput(f"--operator is tally or real, not {operator!r}")
    which: Literal["tally", "real"] = "real" if operator == "real" else "tally"
    if sum((seed is not None, bool(seeds), plan is not None)) != 1:
        raise BadInput("give one of --seed, --seeds and --plan")
    if seeds:
        failed = _many(*_range(seeds), workers or os.cpu_count() or 1, which)
        if failed and shrunk:
            _one(of_seed(failed[0], which), quiet=True, shrunk=True)
        if failed:
            raise typer.Exit(1)
        return
    if plan is not None:
        try:
            text = plan.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read {plan}: {error}") from None
        chosen = read(text)
    else:
        assert seed is not None
        chosen = of_seed(seed, which)
    if _one(chosen, quiet, shrunk):
        raise typer.Exit(1)


def _range(text: str) -> tuple[int, int]:
    first, dots, last = text.partition("..")
    if not dots or not first.isdecimal() or not last.isdecimal() or int(last) < int(first):
        raise BadInput(f"--seeds is the first and the last seed, as in 0..499, not {text!r}")
    return int(first), int(last)


def _one(plan: object, quiet: bool, shrunk: bool) -> list[str]:
    """Print a run; what failed."""
    from streaming.simulation.deployment import simulate
    from streaming.simulation.plan import Plan, write
    from streaming.simulation.shrink import shrink

    assert isinstance(plan, Plan)
    outcome = simulate(plan, history=not quiet)
    for line in outcome.history:
        print(line)
    faults = "; ".join(map(str, plan.faults)) or "none"
    print(f"seed {plan.seed}, {plan.runner}, {len(plan.operators)} operators, {len(plan.games)} games; faults: {faults}")
    if not outcome.failures:
        print(f"every check holds ({60 * outcome.minutes:.1f} s simulated, {outcome.events:,} events)")
        return []
    for sentence in outcome.failures:
        print(f"failed: {sentence}")
    if shrunk:
        smallest = shrink(plan, lambda candidate: bool(simulate(candidate).failures))
        print(f"the smallest plan that fails: {simulate(smallest).failures[0]}")
        print(write(smallest))
        print("replay it with: touchline sim --plan FILE")
    return outcome.failures


def _many(first: int, last: int, workers: int, operator: Literal["tally", "real"]) -> list[int]:
    """Print what failed, and how much was run; the failing seeds."""
    from streaming.simulation.batch import run_batch

    began_s, minutes, cpu_s, count = time.monotonic(), 0.0, 0.0, 0
    failed: dict[int, list[str]] = {}
    for piece in run_batch(first, last, workers, operator):
        for seed, sentences in piece.failed.items():
            print(f"seed {seed} failed: {sentences[0]}", flush=True)
        failed |= piece.failed
        minutes, cpu_s, count = minutes + piece.minutes, cpu_s + piece.cpu_s, count + piece.seeds
    took_s = time.monotonic() - began_s
    rate = f"{count / max(cpu_s, 1e-9):.0f} seeds and {minutes / max(cpu_s, 1e-9):.1f} minutes"
    print(
        f"{count:,} seeds, {len(failed)} failed; {minutes:,.0f} simulated minutes in {took_s:.0f} s on {workers} processes "
        f"({cpu_s:.0f} s of processors: {rate} a second of each)"
    )
    return sorted(failed)
