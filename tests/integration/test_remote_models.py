"""Every sport with all of its models behind the endpoint: the same finals to the byte, and no feature of a live game is
refused as implausible."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.serving.client import RemoteModel
from simulators.catalogue import simulators
from streaming.factory import models_of, operator_for, sport_named
from streaming.operator.game import GameOperator
from tests.small_simulators import small_simulator
from tests.streaming import helpers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("endpoint") / "e.sock"
    command = [sys.executable, "-m", "streaming.cli", "endpoint", "--port", "0", "--uds", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "Ctrl-C ends it" in process.stdout.readline()
        yield path
        process.terminate()


@pytest.mark.parametrize("sport", simulators())
def test_game_with_remote_models_has_the_same_finals(endpoint: Path, sport: str) -> None:
    world = small_simulator(sport, 3, 4.0)
    records = list(world.stream(25))
    names = sorted({stat.model.partition("/")[0] for stat in sport_named(sport).stats if stat.model})
    given = [f"{name}=unix:{endpoint}?deadline_ms=5000" for name in names]
    models = models_of(sport_named(sport), given)
    away = helpers.finals(helpers.play(GameOperator(sport_named(sport), world.record, models), records))
    answered = {name: dict(model.breaker.counts) for name, model in models.items() if isinstance(model, RemoteModel)}
    print(answered)
    assert {name.partition("/")[0] for name in answered} >= set(names)
    for counts in answered.values():
        assert counts.keys() <= {"succeeded"}
    assert away == helpers.finals(helpers.play(operator_for(world.record), records))
