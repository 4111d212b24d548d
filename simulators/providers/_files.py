"""Opening a provider's files, gzipped or not, with one sentence for each fault. What is opened is bounded (:mod:`_limits`),
and is the place where reading is (:mod:`_place`)."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from simulators.providers._limits import check_columns, check_unpacked, check_values, count_values
from simulators.providers._parquet import parquet
from simulators.providers._place import Noted, at, noted, noted_rows, noting
from streaming.errors import BadInput
from streaming.recordings import arrow

_GZIP = b"\x1f\x8b"
#: what is packed in a way that no reader unpacks
_PACKED = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"(\xb5/\xfd": "zstd", b"7z\xbc\xaf": "7z"}
_CHUNK_BYTES = 1 << 20
#: a coordinate that is larger cannot be rounded, and is none
_FARTHEST_M = 1e300


class _Bounded(io.RawIOBase):
    """The bytes of a file, unpacked, up to the limits."""

    def __init__(self, path: Path, raw: IO[bytes]) -> None:
        self._path, self._raw, self._unpacked, self._values = path, raw, 0, 0
        start = raw.read(8)
        raw.seek(0)
        kind = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), None)
        if kind is not None:
            raise BadInput(f"{path} is packed as {kind}: unpack it first (gzip is read as it is)")
        self._packed = start[:2] == _GZIP
        self._source: IO[bytes] = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if self._packed else raw
        self._counts = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read(len(buffer))
        if not self._unpacked:
            self._counts = chunk[:4] != b"PAR1"
        self._unpacked += len(chunk)
        check_unpacked(self._path, self._unpacked, self._raw.tell() if self._packed else None)
        if self._counts:
            self._values += count_values(chunk)
            check_values(self._path, self._values)
        buffer[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader[Any]]:
    """The file to be read bit by bit, unpacked on the way when it is gzip, whatever its name."""
    at(path)
    try:
        with path.open("rb") as raw, io.BufferedReader(_Bounded(path, raw), _CHUNK_BYTES) as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{path} is cut short or damaged: it is gzip, but does not unpack") from error
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error


def content(path: Path) -> bytes:
    """All bytes."""
    with opened(path) as file:
        return b"".join(iter(lambda: file.read(_CHUNK_BYTES), b""))


def text(path: Path) -> str:
    try:
        return content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not text") from error


def rows(path: Path, provider: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file that has at least ``columns``; cells that are not there are empty."""
    body = text(path)
    reader = csv.DictReader(io.StringIO(body, newline=""), restval="", delimiter=delimiter_of(body.split("\n", 1)[0]))
    try:
        names = list(reader.fieldnames or ())
        check_columns(path, len(names))
        _need(path, provider, columns, names)
        return noted_rows(reader, path) if noting() else list(reader)
    except csv.Error as error:
        raise BadInput(f"{path} is not a CSV file: line {reader.line_num} cannot be read as one") from error


def first_rows(path: Path, count: int) -> list[list[str]]:
    """The cells of the first rows of a CSV file."""
    try:
        return list(islice(csv.reader(io.StringIO(text(path), newline="")), count))
    except csv.Error as error:
        raise BadInput(f"{path} is not a CSV file: its first {count} rows cannot be read as one") from error


