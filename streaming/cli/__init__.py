"""The command ``touchline``: composition only. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the console script."""
    from streaming.cli.app import run
    from streaming.cli.interrupts import keep_interrupts

    keep_interrupts()
    sys.exit(run(sys.argv[1:]))
