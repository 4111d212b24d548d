"""Parquet columns as arrays, with one clear sentence for a file that is not what it should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from models.base import Floats


def read_table(path: Path, needed: Iterable[str]) -> Any:
    """The Arrow table at ``path``; ``ValueError`` names the file and what it lacks."""
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from None
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise ValueError(f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    return table


def column(table: Any, name: str) -> Floats:
    """A numeric or boolean column as float64, null as NaN."""
    import pyarrow

    values = table[name]
    if pyarrow.types.is_boolean(values.type):
        values = values.cast(pyarrow.uint8())
    if not (pyarrow.types.is_integer(values.type) or pyarrow.types.is_floating(values.type)):
        raise ValueError(f"column {name} holds {values.type}, not numbers")
    return np.asarray(values.cast(pyarrow.float64()).to_numpy(zero_copy_only=False), np.float64)


def write_table(path: Path, columns: dict[str, Any]) -> None:
    """Write a Parquet file in one move: a broken run leaves nothing half-written."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        pyarrow.parquet.write_table(pyarrow.table(columns), part, compression="zstd")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