def table(path: Path, provider: str, columns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The columns of a Parquet or CSV file that has at least ``columns``, as numpy has them."""
    import pyarrow as pa
    import pyarrow.csv

    body = content(path)
    try:
        if body[:4] == b"PAR1":
            found = parquet(path, body).read()
        else:
            check_columns(path, body.split(b"\n", 1)[0].count(b",") + 1)
            options = pyarrow.csv.ParseOptions(delimiter=delimiter_of(body.split(b"\n", 1)[0].decode("utf-8", "replace")))
            found = pyarrow.csv.read_csv(pa.BufferReader(body), parse_options=options)
    except (pa.ArrowException, OSError) as error:
        kind = "Parquet" if body[:4] == b"PAR1" else "CSV"
        raise BadInput(f"{path} cannot be read as {kind}: it is cut short, damaged or something else") from error
    _need(path, provider, columns, found.column_names)
    twice = next((name for name, count in Counter(found.column_names).items() if count > 1), None)
    if twice is not None:
        raise BadInput(f"{path} has two columns called {twice}")
    columns_ = {name: _numpy(arrow.column(found, name)) for name in found.column_names}
    return Noted(columns_, path, "") if noting() else columns_


def _numpy(column: Any) -> npt.NDArray[Any]:
    """An Arrow column for numpy: NaN where a number is missing, times as datetime64, all else as objects."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and not column.null_count:
        return arrow.view(column, np.int64).view(f"datetime64[{kind.unit}]")
    if pa.types.is_dictionary(kind):
        cells = np.array([*column.dictionary.to_pylist(), None], object)
        found: npt.NDArray[Any] = cells[column.indices.fill_null(len(cells) - 1).to_numpy(zero_copy_only=False)]
        return found
    if pa.types.is_integer(kind) and not column.null_count:
        return arrow.view(column, str(kind))
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = arrow.view(column, {pa.float64(): "float64", pa.float32(): "float32"}.get(kind, str(kind)))
        has = arrow.valid(column)
        return values if has is None else np.where(has, values, np.nan)
    cells_ = np.empty(len(column), object)
    cells_[:] = column.to_pylist()
    return cells_


def document(path: Path) -> dict[str, Any]:
    """A JSON object."""
    found = parsed(text(path), path)
    if not isinstance(found, dict):
        raise BadInput(f"{path} holds no JSON object")
    return found


def listed(path: Path, provider: str, needs: Sequence[str]) -> list[dict[str, Any]]:
    """A JSON list of objects that have all of ``needs``."""
    found = parsed(text(path), path)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadInput(f"{path} is no {provider} file: it is not a list of objects")
    for one in found:
        for name in needs:
            if one.get(name) is None:
                raise BadInput(f"{path} is no {provider} file: an object has no {name}")
    return found


def parsed(body: str, path: Path, line: int = 0) -> Any:
    """The value of a piece of JSON: a whole file, or its ``line``."""
    source = f"{path}{_at(line)}"
    try:
        found = json.loads(body)
        return noted(found, path, _at(line).removeprefix(", ")) if noting() else found
    except json.JSONDecodeError as error:
        raise BadInput(f"{source} is not JSON: it breaks off or goes wrong at line {error.lineno}, column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{source} is not JSON that can be read") from error


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers (1, 2, ...), read bit by bit; empty ones are left out."""
    with opened(path) as file:
        for number_, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number_ == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise BadInput(f"{path} is not text at line {number_}") from error
            if line:
                at(path, f"line {number_}")
                yield number_, line


def pick(files: Sequence[Path], provider: str, what: str, matches: Callable[[str], bool]) -> Path:
    """The one file whose name (lower case, without .gz) ``matches``."""
    path = maybe(files, provider, what, matches)
    if path is None:
        names = ", ".join(path.name for path in files) or "no file"
        raise BadInput(f"{provider} needs {what}, and got {names}")
    return path


def maybe(files: Sequence[Path], provider: str, what: str, matches: Callable[[str], bool]) -> Path | None:
    """As :func:`pick`, None when there is none."""
    found = [path for path in files if matches(path.name.lower().removesuffix(".gz"))]
    if len(found) > 1:
        raise BadInput(f"{provider} takes one file as {what}, and got {', '.join(path.name for path in found)}")
    return found[0] if found else None


def only(files: Sequence[Path], used: Sequence[Path | None], provider: str, what: str) -> None:
    """Refuse files that the provider has no use for."""
    strange = [path for path in files if path not in used]
    if strange:
        raise BadInput(f"{strange[0]} is no file that {provider} knows: it takes {what}")


#: what tables write where there is nothing
_EMPTY = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})


def number(cell: Any, path: Path, name: str, line: int = 0) -> float:
    """A cell as a number, NaN when it is empty or a word for it. A comma is a decimal point. ``line`` is where it stands."""
    if cell is None or isinstance(cell, bool):
        return float("nan")
    if isinstance(cell, (int, float)):
        return float(cell)
    word = str(cell).strip()
    if word.lower() in _EMPTY:
        return float("nan")
    try:
        return float(word.replace(",", ".") if word.count(",") == 1 and "." not in word else word)
    except ValueError:
        raise BadInput(f"{path} has {word!r} in {name}{_at(line)} where a number belongs") from None


def present(cell: Any, path: Path, name: str, line: int = 0) -> float:
    """A cell as a number that must be there."""
    value = number(cell, path, name, line)
    if not np.isfinite(value):
        raise BadInput(f"{path} has nothing in {name}{_at(line)}: it is cut short or no such file")
    return value


def whole(cell: Any, path: Path, name: str, line: int = 0) -> int:
    """A cell as a whole number that must be there; 3.0 is one, 3.5 is none."""
    value = present(cell, path, name, line)
    if value != round(value) or abs(value) > 2**53:
        raise BadInput(f"{path} has {cell!r} in {name}{_at(line)} where a whole number belongs")
    return int(value)


def shirt(cell: Any) -> int | None:
    """A shirt number where there is a readable one."""
    word = str(cell if cell is not None else "").strip().removesuffix(".0")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 4 else None


def unique(idents: Iterable[str], path: Path, what: str) -> None:
    """Refuse a file in which two things of a kind have one id, or one has none."""
    seen: set[str] = set()
    for ident in idents:
        if not ident:
            raise BadInput(f"{path} has {what} without an id")
        if ident in seen:
            raise BadInput(f"{path} has {what} twice: {ident!r}")
        seen.add(ident)


def delimiter_of(header: str) -> str:
    """A table with decimal commas is separated by semicolons."""
    return ";" if header.count(";") > header.count(",") else ","


def _at(line: int) -> str:
    return f", line {line}" if line else ""


def metres(value: float) -> float | None:
    """A coordinate for an event: None instead of NaN, or of one that is larger than can be rounded."""
    return float(np.round(value, 4)) if abs(value) < _FARTHEST_M else None


def _need(path: Path, provider: str, columns: Sequence[str], found: Sequence[str]) -> None:
    missing = [name for name in columns if name not in found]
    if missing:
        raise BadInput(f"{path} is no {provider} file: it has no column {missing[0]}")
