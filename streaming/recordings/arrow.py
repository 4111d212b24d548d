"""numpy to Arrow and back over the same memory.

pyarrow's own ``pa.array`` and ``to_numpy`` look for pandas on first use, and thereby import it: that stops a live
game for a second on any machine that has it. The functions here use the buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]


def fixed(values: npt.NDArray[Any], missing: Bools | None = None) -> pa.Array:
    """Numbers or booleans (n,) as an Arrow array, null where ``missing``."""
    kind = pa.from_numpy_dtype(values.dtype)
    body = _bits(values) if values.dtype == np.bool_ else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [_validity(missing), body])


def strings(values: Sequence[str | None]) -> pa.Array:
    """Text, null where None."""
    encoded = [b"" if value is None else value.encode() for value in values]
    missing = np.array([value is None for value in values], np.bool_)
    return _variable(pa.string(), encoded, missing)


def sparse_strings(rows: int, at: npt.NDArray[np.int64], values: Sequence[str]) -> pa.Array:
    """``rows`` cells, null but for ``values`` at the rows ``at`` (increasing)."""
    encoded = [value.encode() for value in values]
    lengths, missing = np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    lengths[at], missing[at] = [len(value) for value in encoded], False
    return _variable(pa.string(), encoded, missing, lengths)


def binaries(values: Sequence[bytes]) -> pa.Array:
    """Bytes, none missing."""
    return _variable(pa.binary(), values, None)


def words(codes: npt.NDArray[np.int32], known: Sequence[str], missing: Bools | None = None) -> pa.DictionaryArray:
    """Text by number: ``known[codes]``."""
    return pa.DictionaryArray.from_arrays(fixed(codes, missing), strings(known))


def lists(values: pa.Array, lengths: npt.NDArray[np.int64], missing: Bools) -> pa.Array:
    """Lists of ``values``, one after the other, of the given lengths (n,)."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    kind = pa.list_(values.type)
    buffers = [_validity(missing), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(kind, len(lengths), buffers, children=[values])


def column(table: pa.Table, name: str) -> pa.Array:
    """A column as one array."""
    chunked = table.column(name)
    return chunked.chunk(0) if chunked.num_chunks == 1 else pa.concat_arrays(chunked.chunks)


def view(array: pa.Array, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The numbers of an array without copying, read-only; what stands where it is null is undefined."""
    if not len(array):
        return np.zeros(0, dtype)
    kind = np.dtype(dtype)
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)


def valid(array: pa.Array) -> Bools | None:
    """(n,) where there is a value; None when that is everywhere."""
    bitmap = array.buffers()[0]
    if array.null_count == 0 or bitmap is None:
        return None
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=array.offset + len(array), bitorder="little")
    return bits[array.offset :].astype(np.bool_)


def _validity(missing: Bools | None) -> pa.Buffer | None:
    return None if missing is None or not missing.any() else _bits(~missing)


def _bits(flags: Bools) -> pa.Buffer:
    """A bitmap, padded to 64 bytes as Arrow's format recommends, since kernels read whole words."""
    packed = np.packbits(flags, bitorder="little")
    return pa.py_buffer(np.pad(packed, (0, -len(packed) % 64)))


def _variable(
    kind: pa.DataType, encoded: Sequence[bytes], missing: Bools | None, lengths: npt.NDArray[np.int64] | None = None
) -> pa.Array:
    if lengths is None:
        lengths = np.array([len(value) for value in encoded], np.int64)
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ValueError("more than 2 GB of text in one row group")
    buffers = [_validity(missing), pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(kind, len(lengths), buffers)
