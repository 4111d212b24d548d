"""A recorded game: a folder that pandas, polars and DuckDB open with one line, and that replays as it was live.

    REC/game.json                     the game record
    REC/recording.json                format version, and every part with its rows and span of arrival
    REC/telemetry/part-00000.parquet  t_us, arrival_us, feed, tag, x_m, y_m, z_m and a column per channel
    REC/events/part-00000.parquet     the fields of Event, attrs as JSON text
    REC/stats/..., predictions, dead  stats as published, predictions of models, and dead letters, where they were recorded
    REC/models/NAME/DIGEST/           copies of the models that answered, where they did

Rows lie in the order of arrival. A channel is null where the sample's feed does not carry it and NaN where it carries
nothing. Parts have checksums, so a flipped bit is found and never replayed. docs/recordings.md is the reader's page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from streaming.errors import BadInput, BadRecord
from streaming.recordings import arrow, unpacking
from streaming.recordings.parquet_parts import Part, reason
from streaming.recordings.writer import DTYPES, EVENT_SCHEMA, FORMAT_VERSION, KINDS, TELEMETRY_SCHEMA, Contents, Writer
from streaming.wire.records import Event, GameRecord, Telemetry, decode_game

__all__ = ["Recording", "Writer"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Group:
    """A row group of telemetry: where it is, and the latest arrival before it and with it."""

    file: int
    index: int
    before_us: int
    high_us: int


class Recording:
    """A finished recording, opened for reading.

    Opening reads ``game.json`` and all footers, and raises ``BadInput`` with one sentence that names the file when
    something is missing, cut short or not what it should be. A damaged page is found when it is read, likewise.

    Attributes
    ----------
    game : the game record
    samples, events : how many telemetry samples and events there are
    first_us, last_us : arrival of the first and of the last record (0, 0 when there is none)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise BadInput(f"there is no recording at {self.path}")
        self.game = _game(self.path / "game.json")
        self.contents = _contents(self.path / "recording.json")
        self._telemetry = [self._open(part, TELEMETRY_SCHEMA) for part in self._of("telemetry")]
        self._events = [self._open(part, EVENT_SCHEMA) for part in self._of("events")]
        for kind in ("stats", "predictions", "switches", "dead"):
            for part in self._of(kind):
                self._open(part, pa.schema([]))
        self._groups = list(self._find_groups())
        self._sound: set[str] = set()
        self.samples = sum(file.metadata.num_rows for file in self._telemetry)
        self.events = sum(file.metadata.num_rows for file in self._events)
        held = [part for kind in ("telemetry", "events") for part in self._of(kind)]
        self.first_us = min((part.first_us for part in held), default=0)
        self.last_us = max((part.last_us for part in held), default=0)

    def __repr__(self) -> str:
        return f"Recording({str(self.path)!r}: {self.game.game}, {self.samples} samples, {self.events} events)"

    def files(self, kind: str) -> list[Path]:
        """The Parquet files of one of ``KINDS``, in order."""
        return [self.path / part.file for part in self._of(kind)]

    def records(
        self, from_us: int | None = None, max_samples: int = 8192, packets: Literal["packed", "arrival"] = "packed"
    ) -> Iterator[Telemetry | Event]:
        """Every record in the order of arrival; an event follows the samples that arrived with it or before it.

        Where a clock went back while recording, a record keeps its place and its stamp, and counts as having arrived
        with the latest before it.

        Parameters
        ----------
        from_us : leave out what arrived before; row groups that hold nothing else are not read
        max_samples : the most samples in a packet
        packets : "packed" gives packets as large as allowed, ``arrival_us`` an array (n,); "arrival" gives a packet for
            each stamp of arrival, as it was live, ``arrival_us`` an integer. Neither mixes feeds.
        """
        if max_samples < 1:
            raise ValueError(f"max_samples is {max_samples}: a packet holds at least one")
        events = self.read_events()
        order = np.array([event.arrival_us for event in events], np.int64)
        np.maximum.accumulate(order, out=order)
        at = 0 if from_us is None else int(np.searchsorted(order, from_us))
        for chunk in self._chunks(from_us):
            n = len(chunk.arrived)
            after = np.searchsorted(chunk.arrived, order[at:], side="right")  # the sample each waiting event precedes
            first = at
            bounds = np.unique(np.concatenate([[0, n], after, chunk.cuts(packets == "arrival")])).tolist()
            for start, stop in pairwise(bounds):
                while at < len(events) and after[at - first] == start:
                    yield events[at]
                    at += 1
                for lo in range(start, stop, max_samples):
                    yield chunk.packet(self.game.game, lo, min(lo + max_samples, stop), packets == "arrival")
        yield from events[at:]

    def read_events(self) -> list[Event]:
        """All events in the order of arrival."""
        events: list[Event] = []
        for part, file in zip(self._of("events"), self._events, strict=True):
            self._check(part)
            with _reading(self.path / part.file):
                for row in unpacking.rows(file):
                    row["attrs"] = msgspec.json.decode(row["attrs"]) if row["attrs"] else {}
                    events.append(msgspec.convert({**row, "game": self.game.game}, Event))
        return events

    def read(self, kind: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The rows of an operator's outputs: ``stats``, ``predictions``, ``switches`` or ``dead``, in order, with all of their
        columns or only these."""
        rows: list[dict[str, Any]] = []
        for part in self._of(kind):
            self._check(part)
            with _reading(self.path / part.file):
                rows.extend(unpacking.rows(pq.ParquetFile(self.path / part.file), columns))
        return rows

    def _of(self, kind: str) -> list[Part]:
        return [part for part in self.contents.parts if part.file.startswith(f"{kind}/")]

    def _open(self, part: Part, schema: pa.Schema) -> pq.ParquetFile:
        path = self.path / part.file
        if not path.is_file():
            raise BadInput(f"{path} is missing: the recording is not whole")
        with _reading(path):
            part.check_footer(path)
            file = pq.ParquetFile(path)
            unpacking.check_metadata(file.metadata)
            found = file.schema_arrow
        for field in schema:
            at = found.get_field_index(field.name)  # -1 also where two columns have the name
            if at < 0 or found.field(at).type != field.type:
                raise BadInput(f"{path} is no part of a recording: it has no column {field.name} of {field.type}, or two")
        if file.metadata.num_rows != part.rows:
            raise BadInput(f"{path} holds {file.metadata.num_rows} rows where {part.rows} were recorded")
        return file

    def _check(self, part: Part) -> None:
        """Before anything but a part's footer is used: are these the bytes that were written?"""
        if part.file not in self._sound:
            with _reading(self.path / part.file):
                part.check_all(self.path / part.file)
            self._sound.add(part.file)

    def _find_groups(self) -> Iterator[_Group]:
        high = -(1 << 63)
        for number, (part, file) in enumerate(zip(self._of("telemetry"), self._telemetry, strict=True)):
            column = file.schema_arrow.names.index("arrival_us")
            for index in range(file.metadata.num_row_groups):
                statistics = file.metadata.row_group(index).column(column).statistics
                if statistics is None or not statistics.has_min_max:
                    raise BadInput(f"{self.path / part.file} has no span of arrival for a row group")
                before, high = high, max(high, statistics.max)
                yield _Group(number, index, before, high)

    def _chunks(self, from_us: int | None) -> Iterator[_Chunk]:
        for group in self._groups:
            if from_us is not None and group.high_us < from_us:
                continue
            part = self._of("telemetry")[group.file]
            self._check(part)
            with _reading(self.path / part.file):
                table = self._telemetry[group.file].read_row_group(group.index, use_threads=False)
                chunk = _Chunk.of(table, group.before_us)
            if from_us is not None and group.before_us < from_us:
                chunk = chunk.since(from_us)
            if len(chunk.arrived):
                yield chunk


@dataclass(frozen=True)
class _Chunk:
    """The rows of one row group as arrays over Arrow's own memory; ``arrived`` is arrival made never to go back."""

    columns: dict[str, npt.NDArray[Any]]
    channels: dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None]]
    feed: npt.NDArray[np.int32]
    feeds: list[str]
    arrived: Ints

    @classmethod
    def of(cls, table: pa.Table, before_us: int) -> _Chunk:
        columns = {}
        for name, dtype in DTYPES.items():
            column = arrow.column(table, name)
            if column.null_count:
                raise ValueError(f"column {name} has empty cells")
            columns[name] = arrow.view(column, dtype)
        channels: dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None]] = {}
        for name in table.column_names[len(TELEMETRY_SCHEMA) :]:
            column = arrow.column(table, name)
            if column.type != pa.float32():
                raise ValueError(f"column {name} is of {column.type}, not float")
            channels[name] = arrow.view(column, np.float32), arrow.valid(column)
        feed = arrow.column(table, "feed")
        arrived = columns["arrival_us"]
        if len(arrived) and (arrived[0] < before_us or (arrived[1:] < arrived[:-1]).any()):
            arrived = np.maximum(np.maximum.accumulate(arrived), before_us)
        return cls(columns, channels, arrow.view(feed.indices, np.int32), feed.dictionary.to_pylist(), arrived)

    def since(self, from_us: int) -> _Chunk:
        """Without the rows that arrived before."""
        rows = slice(int(np.searchsorted(self.arrived, from_us)), None)
        return _Chunk(
            {name: column[rows] for name, column in self.columns.items()},
            {name: (values[rows], None if has is None else has[rows]) for name, (values, has) in self.channels.items()},
            self.feed[rows],
            self.feeds,
            self.arrived[rows],
        )

    def cuts(self, live: bool) -> Ints:
        """Rows where a packet must begin: another feed, another set of channels, and (``live``) another arrival."""
        changing: list[npt.NDArray[Any]] = [self.feed] if len(self.feeds) > 1 else []
        changing += [has for _, has in self.channels.values() if has is not None]
        changing += [self.columns["arrival_us"]] if live else []
        found = [np.flatnonzero(column[1:] != column[:-1]) + 1 for column in changing]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def packet(self, game: str, lo: int, hi: int, live: bool) -> Telemetry:
        c = self.columns
        return Telemetry(
            game,
            self.feeds[self.feed[lo]],
            c["t_us"][lo:hi],
            c["tag"][lo:hi],
            c["x_m"][lo:hi],
            c["y_m"][lo:hi],
            c["z_m"][lo:hi],
            int(c["arrival_us"][lo]) if live else c["arrival_us"][lo:hi],
            channels={name: values[lo:hi] for name, (values, has) in self.channels.items() if has is None or has[lo]},
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Any error inside becomes one sentence that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise BadInput(f"{path} is damaged: {reason(error)}") from error


def _game(path: Path) -> GameRecord:
    try:
        return decode_game(path.read_bytes())
    except OSError as error:
        raise BadInput(f"cannot read {path}: {reason(error)}") from error
    except BadRecord as error:
        raise BadInput(f"{path} is not a game record: {error}") from error


def _contents(path: Path) -> Contents:
    try:
        contents = msgspec.json.decode(path.read_bytes(), type=Contents)
    except OSError as error:
        raise BadInput(f"cannot read {path}: {reason(error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is damaged: {reason(error)}") from error
    if contents.format != FORMAT_VERSION:
        raise BadInput(f"{path} has format {contents.format}, this program reads format {FORMAT_VERSION}")
    for part in contents.parts:
        if part.file.split("/")[0] not in KINDS or ".." in part.file or "\0" in part.file:
            raise BadInput(f"{path} is damaged: {part.file!r} is no part of a recording")
    return contents
