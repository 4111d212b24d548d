"""Writing a recording: buffers that fill at the pace of the game, encoded in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streaming.recordings import arrow
from streaming.recordings.model_copies import ModelCopies, ModelVersion, Timed
from streaming.recordings.parquet_parts import AtomicWriter, Part, PartWriter
from streaming.wire.blocks import DeadLetter, ModelSwitch, Output, Prediction, StatBlock
from streaming.wire.bounds import event_bytes
from streaming.wire.records import Event, GameRecord, Telemetry, encode, encode_telemetry

FORMAT_VERSION = 1
KINDS = ("telemetry", "events", "stats", "predictions", "switches", "dead")
#: samples of one row group: two minutes of a soccer match, the step of a seek
GROUP_ROWS = 1 << 16
#: a row group of events or dead letters is written when they take so many bytes, however few they are
FULL_BYTES: Final = 16_000_000

#: 23 samples share a time, so a dictionary of times beats deltas; the bytes of a float compress apart, not together
_ENCODINGS: dict[str, Any] = {
    "use_dictionary": ["t_us", "arrival_us", "feed", "tag"],
    "use_byte_stream_split": ["x_m", "y_m", "z_m"],
}
#: the columns of every sample but ``feed``
DTYPES: dict[str, Any] = {
    "t_us": np.int64, "arrival_us": np.int64, "tag": np.uint32,
    "x_m": np.float32, "y_m": np.float32, "z_m": np.float32,
}  # fmt: skip
_FEED = pa.dictionary(pa.int32(), pa.string())
TELEMETRY_SCHEMA = pa.schema(
    [
        ("t_us", pa.int64()), ("arrival_us", pa.int64()), ("feed", _FEED), ("tag", pa.uint32()),
        ("x_m", pa.float32()), ("y_m", pa.float32()), ("z_m", pa.float32()),
    ]
)  # fmt: skip
EVENT_SCHEMA = pa.schema(
    [
        ("id", pa.string()), ("type", pa.string()), ("t_us", pa.int64()), ("arrival_us", pa.int64()),
        ("period", pa.int16()), ("team", pa.string()), ("player", pa.string()),
        ("x_m", pa.float64()), ("y_m", pa.float64()), ("end_x_m", pa.float64()), ("end_y_m", pa.float64()),
        ("outcome", pa.string()), ("attrs", pa.string()), ("revision", pa.int32()), ("deleted", pa.bool_()),
    ]
)  # fmt: skip
DEAD_SCHEMA = pa.schema(
    [
        ("source", pa.string()), ("reason", pa.string()), ("detail", pa.string()), ("arrival_us", pa.int64()),
        ("samples", pa.int32()), ("payload", pa.binary()),
    ]
)  # fmt: skip
PREDICTION_SCHEMA = pa.schema(
    [
        ("stat", pa.string()), ("event", pa.string()), ("t_us", pa.int64()), ("model", pa.string()),
        ("version", pa.string()), ("features", pa.list_(pa.float64())), ("answer", pa.list_(pa.float64())),
        ("quality", pa.string()), ("took_us", pa.float64()), ("subjects", pa.list_(pa.string())),
    ]
)  # fmt: skip
SWITCH_SCHEMA = pa.schema(
    [("model", pa.string()), ("before", pa.string()), ("version", pa.string()), ("after_us", pa.int64()), ("digest", pa.string())]
)


class Contents(msgspec.Struct, frozen=True):
    """``recording.json``: the format and every part, so that a lost one is noticed. ``requested`` are the models that were asked
    for by name when the game was recorded, with their versions: they answer again when it is replayed. ``models`` are all
    versions that answered; ``timed`` is what the times of predictions were measured in; ``aired``: operators elsewhere
    answered, and are not named."""

    format: int
    parts: list[Part]
    requested: dict[str, str] = {}
    models: list[ModelVersion] = []
    timed: Timed = "live"
    aired: bool = False


class Writer(AtomicWriter):
    """Records a game: a context manager that leaves a whole recording at ``path``, or nothing when interrupted.

    Records are written in the order of their arrival. ``game`` may be replaced while recording (a period ended): what
    it is at the end is kept. Telemetry is copied into buffers at once; encoding happens on other threads. ``requested``,
    ``timed`` and ``aired`` are written as they are in :class:`Contents`; with ``copies`` the artefacts that answer are copied in.
    With ``waiting`` nothing waits for the disk: ``Unavailable`` when so many row groups of one kind do.
    """

    def __init__(
        self,
        path: str | Path,
        game: GameRecord,
        *,
        overwrite: bool = False,
        requested: Mapping[str, str] | None = None,
        timed: Timed = "live",
        aired: bool = False,
        copies: bool = False,
        waiting: int = 0,
    ) -> None:
        self.game, self.requested, self.timed, self.aired = game, dict(requested or {}), timed, aired
        super().__init__(path, folder=True, overwrite=overwrite)
        self._folder, self._waiting = self._staged.temporary, waiting
        self._telemetry = PartWriter(self._folder, "telemetry", waiting=waiting, **_ENCODINGS)
        self._events = PartWriter(self._folder, "events", waiting=waiting)
        self._dead = PartWriter(self._folder, "dead", waiting=waiting)
        self._buffer = _Buffer()
        self._event_rows: list[Event] = []
        self._dead_rows: list[DeadLetter] = []
        self._event_bytes = self._dead_bytes = 0
        self._predictions = PartWriter(self._folder, "predictions", waiting=waiting)
        self._prediction_rows: list[Prediction] = []
        self._switches = PartWriter(self._folder, "switches", waiting=waiting)
        self._switch_rows: list[ModelSwitch] = []
        self._models = ModelCopies(self._folder, copies)
        self._stats: Any = None

    def write(self, record: Telemetry | Event | DeadLetter) -> None:
        """Append one record. ``ValueError`` for one of another game or with a number that JSON does not know."""
        if record.game != self.game.game:
            raise ValueError(f"a record of game {record.game!r} does not belong to the recording of {self.game.game!r}")
        if isinstance(record, Telemetry):
            done = 0
            while done < len(record):
                done += self._buffer.add(record, done)
                if self._buffer.rows == GROUP_ROWS:
                    self._flush_telemetry()
        elif isinstance(record, Event):
            _refuse_infinite(record)
            self._event_rows.append(record)
            self._event_bytes += event_bytes(record)
            if len(self._event_rows) == 8192 or self._event_bytes > FULL_BYTES:
                self._flush_events()
        else:
            self._dead_rows.append(record)
            self._dead_bytes += len(record.payload) if isinstance(record.payload, bytes) else 64 * len(record)
            if len(self._dead_rows) == 8192 or self._dead_bytes > FULL_BYTES:
                self._flush_dead()

    def write_outputs(self, outputs: Sequence[Output], published_us: int) -> None:
        """Append outputs of an operator: stats, predictions, changes of models, and dead letters. Positions for drawing are
        left out, since the telemetry holds them."""
        if self._stats is None:
            from streaming.recordings.stat_table import ENCODINGS, StatRows

            self._stats = StatRows(PartWriter(self._folder, "stats", waiting=self._waiting, **ENCODINGS))
        self._stats.add(outputs, published_us)
        for output in outputs:
            if isinstance(output, DeadLetter):
                self.write(output)
            elif isinstance(output, Prediction):
                self._prediction_rows.append(output)
                if len(self._prediction_rows) == 8192:
                    self._flush_predictions()
                self._models.answered(output.model, output.version)
            elif isinstance(output, StatBlock):
                if output.model is not None:
                    self._models.answered(output.model.name, output.model.version)
            elif isinstance(output, ModelSwitch):
                self._switch_rows.append(output)
                self._models.switched(output)

    def _complete(self) -> None:
        self._flush_telemetry()
        self._flush_events()
        self._flush_dead()
        self._flush_predictions()
        if rows := self._switch_rows:
            self._switches.write(lambda: _switch_table(rows), 0, max(0, *(row.after_us for row in rows)))
        parts = self._telemetry.close() + self._events.close() + self._dead.close() + self._predictions.close()
        parts += self._switches.close()
        parts += self._stats.close() if self._stats is not None else []
        (self._folder / "game.json").write_bytes(msgspec.json.format(encode(self.game), indent=1) + b"\n")
        contents = msgspec.json.encode(
            Contents(FORMAT_VERSION, parts, self.requested, self._models.close(), self.timed, self.aired)
        )
        (self._folder / "recording.json").write_bytes(msgspec.json.format(contents, indent=1) + b"\n")

    def _stop(self) -> None:
        writers = (self._telemetry, self._events, self._dead, self._predictions, self._switches)
        for writer in (*writers, *((self._stats.parts,) if self._stats else ())):
            writer.abort()
        self._models.abort()

    def _flush_telemetry(self) -> None:
        full, self._buffer = self._buffer, _Buffer()
        if full.rows:
            arrival = full.columns["arrival_us"][: full.rows]
            self._telemetry.write(full.table, int(arrival.min()), int(arrival.max()))

    def _flush_events(self) -> None:
        rows, self._event_rows, self._event_bytes = self._event_rows, [], 0
        if rows:
            arrival = [event.arrival_us for event in rows]
            self._events.write(lambda: _event_table(rows), min(arrival), max(arrival))

    def _flush_dead(self) -> None:
        rows, self._dead_rows, self._dead_bytes = self._dead_rows, [], 0
        if rows:
            arrival = [letter.arrival_us for letter in rows]
            self._dead.write(lambda: _dead_table(rows), min(arrival), max(arrival))

    def _flush_predictions(self) -> None:
        rows, self._prediction_rows = self._prediction_rows, []
        if rows:
            times = [row.t_us for row in rows]
            self._predictions.write(lambda: _prediction_table(rows), min(times), max(times))


class _Buffer:
    """Columns of one row group while it fills."""

    def __init__(self) -> None:
        self.columns = {name: np.empty(GROUP_ROWS, dtype) for name, dtype in DTYPES.items()}
        self.channels: dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]] = {}
        self.feed = np.zeros(GROUP_ROWS, np.int32)
        self.feeds: dict[str, int] = {}
        self.rows = 0

    def add(self, packet: Telemetry, start: int) -> int:
        """Copy what fits of the packet's rows from ``start`` on; how many that were."""
        lo = self.rows
        hi = min(GROUP_ROWS, lo + len(packet) - start)
        rows = slice(start, start + hi - lo)
        c = self.columns
        c["t_us"][lo:hi], c["tag"][lo:hi] = packet.t_us[rows], packet.tag[rows]
        c["x_m"][lo:hi], c["y_m"][lo:hi], c["z_m"][lo:hi] = packet.x_m[rows], packet.y_m[rows], packet.z_m[rows]
        arrival = packet.arrival_us
        c["arrival_us"][lo:hi] = arrival if isinstance(arrival, int) else arrival[rows]
        self.feed[lo:hi] = self.feeds.setdefault(packet.feed, len(self.feeds))
        for name, values in packet.channels.items():
            if name not in self.channels:
                self.channels[name] = np.empty(GROUP_ROWS, np.float32), np.zeros(GROUP_ROWS, np.bool_)
            column, has = self.channels[name]
            column[lo:hi], has[lo:hi] = values[rows], True
        self.rows = hi
        return hi - lo

    def table(self) -> pa.Table:
        n = self.rows
        columns = {name: arrow.fixed(column[:n]) for name, column in self.columns.items()}
        columns["feed"] = arrow.words(self.feed[:n], list(self.feeds))
        columns = {name: columns[name] for name in TELEMETRY_SCHEMA.names}
        for name in sorted(self.channels):
            values, has = self.channels[name]
            columns[name] = arrow.fixed(values[:n], ~has[:n])
        return pa.table(columns)


