"""A disk that takes its time never delays a game on the air: its recording waits in memory, up to a bound, and then ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streaming.recordings import parquet_parts, writer
from streaming.recordings.capture import MOST_WAITING, LiveRecorder
from streaming.recordings.reader import Recording
from tests.streaming import helpers, toy
from tests.waiting import contention, until

#: a write of the slow disk, s
WRITE_S = 0.05
#: what the thread of a game may lose to its recording at one record, s
MOST_S = 0.1


class SlowFile:
    """A file each write of which waits for the disk, or until it answers again."""

    def __init__(self, path: Path, answers: threading.Event | None) -> None:
        self._file, self._answers = open(path, "wb"), answers  # noqa: SIM115 (closed by ``close``)
        self.closed = False

    def write(self, data: Any) -> int:
        if self._answers is None:
            time.sleep(WRITE_S)
        else:
            self._answers.wait(30)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        self.closed = True


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Recordings go to a slow disk; ``answers`` is None, or set once the disk does anything at all."""
    shape: dict[str, Any] = {"answers": None}
    plain = parquet_parts.pq.ParquetWriter

    class Slow(plain):  # type: ignore[misc, valid-type]
        def __init__(self, path: Path, schema: Any, **options: Any) -> None:
            self.slow_file = SlowFile(path, shape["answers"])
            super().__init__(self.slow_file, schema, **options)

        def close(self) -> None:
            super().close()
            self.slow_file.close()

    monkeypatch.setattr(parquet_parts.pq, "ParquetWriter", Slow)
    monkeypatch.setattr(writer, "GROUP_ROWS", 2_500)
    yield shape
    if shape["answers"] is not None:
        shape["answers"].set()


def recorded(recorder: LiveRecorder) -> tuple[int, float]:
    """(records that came through, the longest that one of them was held up, s) of a game of 40 s."""
    count, longest_s = 0, 0.0
    records = recorder.tee(helpers.cut(toy.track(40.0), [125]))
    while True:
        began = time.perf_counter()
        record = next(records, None)
        took_s = time.perf_counter() - began
        if record is None:
            return count, longest_s
        if count:  # the folder is made before the first
            longest_s = max(longest_s, took_s)
        count += 1


@pytest.mark.slow
def test_slow_disk_delays_no_record_and_the_recording_is_whole(slow: dict[str, Any], tmp_path: Path) -> None:
    """Two row groups, of which each takes the disk seconds."""
    recorder = LiveRecorder(tmp_path, toy.game())
    count, longest_s = recorded(recorder)
    recorder.close()
    assert longest_s < MOST_S * contention()
    assert recorder.failed == ""
    assert sum(len(record) for record in Recording(tmp_path / "toy-1").records()) == 125 * count


def test_disk_that_does_not_answer_ends_the_recording_and_not_the_game(
    slow: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow["answers"] = answers = threading.Event()
    monkeypatch.setattr(writer, "GROUP_ROWS", 500)
    recorder = LiveRecorder(tmp_path, toy.game())
    count, longest_s = recorded(recorder)
    recorder.write([], 0)
    assert count == 40
    assert longest_s < MOST_S * contention()
    (line,) = [record.getMessage() for record in caplog.records]
    assert "toy-1 is no longer recorded: the disk of" in line
    assert f"is too slow: {MOST_WAITING} parts of telemetry wait for it" in line
    answers.set()
    recorder.close()
    until(lambda: list(tmp_path.iterdir()) == [], "nothing of it is left")
