"""Opening a Parquet file that may be hostile: what its pages unpack to is bounded before any of them is unpacked.

The footer's own figures are not believed: the headers of all pages are read (Thrift's compact protocol, as in the format's
``parquet.thrift``), and their sizes and numbers of values added up. Words that are kept once and repeated are unfolded by Arrow, so
their length is added up as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from simulators.providers._limits import SETTING, check_columns, limits
from streaming.errors import BadInput

#: fields of a PageHeader: unpacked and packed bytes, and the three kinds of header, whose first field is the number of values
_UNPACKED, _PACKED, _WORDS = 2, 3, 7
_VALUES = (5, _WORDS, 8)
#: a value in memory, bytes
_VALUE_BYTES: Final = 8
_DEEPEST: Final = 16
_BYTE_ARRAY: Final = "BYTE_ARRAY"


def parquet(path: Path, body: bytes, read_dictionary: Sequence[str] = ()) -> Any:
    """A ``pyarrow.parquet.ParquetFile`` of ``body``. ``BadInput`` when it would unpack to more than the limit, or its pages are not
    where its footer has them; Arrow's own errors when its footer cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(body))
    meta, names = file.metadata, file.schema_arrow.names
    check_columns(path, meta.num_columns)
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise BadInput(f"{path} has two columns called {twice}")
    rows = max(meta.num_rows, 0)
    total, unfolded = rows * meta.num_columns * _VALUE_BYTES, 0
    for group in range(meta.num_row_groups):
        for number in range(meta.num_columns):
            column = meta.row_group(group).column(number)
            try:
                found = _pages(body, column)
            except (IndexError, ValueError, RecursionError) as error:
                raise BadInput(f"{path} cannot be read as Parquet: it is damaged or cut short ({column.path_in_schema})") from error
            total += found.unpacked + found.values * _VALUE_BYTES
            unfolded += found.values * found.words
    most = limits().unpacked_bytes
    if total > most or (unfolded > most and _length_of_words(body, meta) > most):
        raise BadInput(f"{path} holds more than {limits().mb:,} MB unpacked; {SETTING} sets how much may be read")
    folded = [name for name in read_dictionary if name in names]
    return pq.ParquetFile(pa.BufferReader(body), read_dictionary=folded) if folded else file


def _length_of_words(body: bytes, meta: Any) -> int:
    """Bytes of all words together, were each written where it stands."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = [meta.schema.column(number) for number in range(meta.num_columns)]
    names = [column.path for column in schema if column.physical_type == _BYTE_ARRAY]
    total = 0
    folded = pq.ParquetFile(pa.BufferReader(body), read_dictionary=names)
    for group in range(meta.num_row_groups):
        table = folded.read_row_group(group, columns=names, use_threads=False)
        total += sum(_length(chunk) for chunked in table.columns for chunk in chunked.chunks)
    return total


def _length(array: Any) -> int:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = np.array([len(word or "") for word in array.dictionary.to_pylist()], np.int64)
        indices = array.indices.drop_null().to_numpy(zero_copy_only=False)
        return int(lengths[indices].sum())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _length(array.flatten())
    if pa.types.is_struct(kind):
        return sum(_length(array.field(number)) for number in range(kind.num_fields))
    return int(array.nbytes)


class _Found(NamedTuple):
    """Of a column's pages: bytes that they unpack to, values that they hold, and bytes of the words that are kept once."""

    unpacked: int
    values: int
    words: int


def _pages(body: bytes, column: Any) -> _Found:
    start = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    if not 0 < start <= end <= len(body):
        raise ValueError("a column lies outside of its file")
    unpacked = values = words = 0
    at = start
    while at < end:
        header = _Header(body, at)
        if header.packed < 0 or header.unpacked < 0 or header.values < 0:
            raise ValueError("a page of a negative size")
        unpacked, values = unpacked + header.unpacked, values + header.values
        if header.words and column.physical_type == _BYTE_ARRAY:
            words += header.unpacked
        at = header.end + header.packed
    return _Found(unpacked, values, words)


class _Header:
    """A page's header at ``at`` in ``body``: sizes, number of values, and where it ends."""

    def __init__(self, body: bytes, at: int) -> None:
        self._body, self._at = body, at
        self.unpacked = self.packed = self.values = -1
        self.words = False
        for field, kind in self._fields():
            if field == _UNPACKED and kind == 5:
                self.unpacked = self._zigzag()
            elif field == _PACKED and kind == 5:
                self.packed = self._zigzag()
            elif field in _VALUES and kind == 12:
                self.words = field == _WORDS
                self._read_values()
            else:
                self._skip(kind, 0)
        self.end = self._at

    def _read_values(self) -> None:
        for field, kind in self._fields():
            if field == 1 and kind == 5:
                self.values = self._zigzag()
            else:
                self._skip(kind, 1)

    def _fields(self) -> Iterator[tuple[int, int]]:
        """(number, type) of the fields of a struct; the value of each is to be read before the next is asked for."""
        field = 0
        while True:
            head = self._byte()
            if head == 0:
                return
            field = field + (head >> 4) if head >> 4 else self._zigzag()
            yield field, head & 15

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("a header nested too deeply")
        if kind in (1, 2):  # a boolean, which is its type
            return
        if kind == 3:
            self._at += 1
        elif kind in (4, 5, 6):
            self._varint()
        elif kind == 7:
            self._at += 8
        elif kind == 8:
            length = self._varint()
            self._at += length
        elif kind in (9, 10):
            self._skip_list(depth)
        elif kind == 12:
            for _, inside in self._fields():
                self._skip(inside, depth + 1)
        else:
            raise ValueError("a header of no known type")
        if self._at > len(self._body):
            raise ValueError("a header that is cut short")

    def _skip_list(self, depth: int) -> None:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self._body):
            raise ValueError("a list longer than its file")
        for _ in range(count):
            if head & 15 in (1, 2):
                self._at += 1
            else:
                self._skip(head & 15, depth + 1)

    def _byte(self) -> int:
        self._at += 1
        return self._body[self._at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("a number that is too long")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
