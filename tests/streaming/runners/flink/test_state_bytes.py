"""Keyed state is bytes: what older savepoints hold as pickles is read without unpickling, and nothing else of that kind is."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.errors import BadSnapshot
from streaming.runners.flink.state_bytes import LogBytes, SnapshotBytes, unpickled


class FakeState:
    """A value or list state of one key."""

    def __init__(self, *items: bytes) -> None:
        self.items = list(items)

    def value(self) -> bytes | None:
        return self.items[-1] if self.items else None

    def update(self, value: bytes) -> None:
        self.items = [value]

    def get(self) -> list[bytes] | None:
        return self.items or None  # as Flink has it inside a TaskManager

    def add(self, value: bytes) -> None:
        self.items.append(value)

    def clear(self) -> None:
        self.items.clear()


ENTRIES = [(0, b""), (1_796_048_700_000_123, b"{}"), (7, bytes(range(256)) * 400)]


def test_state_is_read_as_it_was_written_and_holds_no_pickle():
    kept = FakeState()
    log = LogBytes(kept)
    assert list(log.get()) == []
    for entry in ENTRIES:
        log.add(entry)
    assert list(log.get()) == ENTRIES
    assert all(raw[:1] != pickle.dumps(0)[:1] for raw in kept.items)
    snapshot = SnapshotBytes(FakeState())
    assert snapshot.value() is None
    snapshot.update(b"\x04\x22M\x18 a frame")
    assert snapshot.value() == b"\x04\x22M\x18 a frame"
    snapshot.clear()
    assert snapshot.value() is None


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_state_of_an_older_savepoint_is_read(dumps: Callable[[object], bytes]):
    """As the two profiles of 0.2 wrote it."""
    assert list(LogBytes(FakeState(*map(dumps, ENTRIES))).get()) == ENTRIES
    assert SnapshotBytes(FakeState(dumps(b"\x04\x22M\x18 a frame"))).value() == b"\x04\x22M\x18 a frame"


class Harmful:
    """Runs a command when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_that_would_call_something_is_refused_and_calls_nothing(tmp_path, protocol):
    raw = pickle.dumps((1, Harmful(str(tmp_path / "done"))), protocol)
    with pytest.raises(BadSnapshot, match=r"holds a pickle that is more than bytes \((GLOBAL|SHORT_BINUNICODE)\): it is not read"):
        list(LogBytes(FakeState(raw)).get())
    with pytest.raises(BadSnapshot, match="more than bytes"):
        SnapshotBytes(FakeState(raw)).value()
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "has version none"),
        (b"\x02" + bytes(8), "has version 2"),
        (b"\x01", "has version 1"),
        (pickle.dumps(b"one value"), "is not a stamp and a record"),
        (pickle.dumps((b"a", 1)), "is not a stamp and a record"),
        (pickle.dumps((1, b"abc"))[:-4], "damaged"),
        (b"\x80\x04\x86.", "damaged"),
        (b"\x80\x04.", "no value"),
    ],
)
def test_damaged_entry_is_refused_in_one_sentence(raw, words):
    with pytest.raises(BadSnapshot, match=rf"\A[^\n]*{words}[^\n]*\Z"):
        list(LogBytes(FakeState(raw)).get())


def test_snapshot_that_is_no_bytes_is_refused():
    with pytest.raises(BadSnapshot, match="is not bytes"):
        SnapshotBytes(FakeState(pickle.dumps((1, b"a")))).value()


@given(st.binary(max_size=200))
def test_bytes_behind_the_mark_of_a_pickle_never_raise_anything_else(raw):
    try:
        unpickled(b"\x80\x04" + raw)
    except BadSnapshot:
        pass
