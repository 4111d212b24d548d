"""A Parquet or CSV file as Arrow has it: only the columns that are wanted, its cells as they are written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from simulators.providers._files import content, delimiter_of, opened
from simulators.providers._limits import check_columns
from simulators.providers._parquet import parquet
from streaming.errors import BadInput

#: cells that stand for an empty one, in the files of R and pandas
EMPTY_CELLS: Final = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "<NA>")


def arrow_table(path: Path, wanted: Callable[[str], bool]) -> Any:
    """A Parquet or CSV file, only the columns that are ``wanted``. The cells of a CSV file stay as they are written, null where
    they are one of :data:`EMPTY_CELLS`: the reader chooses the type of a cell."""
    import pyarrow as pa

    body = content(path)
    try:
        if body[:4] != b"PAR1":
            return _csv(path, body, wanted)
        file = parquet(path, body)
        return file.read([name for name in file.schema_arrow.names if wanted(name)])
    except (pa.ArrowException, OSError, csv.Error) as error:
        raise BadInput(f"{path} cannot be read as Parquet or CSV: it is damaged, cut short or something else") from error


def header(path: Path) -> list[str]:
    """The names of the columns of a Parquet or CSV file; nothing more of it is read."""
    import pyarrow as pa

    try:
        with opened(path) as file:
            if file.peek(4)[:4] != b"PAR1":
                first = file.readline().decode("utf-8-sig")
                return next(csv.reader([first], delimiter=delimiter_of(first)), [])
        return list(parquet(path, content(path)).schema_arrow.names)
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} cannot be read as Parquet or CSV: it is damaged, cut short or something else") from error


def _csv(path: Path, body: bytes, wanted: Callable[[str], bool]) -> Any:
    import pyarrow as pa
    import pyarrow.csv as pc

    first = body.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r")
    mark = delimiter_of(first)
    names = next(csv.reader([first], delimiter=mark), [])
    check_columns(path, len(names))
    twice = next((name for name in names if names.count(name) > 1 and wanted(name)), None)
    if twice is not None:
        raise BadInput(f"{path} has two columns called {twice}")
    chosen = [name for name in names if wanted(name)]
    if not chosen:
        return pa.table({})
    convert = pc.ConvertOptions(
        include_columns=chosen,
        column_types={name: pa.string() for name in chosen},
        strings_can_be_null=True,
        null_values=list(EMPTY_CELLS),
    )
    try:
        return pc.read_csv(pa.BufferReader(body), pc.ReadOptions(use_threads=False), pc.ParseOptions(delimiter=mark), convert)
    except pa.ArrowException as error:
        found = csv.reader(body.decode("utf-8-sig", "replace").splitlines(), delimiter=mark)
        for number, cells in enumerate(found):
            if cells and len(cells) != len(names):
                raise BadInput(
                    f"{path} is damaged or cut short: row {number} has {len(cells)} cells, and the header names {len(names)}"
                ) from error
        raise
