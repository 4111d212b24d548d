"""Every source by its URL: the same games as where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from simulators.catalogue import open_simulator
from simulators.source import url_of
from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.recordings.reader import Recording
from streaming.sources import GameSource, SourceOptions, open_source
from streaming.sources.base import open_ingress, source_kind
from streaming.wire.records import Event, Telemetry

SOCCER = SourceOptions(sport="soccer")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("source") / "REC"
    assert run(["simulate", "soccer", "--seed", "5", "--minutes", "0.3", "--out", str(out)]) == 0
    return out


def opened(url: str) -> GameSource:
    source = open_source(url, SOCCER)
    assert isinstance(source, GameSource)
    return source


def positions(records: Iterable[Telemetry | Event]) -> np.ndarray:
    return np.concatenate([record.x_m for record in records if isinstance(record, Telemetry)])


def test_recording_opens_by_path_and_by_url(recording: Path) -> None:
    for url in (str(recording), f"file://{recording}"):
        source = opened(url)
        assert source.record == Recording(recording).game
        live, fast = list(source.records(live=True)), list(source.records(live=False))
        assert len(live) > 10 * len(fast), "live: a packet for each arrival"
        assert np.array_equal(positions(live), positions(fast))


def test_simulator_url_gives_the_game_of_its_seed(recording: Path) -> None:
    source = opened(url_of("soccer", seed=5, minutes=0.3))
    assert source.record == open_simulator("soccer", 5, 0.3).record
    assert np.array_equal(positions(source.records(live=True)), positions(Recording(recording).records()))
    assert opened(url_of("soccer", minutes=0.3, t0_us=1_000_000, finishing=1.0)).record.t0_us == 1_000_000


def test_run_writes_a_simulated_game_to_a_file(recording: Path, tmp_path: Path) -> None:
    """The stats of the game, and those of its recording: the same but for the clocks."""
    made, replayed = tmp_path / "made.jsonl", tmp_path / "replayed.jsonl"
    assert run(["run", "--source", "simulator://soccer?seed=5&minutes=0.3", "--sink", str(made)]) == 0
    assert run(["replay", str(recording), "--out", str(replayed)]) == 0

    def values(path: Path) -> dict[tuple[str, int], object]:
        updates = map(json.loads, path.read_text().splitlines())
        return {(u["id"], u.get("revision", 0)): u | {"clocks": None} for u in updates}

    assert values(made) == values(replayed)


def test_unknown_kind_of_source_is_refused_with_the_known_ones() -> None:
    assert source_kind("games/REC") == "file"
    with pytest.raises(BadInput, match=r"^unknown source 'mqtt': this installation knows file, kafka, simulator$"):
        open_source("mqtt://broker", SOCCER)
    with pytest.raises(BadInput, match=r"^unknown ingress 'file': this installation knows kafka$"):
        open_ingress("games/REC", SOCCER)
    with pytest.raises(BadInput, match=r"^'kafka://' is not a Kafka address: give kafka://host:port$"):
        open_source("kafka://", SOCCER)
