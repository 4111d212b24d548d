"""A sink writes the values of the messages, and leaves a file only when the run has ended well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.recordings.stat_table import STAT_SCHEMA, stat_table
from streaming.sinks import ListSink
from streaming.sinks.jsonl import StatJsonlSink, lines
from streaming.sinks.parquet import StatParquetSink
from streaming.wire.blocks import DeadLetter, FrameBlock, Output, StatBlock
from streaming.wire.records import FrameUse, ModelUse, decode_stat, encode

T0 = 1_700_000_000_000_000


def window_block(windows: int = 3, dims: int = 0, live: bool = True, **fields: object) -> StatBlock:
    shape = (windows, 3, dims) if dims else (windows, 3)
    values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape) / 3
    values.reshape(-1)[::4] = np.nan
    values.reshape(-1)[1::5] = np.inf
    end_us = T0 + np.arange(windows) * 200_000
    mask = np.arange(windows * 3).reshape(windows, 3) % 4 != 1
    rest: dict[str, Any] = {"quality": "final", "live": mask if live else None} | fields
    subjects = ("p1", 'p"2', "ö")
    return StatBlock(
        stat="toy.player.speed",
        game="g1",
        sport="toy",
        unit="km/h",
        subjects=subjects,
        end_us=end_us,
        span_us=400_000,
        values=values,
        ingress_us=end_us + 9,
        **rest,
    )


def event_block(value: object, **fields: object) -> StatBlock:
    return StatBlock(
        stat="toy.shot.chance",
        game="g1",
        sport="toy",
        unit="0..1",
        subjects=("p1",),
        end_us=np.array([T0 + 5]),
        span_us=0,
        values=[[value]],
        quality="final",
        ingress_us=np.array([T0 + 6]),
        event="e1",
        revision=2,
        frame=FrameUse(t_us=T0 + 1, offset_us=-4),
        model=ModelUse(name="chance", version="1", attributions=[("distance", -0.25, 21.5)]),
        **fields,
    )


BLOCKS = [
    window_block(), window_block(dims=2), window_block(live=False), window_block(windows=0),
    window_block(quality="provisional"), event_block(0.25), event_block(float("nan")), event_block("a story"),
    event_block([0.5, float("nan")]), event_block(None),
    event_block({"label": "goal", "score": 0.5, "basis": [{"event": "e", "n": 3}, ["x", None, 1.5, True]]}), event_block({}),
]  # fmt: skip


def value_of(row: dict[str, object]) -> object:
    """The value of a row of the table, as the message has it."""
    found = [row[name] for name in ("value", "values", "text") if row[name] is not None]
    found += [json.loads(str(row["object"]))] if row["object"] is not None else []
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("block", BLOCKS)
def test_table_row_equals_the_message(block: StatBlock) -> None:
    rows = stat_table([(block, 77)]).to_pylist()
    updates = list(block.updates(77))
    assert len(rows) == len(updates)
    for row, update in zip(rows, updates, strict=True):
        assert value_of(row) == update.value
        assert (row["id"], row["stat"], row["subject"]) == (update.id, update.stat, update.subject)
        assert (row["unit"], row["quality"], row["revision"]) == (update.unit, update.quality, update.revision)
        assert (row["window_start_us"], row["window_end_us"]) == update.window_us
        assert (row["event_us"], row["ingress_us"], row["published_us"]) == (
            update.clocks.event_us,
            update.clocks.ingress_us,
            update.clocks.published_us,
        )
        assert row["event"] == update.event
        assert (row["frame_us"], row["frame_offset_us"]) == (
            (update.frame.t_us, update.frame.offset_us) if update.frame else (None, None)
        )
        assert row["model"] == (update.model.name if update.model else None)
        assert row["attributions"] == ('[["distance",-0.25,21.5]]' if update.model else None)


def test_many_blocks_make_one_table_in_order() -> None:
    rows = stat_table([(block, 1) for block in BLOCKS]).to_pylist()
    assert [row["id"] for row in rows] == [update.id for block in BLOCKS for update in block.updates(1)]
    assert stat_table([]).schema == STAT_SCHEMA


@pytest.mark.parametrize("block", BLOCKS)
def test_jsonl_line_is_the_message(block: StatBlock) -> None:
    assert lines(block, 77) == b"".join(encode(update) + b"\n" for update in block.updates(77))


def test_object_stat_is_readable_by_duckdb_and_pandas_without_nan(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    sink = StatParquetSink(tmp_path / "stats.parquet")
    clip = {"label": "goal", "score": float("nan"), "basis": [{"value": np.float64(2.5), "all": np.array([1.0, np.inf])}]}
    sink.write([event_block(clip), event_block("words"), event_block(0.5)], T0 + 50)
    sink.close()
    query = f"select object->>'label', object->'basis'->0->>'value', text, value from '{tmp_path / 'stats.parquet'}'"
    assert duckdb.sql(query).fetchall() == [("goal", "2.5", None, None), (None, None, "words", None), (None, None, None, 0.5)]
    column = pq.read_table(tmp_path / "stats.parquet")["object"].to_pylist()
    assert column == ['{"label":"goal","score":null,"basis":[{"value":2.5,"all":[1.0,null]}]}', None, None]


names = st.text(min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    data=st.data(),
    windows=st.integers(1, 3),
    subjects=st.lists(names, min_size=1, max_size=4, unique=True),
    dims=st.integers(0, 3),
    revision=st.integers(0, 3),
    stat=names,
    game=names,
    masked=st.booleans(),
)
def test_any_block_is_written_as_its_messages(
    data: st.DataObject, windows: int, subjects: list[str], dims: int, revision: int, stat: str, game: str, masked: bool
) -> None:
    shape = (windows, len(subjects), dims) if dims else (windows, len(subjects))
    size = int(np.prod(shape))
    flat = data.draw(st.lists(st.floats(), min_size=size, max_size=size))
    live = data.draw(st.lists(st.booleans(), min_size=windows * len(subjects), max_size=windows * len(subjects)))
    block = StatBlock(
        stat=stat,
        game=game,
        sport="toy",
        unit="m",
        subjects=tuple(subjects),
        end_us=T0 + np.arange(windows),
        span_us=5,
        values=np.array(flat).reshape(shape),
        quality="stale",
        ingress_us=T0 + np.arange(windows),
        live=np.array(live).reshape(windows, -1) if masked else None,
        revision=revision,
    )
    written = lines(block, 1).splitlines(keepends=True)
    assert written == [encode(update) + b"\n" for update in block.updates(1)]
    updates = [decode_stat(line) for line in written]
    rows = stat_table([(block, 1)]).to_pylist()
    assert [(row["id"], row["values"] if dims else row["value"]) for row in rows] == [(u.id, u.value) for u in updates]


OUTPUTS: list[Output] = [
    window_block(),
    FrameBlock("g1", "toy", ("p1",), np.array([T0]), np.zeros((1, 1, 3), np.float32)),
    DeadLetter("events.toy", "g1", "bad event", T0, b"{"),
    window_block(quality="provisional"),
    event_block(0.5),
]


@pytest.mark.parametrize("final_only", [False, True])
def test_file_has_only_the_requested_stats(tmp_path: Path, final_only: bool) -> None:
    memory = ListSink()
    parquet = StatParquetSink(tmp_path / "stats.parquet", final_only=final_only)
    jsonl = StatJsonlSink(tmp_path / "stats.jsonl", final_only=final_only)
    for sink in (memory, parquet, jsonl):
        sink.write(OUTPUTS, T0 + 50)
        sink.write(OUTPUTS, T0 + 60)
        sink.close()
    expected = [update for update in memory.updates() if update.quality == "final" or not final_only]
    assert [decode_stat(line) for line in (tmp_path / "stats.jsonl").read_bytes().splitlines()] == expected
    rows = pq.ParquetFile(tmp_path / "stats.parquet").read().to_pylist()
    assert [(r["id"], r["published_us"]) for r in rows] == [(u.id, u.clocks.published_us) for u in expected]
    assert memory.closed
    assert len(memory.frames()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stats.jsonl", "stats.parquet"]


@pytest.mark.parametrize("sink", [StatParquetSink, StatJsonlSink])
def test_failed_run_leaves_no_file(tmp_path: Path, sink: type[StatParquetSink] | type[StatJsonlSink]) -> None:
    def run() -> None:
        with sink(tmp_path / "out") as opened:
            opened.write(OUTPUTS, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("sink", [StatParquetSink, StatJsonlSink])
def test_run_without_stats_makes_an_empty_file(tmp_path: Path, sink: type[StatParquetSink] | type[StatJsonlSink]) -> None:
    sink(tmp_path / "out").close()
    if sink is StatParquetSink:
        assert pq.ParquetFile(tmp_path / "out").schema_arrow == STAT_SCHEMA
    else:
        assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("sink", [StatParquetSink, StatJsonlSink])
def test_existing_file_is_not_overwritten(tmp_path: Path, sink: type[StatParquetSink] | type[StatJsonlSink]) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="exists already"):
        sink(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
    sink(tmp_path / "out", overwrite=True).close()
    assert (tmp_path / "out").read_bytes() != b"mine"


@pytest.mark.slow
def test_running_game_imports_no_pandas(tmp_path: Path) -> None:
    """pyarrow's conversions import pandas when it is installed, which would hold up a live game for a second."""
    import subprocess
    import sys

    program = f"""
import sys
from tests.streaming.sinks.test_sinks import OUTPUTS, T0
from tests.streaming.recordings.test_reader import GAME, event, frame
from streaming.recordings.reader import Recording, Writer
from streaming.sinks.parquet import StatParquetSink
sink = StatParquetSink({str(tmp_path / "out")!r})
sink.write(OUTPUTS, T0)
sink.close()
with Writer({str(tmp_path / "rec")!r}, GAME) as writer:
    writer.write(frame(1, in_play=1.0))
    writer.write(event(1, x_m=2.0))
assert len(list(Recording({str(tmp_path / "rec")!r}).records())) == 2
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
