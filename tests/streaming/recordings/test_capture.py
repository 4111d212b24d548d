"""A recording of each game as its input passes: it holds every record, and is there when the game is over."""

from __future__ import annotations

import msgspec
import pytest

from streaming.recordings.capture import GameRecorder
from streaming.recordings.reader import Recording
from streaming.wire.feed import GameEnd, GameStart, encode_feed
from tests.streaming.toy import T0, game, mark, track

NOW = T0 + 77


def named(name: str):  # type: ignore[no-untyped-def]
    return msgspec.structs.replace(game(), game=name)


def feed(name: str) -> list[bytes]:
    packet, event = track(2.0), msgspec.structs.replace(mark(1, 1.5), game=name)
    packet.game = name
    return [encode_feed(record) for record in (GameStart(record=named(name)), packet, event, GameEnd(game=name))]


def test_recordings_of_several_games_appear_as_each_ends(tmp_path):
    with GameRecorder(tmp_path, "toy") as capture:
        for one, two in zip(feed("toy/1"), [*feed("..")[:3], b""], strict=True):
            capture.take("toy/1", one, NOW)
            if two:
                capture.take("..", two, NOW)
        assert capture.finished == [tmp_path / "toy%2F1"]
    assert capture.finished == [tmp_path / "toy%2F1", tmp_path / "%2E."]
    for path, name in zip(capture.finished, ("toy/1", ".."), strict=True):
        found = Recording(path)
        assert (found.game, found.samples, found.events) == (named(name), 250, 1)
        packet, event = found.records()
        assert packet.t_us.tolist() == track(2.0).t_us.tolist()
        assert packet.arrival_us.tolist() == track(2.0).arrival_us.tolist()
        assert event == msgspec.structs.replace(mark(1, 1.5), game=name)


def test_record_without_arrival_stamp_gets_the_broker_s(tmp_path):
    packet = track(0.2)
    packet.arrival_us = 0
    with GameRecorder(tmp_path, "toy") as capture:
        capture.take("toy-1", encode_feed(GameStart(record=game())), NOW)
        capture.take("toy-1", encode_feed(packet), NOW)
        capture.take("toy-1", encode_feed(msgspec.structs.replace(mark(1, 0.1), arrival_us=0)), NOW + 5)
    packet, event = Recording(tmp_path / "toy-1").records()
    assert set(packet.arrival_us.tolist()) == {NOW}
    assert event.arrival_us == NOW + 5


def test_unusable_record_is_a_dead_letter_or_counted_as_unclaimed(tmp_path):
    import pyarrow.parquet as pq

    start, packet, event, end = feed("toy-1")
    with GameRecorder(tmp_path, "toy") as capture:
        capture.take("toy-1", packet, NOW)
        assert capture.unclaimed == 1, "nothing says who plays"
        for raw in (start, start, b"nonsense", feed("toy-2")[1], packet, end):
            capture.take("toy-1", raw, NOW)
        capture.take("toy-1", event, NOW)
        assert capture.unclaimed == 2, "it is over"
    rows = pq.read_table(tmp_path / "toy-1" / "dead").to_pylist()
    assert [(row["payload"], row["arrival_us"]) for row in rows] == [(b"nonsense", NOW), (feed("toy-2")[1], NOW)]
    assert rows[1]["reason"] == "another game"


def test_error_leaves_no_recording_of_running_games(tmp_path):
    def broken_off() -> None:
        with GameRecorder(tmp_path, "toy") as capture:
            for name, raw in [*(("over", raw) for raw in feed("over")), *(("on", raw) for raw in feed("on")[:3])]:
                capture.take(name, raw, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert [path.name for path in tmp_path.iterdir()] == ["over"]


def test_tee_passes_records_on_and_records_the_operator_s_outputs(tmp_path):
    stream = [track(1.0), T0 + 2_000_000, mark(1, 0.5)]
    with GameRecorder(tmp_path, "toy") as capture:
        assert list(capture.tee(game(), stream)) == stream
    found = Recording(tmp_path / "toy-1")
    assert (found.samples, found.events) == (125, 1)
