"""What is fuzzed: a function of bytes that accepts them, or refuses them by one of its declared errors. All else is a finding."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec

from tests.fuzz import mutations
from tests.fuzz.mutations import Files

Mutate = Callable[[Random, bytes], bytes]
#: of one input, bytes
MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Target:
    """``run`` ends, or raises one of ``refusals``. ``seeds`` makes valid inputs; ``mutate`` changes one and keeps its form, None
    for what is changed byte by byte."""

    name: str
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    refusals: tuple[type[Exception], ...]
    mutate: Mutate | None = None


class Finding(Exception):
    """What a target found out by itself: an answer that must not be."""


def signature(error: BaseException) -> str:
    """The kind of an error and where it arose: the same for inputs that find the same."""
    at, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/tests/fuzz/" not in code.co_filename:
            file = "/".join(code.co_filename.split("/")[-2:])
            at = f"{file}:{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {at}"


# -- several records or files as one input --------------------------------------------------------------------------------

_LENGTH: Final = struct.Struct("<I")


def joined(parts: Sequence[bytes]) -> bytes:
    """Records one after the other, each behind its length."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def parted(data: bytes) -> list[bytes]:
    """The records of :func:`joined`; lengths that are not there end it, so that every input has records."""
    parts, at = [], 0
    while at + _LENGTH.size <= len(data) and len(parts) < 1000:
        length = min(_LENGTH.unpack_from(data, at)[0], len(data) - at - _LENGTH.size)
        parts.append(data[at + _LENGTH.size : at + _LENGTH.size + length])
        at += _LENGTH.size + length
    return parts


def mutated_parts(rng: Random, data: bytes) -> bytes:
    """One record changed, doubled, moved or left out."""
    parts = parted(data)
    if not parts:
        return mutations.one(rng, data)
    at = rng.randrange(len(parts))
    how = rng.random()
    if how < 0.7:
        parts[at] = mutations.one(rng, parts[at])
    elif how < 0.8:
        del parts[at]
    elif how < 0.9:
        parts.insert(rng.randrange(len(parts)), parts[at])
    else:
        parts.insert(rng.randrange(len(parts)), parts.pop(at))
    return joined(parts)


def archived(files: Files) -> bytes:
    """Files as one input."""
    return msgspec.msgpack.encode(files)


def unarchived(data: bytes) -> Files:
    """Those of :func:`archived` that have a name; none where the input is something else."""
    try:
        files = msgspec.msgpack.decode(data, type=dict[str, bytes])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {name: body for name, body in files.items() if name and "/" not in name and "\0" not in name and name not in (".", "..")}


def mutated_files(rng: Random, data: bytes) -> bytes:
    files = unarchived(data)
    return archived(mutations.mutated(rng, files)) if files else mutations.one(rng, data)
