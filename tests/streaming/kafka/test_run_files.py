"""Recordings and files on one side of a broker: ``touchline run`` from a recording, to a file, and recording beside."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from features.core.sport import load_sport
from streaming.bench.load_generator import moved
from streaming.cli.app import run
from streaming.cli.run_files import captured
from streaming.errors import BadInput
from streaming.kafka.ingress import Ingress
from streaming.kafka.settings import Address
from streaming.recordings.reader import Recording
from streaming.sources.kafka import KafkaSource
from streaming.wire import topics
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from streaming.wire.messages import decode_stats
from streaming.wire.records import Telemetry
from tests import real_cluster
from tests.faults.live import SPORT, load
from tests.streaming.cli.test_cli import recording, refused
from tests.streaming.kafka.conftest import OwnSport
from tests.streaming.toy import TOY, game, mark, track

assert recording  # a fixture
ELSEWHERE = "kafka://127.0.0.1:1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sink", "stats.jsonl"], "touchline replay {rec} --out stats.jsonl"),
        (["--sink", ELSEWHERE, "--runner", "flink"], "a job goes from Kafka to Kafka"),
        (["--sink", "file://stats.csv"], "unknown sink 'csv': this installation knows jsonl, kafka, parquet, vtt"),
        (["--sink", ELSEWHERE, "--speed", "fast"], "'fast' is not a speed"),
        (["--sink", "stats.csv"], "unknown sink 'csv': this installation knows jsonl, kafka, parquet, vtt"),
        (["--sink", "stats"], "'stats' is neither a URL nor a file with an ending: this installation knows jsonl, kafka"),
        (["--sink", "kinesis://stream"], "unknown sink 'kinesis': this installation knows jsonl, kafka, parquet, vtt"),
    ],
)
def test_run_with_contradicting_options_is_refused(recording, capsys, options, words):
    for source in (str(recording), f"file://{recording}"):
        assert words.format(rec=recording) in refused(capsys, "run", "--source", source, *options)


def test_run_of_an_absent_source_is_refused(capsys, tmp_path):
    for source, sentence in (
        ("mqtt://host", "unknown source 'mqtt': this installation knows file, kafka, simulator"),
        (str(tmp_path / "no"), f"there is no recording at {tmp_path / 'no'}"),
        ("simulator://chess", "unknown simulator 'chess': this installation knows f1, mlb, nfl, soccer"),
        ("simulator://soccer?seed=x", "seed and t0_us are whole numbers, minutes is a number"),
        ("simulator://soccer?wind=3", "the soccer simulator has no option 'wind'; its options: finishing"),
    ):
        assert sentence in refused(capsys, "run", "--source", source, "--sink", ELSEWHERE)
    assert f"there is no recording at {tmp_path / 'no'}" in refused(
        capsys, "run", "--source", f"file://{tmp_path / 'no'}", "--sink", ELSEWHERE
    )
    assert "a job goes from Kafka" in refused(
        capsys, "run", "--source", ELSEWHERE, "--sink", ELSEWHERE, "--runner", "flink", "--record", str(tmp_path)
    )


@pytest.fixture
def address(kafka: Address) -> Address:
    real_cluster.recreate_topics(kafka, SPORT)
    return kafka


def lines(path: Path) -> dict[tuple[str, int], object]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({(u["id"], u.get("revision", 0)) for u in found}) == len(found)
    return {(u["id"], u.get("revision", 0)): (u["value"], u["window_us"], u["quality"]) for u in found}


@pytest.mark.cluster
@pytest.mark.slow
def test_recording_to_a_broker_equals_its_replay(address, recording, tmp_path, capsys):
    assert run(["replay", str(recording), "--out", str(tmp_path / "replayed.jsonl")]) == 0
    copies = tmp_path / "copies"
    assert run(["run", "--source", f"file://{recording}", "--sink", address.text, "--record", str(copies)]) == 0
    assert f"recorded 1 games in {copies}" in capsys.readouterr().out
    found = [
        u for r in real_cluster.records(address, topics.stats(SPORT)) for u in decode_stats(r.value).updates if u.quality == "final"
    ]
    wanted = lines(tmp_path / "replayed.jsonl")
    assert len(found) == len(wanted)
    assert {(u.id, u.revision) for u in found} == wanted.keys()
    original = Recording(recording)
    assert len(list(real_cluster.records(address, topics.events(SPORT)))) == original.events
    assert [r.key for r in real_cluster.records(address, topics.games(SPORT))] == [original.game.game.encode()]
    assert list(real_cluster.records(address, topics.positions(SPORT)))
    copy = Recording(copies / original.game.game)
    assert (copy.game, copy.samples, copy.read_events()) == (original.game, original.samples, original.read_events())


@pytest.mark.cluster
@pytest.mark.slow
def test_games_of_a_broker_are_written_to_a_file_and_recorded(address, tmp_path):
    """Their stats are those that a replay of what was recorded gives."""
    played, out, folder = load(20.0), tmp_path / "stats.jsonl", tmp_path / "games"
    with real_cluster.Program(
        "run", "--source", address.text, "--sink", str(out), "--record", str(folder), "--sport", SPORT
    ) as program:
        program.wait_for("on the air", 90)
        with Ingress(address, load_sport(SPORT), packed=True) as ingress:
            for name in ("filed-1", "filed-2"):
                ingress.start(played.as_game(name, 0))
                for _, item in played.items:
                    ingress.send(moved(item, name, 0, 0))
                ingress.end(name)
            ingress.raw("unknown", b"nonsense")
        real_cluster.until(lambda: (folder / "filed-1").exists() and (folder / "filed-2").exists(), "both games are over", 60)
        code, output = program.stop()
    assert code == 0, output
    assert re.search(r"2 games, [\d,]+ values in .*; not used: 1 \w", output), output
    assert f"recorded 2 games in {folder}" in output
    written = lines(out)
    wanted: dict[tuple[str, int], object] = {}
    for name in ("filed-1", "filed-2"):
        assert run(["replay", str(folder / name), "--out", str(tmp_path / f"{name}.jsonl")]) == 0
        wanted |= lines(tmp_path / f"{name}.jsonl")
    assert written == wanted


@pytest.mark.cluster
@pytest.mark.slow
def test_run_with_record_makes_recordings_of_its_games(address, tmp_path):
    played = load(20.0)
    with real_cluster.start_operator(address, SPORT, "--record", str(tmp_path)) as operator:
        with Ingress(address, load_sport(SPORT)) as ingress:
            ingress.start(played.as_game("both", 0))
            for _, item in played.items:
                ingress.send(moved(item, "both", 0, 0))
        real_cluster.until(lambda: real_cluster.lag(address, SPORT, "touchline") == 0, "all input used and committed")
        code, output = operator.stop()
    assert code == 0, output
    assert f"recorded 1 games in {tmp_path}" in output, "what a game that is still on had by then"
    assert Recording(tmp_path / "both").samples == sum(len(item) for _, item in played.items if isinstance(item, Telemetry))
    assert list(real_cluster.records(address, topics.stats(SPORT)))


@pytest.mark.cluster
def test_recording_started_late_takes_games_from_their_beginning(own_sport: OwnSport, tmp_path):
    """A recording that is started in the middle of a game finds its beginning on the broker; an error in it stops the run."""
    own_sport.name = TOY.name
    real_cluster.recreate_topics(own_sport.address, TOY.name, 1)
    first, rest = [GameStart(record=game()), track(3.0), mark(1, 2.0)], [track(2.0, start_s=3.0), GameEnd(game="toy-1")]
    for record in first:
        own_sport.put(topics.telemetry(TOY.name), "toy-1", encode_feed(record))
    stop = threading.Event()
    with captured(KafkaSource(own_sport.address, TOY.name), tmp_path, stop):
        for record in rest:
            own_sport.put(topics.telemetry(TOY.name), "toy-1", encode_feed(record))
        real_cluster.until(lambda: (tmp_path / "toy-1").exists(), "the game is over", 30)
    assert not stop.is_set()
    found = Recording(tmp_path / "toy-1")
    assert (found.samples, found.events) == (625, 1)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "toy-1").touch()
    refused_as = pytest.raises(BadInput, match="toy-1 exists already and is not a folder")
    with refused_as, captured(KafkaSource(own_sport.address, TOY.name), tmp_path / "taken", stop):
        real_cluster.until(stop.is_set, "the run is stopped", 30)
    with pytest.raises(BadInput, match="cannot record in"):
        captured(KafkaSource(own_sport.address, TOY.name), tmp_path / "taken" / "toy-1", stop).__enter__()
