"""Parquet unpacked up to a bound: some kilobytes of it can hold gigabytes, a column that is one value above all.

A footer says how much a row group holds before anything of it is read. Text is the exception, since one long value may stand for
all rows: it is read some rows at a time, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow.parquet as pq

#: a row group of a recording has 65,536 rows (telemetry) or 131,072 (stats)
MAX_GROUP_ROWS: Final = 1 << 20
#: values of a row group; two minutes of a race with all its channels are 13 million
MAX_GROUP_VALUES: Final = 1 << 26
#: bytes of a row group, unpacked
MAX_GROUP_BYTES: Final = 1 << 29
MAX_COLUMNS: Final = 2_048
#: what is read as rows, of one file, bytes: the events of a long race are 12 MB
MAX_ROWS_BYTES: Final = 1 << 29
#: of that at one time
STEP_BYTES: Final = 1 << 25


def check_metadata(metadata: pq.FileMetaData) -> None:
    """``ValueError`` when a row group holds more than any of a recording."""
    if metadata.num_columns > MAX_COLUMNS:
        raise ValueError(f"it has {metadata.num_columns:,} columns")
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        size = sum(group.column(c).total_uncompressed_size for c in range(group.num_columns))
        if not 0 <= group.num_rows <= MAX_GROUP_ROWS or group.num_rows * group.num_columns > MAX_GROUP_VALUES:
            raise ValueError(f"a row group of {group.num_rows:,} rows and {group.num_columns:,} columns is none of a recording")
        if not 0 <= size <= MAX_GROUP_BYTES:
            raise ValueError(f"a row group unpacks to {size:,} bytes")


def rows(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """All rows of a file, or only these columns of them; ``ValueError`` when they hold more than those of any recording."""
    check_metadata(file.metadata)
    total, wanted = 0, None if columns is None else list(columns)
    for index in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(index)
        # of a text the longest value is no longer than all of its column, and may stand in every row
        longest = max((group.column(c).total_uncompressed_size for c in range(group.num_columns)), default=1)
        step = max(1, min(8_192, STEP_BYTES // max(1, longest)))
        for batch in file.iter_batches(step, row_groups=[index], columns=wanted, use_threads=False):
            total += batch.nbytes
            if total > MAX_ROWS_BYTES:
                raise ValueError(f"its rows unpack to more than {MAX_ROWS_BYTES:,} bytes")
            yield from batch.to_pylist()
