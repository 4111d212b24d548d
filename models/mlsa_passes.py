"""Passes with the positions of all players (MLSA18 challenge): what positions are worth for pass completion on real games.

The terms of these data allow internal use only: nothing that learnt from them ships. The recipient is known for every pass, which
leaks whether it arrived; so there is no target here, and what is read is who stood where when it was played: the sender, and
everybody else around him. The game of a row is hidden, so rows are held out, in ten parts; a bootstrap draws rows.
"""

from __future__ import annotations

from pathlib import Path


def is_here(folder: Path) -> bool:
    """Whether ``folder`` holds these passes."""
    return (folder / "passes.parquet").is_file()
