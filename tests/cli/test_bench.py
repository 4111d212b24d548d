"""Every benchmark runs, has figures, and has a floor beside them."""

from __future__ import annotations

import json

import pytest

from streaming.cli.app import run
from streaming.cli.bench import BENCHES


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BENCHES if name != "replay"])
def test_a_benchmark_says_what_it_measured_beside_its_floor(name, capsys):
    assert run(["bench", name, "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["name"] == name
    assert result["target"]
    for part in ("figures", "floor"):
        assert result[part]
        assert all(isinstance(value, int | float) and value > 0 for value in result[part].values())


@pytest.mark.slow
def test_the_replay_benchmark_on_a_short_match():
    from streaming.cli import benches

    result = benches.replay(minutes=2.0)
    assert result["figures"]["windows"] > 500
    assert result["floor"]["read_and_add_s"] >= 0
