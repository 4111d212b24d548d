"""A reader of UBJSON, the binary form in which xgboost saves models, that trusts no length in the file.

Source: the format's Draft 12 (ubjson.org), the parts that xgboost writes: objects, arrays, typed and counted arrays,
numbers (big endian), strings, booleans and null. ``ValueError`` with one sentence on anything else.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_NUMBERS: Final = {
    b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8",
}  # fmt: skip
_CONSTANTS: Final[dict[bytes, Any]] = {b"Z": None, b"T": True, b"F": False}
_DEEPEST: Final = 64


def decode(blob: bytes) -> Any:
    """The value in ``blob`` as dicts, lists, strings and numbers.

    >>> decode(b"{i\\x01a[$i#i\\x02\\x07\\x08}")
    {'a': [7, 8]}
    """
    value, end = _value(blob, 0, 0)
    if end != len(blob):
        raise ValueError("the UBJSON document is followed by other bytes")
    return value


def _take(blob: bytes, at: int, size: int) -> tuple[bytes, int]:
    if size < 0 or at + size > len(blob):
        raise ValueError("the UBJSON document is cut short or lies about a length")
    return blob[at : at + size], at + size


def _value(blob: bytes, at: int, depth: int) -> tuple[Any, int]:
    marker, at = _take(blob, at, 1)
    return _typed(blob, at, marker, depth)


def _typed(blob: bytes, at: int, marker: bytes, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise ValueError("the UBJSON document is nested too deeply")
    if marker in _NUMBERS:
        kind = np.dtype(_NUMBERS[marker])
        raw, at = _take(blob, at, kind.itemsize)
        return np.frombuffer(raw, kind)[0].item(), at
    if marker in _CONSTANTS:
        return _CONSTANTS[marker], at
    if marker == b"S":
        return _text(blob, at)
    if marker == b"[":
        return _array(blob, at, depth)
    if marker == b"{":
        return _object(blob, at, depth)
    raise ValueError(f"the UBJSON document holds an unknown marker {marker!r}")


def _length(blob: bytes, at: int) -> tuple[int, int]:
    marker, at = _take(blob, at, 1)
    if marker not in _NUMBERS or marker in b"dD":
        raise ValueError("the UBJSON document gives a length that is no whole number")
    value, at = _typed(blob, at, marker, 0)
    return int(value), at


def _text(blob: bytes, at: int) -> tuple[str, int]:
    size, at = _length(blob, at)
    raw, at = _take(blob, at, size)
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError:
        raise ValueError("the UBJSON document holds text that is not UTF-8") from None


def _header(blob: bytes, at: int) -> tuple[bytes, int, int]:
    """Optional element type and count of a container: (type or b"", count or -1, position)."""
    kind, count = b"", -1
    if blob[at : at + 1] == b"$":
        kind, at = _take(blob, at + 1, 1)
    if blob[at : at + 1] == b"#":
        count, at = _length(blob, at + 1)
        if count < 0:
            raise ValueError("the UBJSON document gives a negative count")
    elif kind:
        raise ValueError("the UBJSON document gives an element type without a count")
    return kind, count, at


def _array(blob: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    kind, count, at = _header(blob, at)
    if kind in _NUMBERS:
        element = np.dtype(_NUMBERS[kind])
        raw, at = _take(blob, at, count * element.itemsize)
        return np.frombuffer(raw, element).tolist(), at
    if count > len(blob) - at:
        raise ValueError("the UBJSON document is cut short or lies about a length")
    found: list[Any] = []
    while len(found) != count:
        if count < 0 and blob[at : at + 1] == b"]":
            return found, at + 1
        value, at = _typed(blob, at, kind, depth + 1) if kind else _value(blob, at, depth + 1)
        found.append(value)
    return found, at


def _object(blob: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    kind, count, at = _header(blob, at)
    found: dict[str, Any] = {}
    seen = 0
    while seen != count:
        if count < 0 and blob[at : at + 1] == b"}":
            return found, at + 1
        key, at = _text(blob, at)
        found[key], at = _typed(blob, at, kind, depth + 1) if kind else _value(blob, at, depth + 1)
        seen += 1
    return found, at
