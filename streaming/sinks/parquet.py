"""Stats as a Parquet file, a row per value, encoded in the background."""

from __future__ import annotations

from pathlib import Path

from streaming.recordings.parquet_parts import AtomicWriter, PartWriter
from streaming.recordings.stat_table import ENCODINGS, StatRows
from streaming.sinks.base import SinkOptions, file_of
from streaming.wire.blocks import Output


class StatParquetSink(AtomicWriter):
    """One Parquet file of stats at ``path``, there when the run has ended well.

    ``final_only`` leaves out provisional and stale values.
    """

    def __init__(self, path: str | Path, *, final_only: bool = False, overwrite: bool = False) -> None:
        super().__init__(path, folder=False, overwrite=overwrite)
        where = self._staged.temporary.parent
        self._staged.temporary = where / "stats" / "part-00000.parquet"
        self._rows = StatRows(PartWriter(where, "stats", groups=1 << 30, **ENCODINGS), final_only=final_only)

    def write(self, outputs: list[Output], published_us: int) -> None:
        self._rows.add(outputs, published_us)

    def _complete(self) -> None:
        self._rows.close(at_least_one=True)

    def _stop(self) -> None:
        self._rows.abort()


def open_parquet(url: str, options: SinkOptions) -> StatParquetSink:
    """The sink of ``FILE.parquet``."""
    return StatParquetSink(file_of(url), final_only=options.final_only, overwrite=options.overwrite)
