"""``python -m tests.fuzz``: list, run, statistics, replay or minimize.

python -m tests.fuzz run --minutes 10                  every target, ten minutes together
python -m tests.fuzz run --minutes 60 session snapshot two of them, half an hour each
python -m tests.fuzz statistics                       executions, CPU time and findings of all runs
python -m tests.fuzz replay snapshot crashes/snapshot/crash-0123   one input, with its traceback
python -m tests.fuzz minimize --kb 300                 the small corpus of the repository, from the working one
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import every


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the targets")
    run = commands.add_parser("run", help="fuzz, resuming from the working corpus")
    run.add_argument("targets", nargs="*", metavar="TARGET", help="all where none is named; provider-* names several")
    run.add_argument("--minutes", type=float, default=5.0, help="of all targets together")
    run.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "touchline-fuzz", help="corpus, findings, statistics"
    )
    run.add_argument("--together", action="store_true", help="all in one process, which chooses by the first byte")
    run.add_argument("--rounds", type=int, default=1, help="go through the targets so often, each with its part of the time")
    replay = commands.add_parser("replay", help="one input")
    replay.add_argument("target")
    replay.add_argument("input", type=Path)
    sums = commands.add_parser("statistics", help="what all runs did for each target, as a table")
    sums.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "touchline-fuzz")
    small = commands.add_parser("minimize", help="write the corpus of the repository")
    small.add_argument("targets", nargs="*", metavar="TARGET", help="only these")
    small.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "touchline-fuzz")
    small.add_argument("--kb", type=int, default=300, help="of all targets together")
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        print("\n".join(every()))
        return 0
    if chosen.command == "statistics":
        from tests.fuzz.runner import table

        print(table(chosen.work))
        return 0
    if chosen.command == "replay":
        every()[chosen.target].run(chosen.input.read_bytes())
        return 0
    if chosen.command == "minimize":
        from tests.fuzz.small_corpus import minimize

        minimize(chosen.work, chosen.kb << 10, _named(chosen.targets))
        return 0
    from tests.fuzz.runner import run as fuzz

    names = _named(chosen.targets)
    clean = True  # until something is found
    for number in range(chosen.rounds):
        seconds = 60 * chosen.minutes / chosen.rounds
        results = fuzz(names, seconds, chosen.work.resolve(), together=chosen.together, seed=number)
        clean = clean and all(result.clean for result in results)
    return 0 if clean else 1


def _named(words: list[str]) -> list[str]:
    known = list(every())
    if not words:
        return known
    names = []
    for word in words:
        found = [name for name in known if name == word or (word.endswith("*") and name.startswith(word[:-1]))]
        if not found:
            sys.exit(f"there is no target {word}: python -m tests.fuzz list")
        names += found
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    sys.exit(main())
