"""The plain counts of every real play of the file beside its official description: "pass deep right to J.Brown for 21 yards"."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulators.providers import read_all
from streaming.factory import operator_for
from streaming.wire.blocks import StatBlock
from tests.streaming import helpers

pytestmark = [pytest.mark.real, pytest.mark.slow]


def described_yd(play: dict[str, Any]) -> int:
    """Net yards from scrimmage: none of kicks, tries, passes that were not caught, or what follows a fumble."""
    text = re.sub(r"FUMBLES.*", "", play["playDescription"])
    scrimmage = play["playType"] in ("play_type_pass", "play_type_rush", "play_type_sack")
    found = re.search(r"for (-?\d+) yard", text)
    return int(found.group(1)) if found and scrimmage and "INTERCEPTED" not in text and "incomplete" not in text else 0


def last(out: list[Any], stat: str) -> float:
    blocks = [b for b in out if isinstance(b, StatBlock) and b.stat == stat]
    return float(np.nansum(np.asarray(blocks[-1].values, np.float64)[-1])) if blocks else 0.0


def test_counts_and_yards_are_those_of_the_descriptions(real_data: Path) -> None:
    files = [real_data / "nfl_ngs_highlights" / name for name in ("plays.parquet", "tracking.parquet")]
    plays: dict[str, list[dict[str, Any]]] = {}
    for play in pq.read_table(files[0]).to_pylist():
        plays.setdefault(str(play["gameId"]), []).append(play)
    near, attempts, carries = 0, 0.0, 0.0
    for name, imported in read_all("ngs", files):
        game = imported()
        out = helpers.play(operator_for(game.record, provisional=False, draw=False), list(game.stream()))
        near += abs(last(out, "nfl.team.yards") - sum(map(described_yd, plays[name]))) <= 1.01
        attempts += last(out, "nfl.passer.attempts")
        carries += last(out, "nfl.rusher.carries")
    assert len(plays) == 138
    # the others are two or three yards off, where a label is not where the spot is, or were changed by replay
    assert near >= 128
    kinds = [play["playType"] for game_plays in plays.values() for play in game_plays]
    assert attempts == kinds.count("play_type_pass")
    assert abs(carries - kinds.count("play_type_rush")) <= 1
