"""Parquet columns as arrays, with one clear sentence for a file that is not what it should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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


def words_of(table: Any, name: str) -> npt.NDArray[np.str_]:
    """(n,) a column of an Arrow table as text, whole numbers as such; "" where there is nothing."""
    return np.array(["" if v is None else str(v) for v in table[name].to_pylist()], np.str_)


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


class Words:
    """A table of any source by name: numbers, words and ids as they are meant, whatever type the file gave them."""

    def __init__(self, path: Path, columns: dict[str, list[Any]], rows: int) -> None:
        self.path, self._columns, self._rows = path, columns, rows

    def words(self, name: str) -> npt.NDArray[np.str_]:
        """(n,) text; "" where there is nothing, throughout when there is no such column."""
        return np.array(["" if v is None else str(v).strip() for v in self._of(name)], np.str_)

    def ids(self, name: str) -> npt.NDArray[np.str_]:
        """(n,) text of whole numbers, written alike whether the file holds 624424, 624424.0 or "624424"."""
        return np.array([v.removesuffix(".0") for v in self.words(name).tolist()], np.str_)

    def numbers(self, name: str) -> Floats:
        """(n,) NaN where there is nothing; ``ValueError`` when something else than a finite number stands there."""
        values = np.full(self._rows, np.nan)
        for i, v in enumerate(self._of(name)):
            if v is None or v == "":
                continue
            try:
                values[i] = float(v)
            except (TypeError, ValueError):
                raise ValueError(f"{self.path}, row {i + 1}: {name} is {str(v)[:40]!r}, not a number") from None
        if np.isinf(values).any():
            raise ValueError(f"{self.path}: {name} holds an infinite number")
        return values

    def _of(self, name: str) -> list[Any]:
        return self._columns.get(name, [None] * self._rows)


def read_any(path: Path, needed: Iterable[str]) -> Words:
    """A .csv, .csv.gz or .parquet file; ``ValueError`` with one sentence when it cannot be read or lacks a column."""
    import pyarrow
    import pyarrow.csv

    if path.suffix == ".parquet":
        table = read_table(path, needed)
    else:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        as_text = pyarrow.csv.ConvertOptions(strings_can_be_null=False)
        try:
            with pyarrow.input_stream(str(path)) as stream:
                table = pyarrow.csv.read_csv(stream, convert_options=as_text)
        except (pyarrow.ArrowException, OSError) as error:
            raise ValueError(f"{path} is not a readable CSV file: {str(error).splitlines()[0]}") from None
        missing = [name for name in needed if name not in table.column_names]
        if missing:
            raise ValueError(f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    return Words(path, {name: table[name].to_pylist() for name in table.column_names}, table.num_rows)