def _event_table(rows: list[Event]) -> pa.Table:
    columns = {field.name: _column(field, [getattr(event, field.name) for event in rows]) for field in EVENT_SCHEMA}
    return pa.table(columns, schema=EVENT_SCHEMA)


_NUMPY = {
    pa.int64(): np.int64,
    pa.int32(): np.int32,
    pa.int16(): np.int16,
    pa.float64(): np.float64,
    pa.bool_(): np.bool_,
}


def _column(field: pa.Field, values: list[Any]) -> pa.Array:
    if field.name == "attrs":
        return arrow.strings([msgspec.json.encode(value).decode() for value in values])
    if field.type == pa.string():
        return arrow.strings(values)
    missing = np.array([value is None for value in values], np.bool_)
    return arrow.fixed(np.array([value or 0 for value in values], _NUMPY[field.type]), missing)


def _dead_table(rows: list[DeadLetter]) -> pa.Table:
    payloads = [row.payload if isinstance(row.payload, bytes) else encode_telemetry(row.payload) for row in rows]
    columns = {
        "source": arrow.strings([row.source for row in rows]),
        "reason": arrow.strings([row.reason for row in rows]),
        "detail": arrow.strings([row.detail for row in rows]),
        "arrival_us": arrow.fixed(np.array([row.arrival_us for row in rows], np.int64)),
        "samples": arrow.fixed(np.array([len(row) for row in rows], np.int32)),
        "payload": arrow.binaries(payloads),
    }
    return pa.table(columns, schema=DEAD_SCHEMA)


