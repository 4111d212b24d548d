"""A recording that unpacks to gigabytes is refused with one sentence, and takes no memory."""

from __future__ import annotations

import resource
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streaming.errors import BadInput
from streaming.recordings import unpacking
from streaming.recordings.parquet_parts import Part
from streaming.recordings.reader import Recording, Writer
from streaming.recordings.writer import EVENT_SCHEMA
from streaming.wire.blocks import DeadLetter
from tests.streaming.toy import T0, game, mark, track


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    with Writer(tmp_path / "rec", game()) as writer:
        writer.write(track(2.0))
        for i in range(20):
            writer.write(mark(i, 1.0))
    return tmp_path / "rec"


def replaced(path: Path, kind: str, table: pa.Table) -> None:
    """The part of ``kind`` holds ``table``, and everything that is said of it is right."""
    file = path / kind / "part-00000.parquet"
    pq.write_table(table, file, compression="zstd", row_group_size=1 << 30, store_schema=kind != "events")
    contents = msgspec.json.decode((path / "recording.json").read_bytes())
    part = Part.of(file, f"{kind}/part-00000.parquet", table.num_rows, T0, T0)
    contents["parts"] = [p for p in contents["parts"] if not p["file"].startswith(kind)] + [msgspec.to_builtins(part)]
    (path / "recording.json").write_bytes(msgspec.json.encode(contents))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_text_that_stands_in_every_row_is_bounded(recording: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unpacking, "MAX_ROWS_BYTES", 1 << 26)
    events = Recording(recording)._events[0].read()
    rows = 8_192
    indices = np.zeros(rows, np.int64)
    table = events.take(pa.array(indices))
    long = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(["x" * 1_000_000]))
    table = table.set_column(EVENT_SCHEMA.names.index("outcome"), "outcome", long)
    # the file says text, and holds one value for all rows
    file = recording / "events" / "part-00000.parquet"
    replaced(recording, "events", table)
    assert file.stat().st_size < 100_000
    before = peak_mb()
    found = Recording(recording)
    with pytest.raises(BadInput, match="unpack to more than"):
        found.read_events()
    assert peak_mb() - before < 400


def test_row_group_of_a_billion_values_is_refused_on_opening(recording: Path):
    table = Recording(recording)._telemetry[0].read()
    many = table.take(pa.array(np.zeros((1 << 20) + 1, np.int64)))
    replaced(recording, "telemetry", many)
    assert (recording / "telemetry" / "part-00000.parquet").stat().st_size < 1_000_000
    before = peak_mb()
    with pytest.raises(BadInput, match="is none of a recording"):
        Recording(recording)
    assert peak_mb() - before < 50


def test_nested_attributes_are_one_sentence(recording: Path):
    events = Recording(recording)._events[0].read()
    attrs = pa.array(["[" * 100_000] * events.num_rows)
    replaced(recording, "events", events.set_column(EVENT_SCHEMA.names.index("attrs"), "attrs", attrs))
    with pytest.raises(BadInput, match="is damaged"):
        Recording(recording).read_events()


def test_nested_list_of_parts_is_one_sentence(recording: Path):
    (recording / "recording.json").write_bytes(b'{"format":1,"parts":' + b"[" * 100_000)
    with pytest.raises(BadInput, match="is damaged"):
        Recording(recording)


def test_many_letters_are_written_before_they_fill_the_memory(tmp_path: Path):
    before = peak_mb()
    with Writer(tmp_path / "rec", game()) as writer:
        writer.write(track(1.0))
        for i in range(600):
            writer.write(DeadLetter.of("telemetry.toy", "toy-1", "not telemetry", T0 + i, bytes([i % 256]) * 256_000))
        assert len(writer._dead_rows) < 100
    assert peak_mb() - before < 150
    assert len(Recording(tmp_path / "rec").read("dead")) == 600