def _prediction_table(rows: list[Prediction]) -> pa.Table:
    def numbers(arrays: list[npt.NDArray[np.float64]]) -> pa.Array:
        flat = [np.asarray(array, np.float64).reshape(-1) for array in arrays]
        lengths = np.array([len(array) for array in flat], np.int64)
        return arrow.lists(arrow.fixed(np.concatenate(flat)), lengths, np.zeros(len(flat), np.bool_))

    columns = {
        "stat": arrow.strings([row.stat for row in rows]),
        "event": arrow.strings([row.event for row in rows]),
        "t_us": arrow.fixed(np.array([row.t_us for row in rows], np.int64)),
        "model": arrow.strings([row.model for row in rows]),
        "version": arrow.strings([row.version for row in rows]),
        "features": numbers([row.features for row in rows]),
        "answer": numbers([row.answer for row in rows]),
        "quality": arrow.strings([row.quality for row in rows]),
        "took_us": arrow.fixed(np.array([row.took_us for row in rows], np.float64)),
        "subjects": arrow.lists(
            arrow.strings([subject for row in rows for subject in row.subjects]),
            np.array([len(row.subjects) for row in rows], np.int64),
            np.zeros(len(rows), np.bool_),
        ),
    }
    return pa.table(columns, schema=PREDICTION_SCHEMA)


def _switch_table(rows: list[ModelSwitch]) -> pa.Table:
    columns = {name: arrow.strings([getattr(row, name) for row in rows]) for name in ("model", "before", "version", "digest")}
    columns["after_us"] = arrow.fixed(np.array([row.after_us for row in rows], np.int64))
    return pa.table(columns, schema=SWITCH_SCHEMA)


def _refuse_infinite(event: Event) -> None:
    numbers = [event.x_m, event.y_m, event.end_x_m, event.end_y_m, *event.attrs.values()]
    if any(isinstance(number, float) and not np.isfinite(number) for number in numbers):
        raise ValueError(f"event {event.id!r} has a number that is not finite: leave out what was not measured")
