"""Blocks of stats as one Arrow table: a row per value, built column by column, never message by message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streaming.recordings import arrow
from streaming.recordings.parquet_parts import Part, PartWriter
from streaming.wire.blocks import Output, StatBlock, plain

_WORD = pa.dictionary(pa.int32(), pa.string())
STAT_SCHEMA = pa.schema(
    [
        ("id", pa.string()), ("stat", _WORD), ("subject", _WORD), ("value", pa.float64()),
        ("values", pa.list_(pa.float64())), ("text", pa.string()), ("object", pa.string()), ("unit", _WORD), ("quality", _WORD),
        ("window_start_us", pa.int64()), ("window_end_us", pa.int64()), ("event_us", pa.int64()),
        ("ingress_us", pa.int64()), ("published_us", pa.int64()), ("revision", pa.int32()), ("event", pa.string()),
        ("frame_us", pa.int64()), ("frame_offset_us", pa.int64()), ("model", _WORD), ("model_version", _WORD),
        ("attributions", pa.string()),
        ("model_instead", _WORD), ("model_experimental", pa.bool_()), ("reason", _WORD),
    ]
)  # fmt: skip
#: ids are unique, so a dictionary of them is a waste; neighbours share their beginnings
ENCODINGS: dict[str, Any] = {
    "use_dictionary": [name for name in STAT_SCHEMA.names if name not in ("id", "value", "values")],
    "column_encoding": {"id": "DELTA_BYTE_ARRAY"},
}

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def stat_table(published: list[tuple[StatBlock, int]]) -> pa.Table:
    """(block, published_us) pairs as a table of ``STAT_SCHEMA``, rows in the order of ``StatBlock.updates``.

    A number is in ``value``, a vector in ``values``, a label in ``text``, an object in ``object`` as JSON text; all four are null
    when nothing was measured.
    """
    published = [pair for pair in published if len(pair[0])]
    blocks = [block for block, _ in published]
    subjects = Words()
    parts = [_Rows.of(block, subjects) for block in blocks]
    row_of = np.repeat(np.arange(len(blocks)), [len(part.end_us) for part in parts])
    end_us = _join([part.end_us for part in parts], np.int64)
    subject = _join([part.subject for part in parts], np.int32)
    span_us = np.array([block.span_us for block in blocks], np.int64)
    numbers = _join([part.scalars() for part in parts], np.float64)
    models = [block.model for block in blocks]

    def repeat(values: list[str | None]) -> pa.Array:
        """Text that a block has once, for each of its rows."""
        if all(value is None for value in values):
            return pa.nulls(len(row_of), pa.string())
        return arrow.strings(values).take(arrow.fixed(row_of))

    def word(values: list[str | None]) -> pa.Array:
        known = Words()
        codes = np.array([-1 if value is None else known.code(value) for value in values], np.int32)[row_of]
        return arrow.words(codes, known.known, codes < 0)

    def number(values: list[int | None]) -> pa.Array:
        missing = np.array([value is None for value in values], np.bool_)
        return arrow.fixed(np.array([value or 0 for value in values], np.int64)[row_of], missing[row_of])

    columns = {
        "id": _ids(blocks, row_of, subject, end_us, subjects),
        "stat": word([block.stat for block in blocks]),
        "subject": arrow.words(subject, subjects.known),
        "value": arrow.fixed(numbers, ~np.isfinite(numbers)),
        "values": _vectors(parts),
        "text": _texts(parts, lambda value: value if isinstance(value, str) else None),
        "object": _texts(parts, lambda value: msgspec.json.encode(value).decode() if isinstance(value, dict) else None),
        "unit": word([block.unit for block in blocks]),
        "quality": word([block.quality for block in blocks]),
        "window_start_us": arrow.fixed(end_us - span_us[row_of]),
        "window_end_us": arrow.fixed(end_us),
        "event_us": arrow.fixed(end_us),
        "ingress_us": arrow.fixed(_join([part.ingress_us for part in parts], np.int64)),
        "published_us": arrow.fixed(np.array([at for _, at in published], np.int64)[row_of]),
        "revision": arrow.fixed(np.array([block.revision for block in blocks], np.int32)[row_of]),
        "event": repeat([block.event for block in blocks]),
        "frame_us": number([block.frame.t_us if block.frame else None for block in blocks]),
        "frame_offset_us": number([block.frame.offset_us if block.frame else None for block in blocks]),
        "model": word([model.name if model else None for model in models]),
        "model_version": word([model.version if model else None for model in models]),
        "model_instead": word([(model.fallback_reason or None) if model else None for model in models]),
        "model_experimental": arrow.fixed(np.array([bool(m and m.experimental) for m in models], np.bool_)[row_of]),
        "reason": word([block.reason or None for block in blocks]),
        "attributions": repeat([msgspec.json.encode(m.attributions).decode() if m else None for m in models]),
    }
    return pa.table(columns, schema=STAT_SCHEMA)


class Words:
    """Strings numbered as they come."""

    def __init__(self) -> None:
        self.known: list[str] = []
        self._code: dict[str, int] = {}
        self._whole: dict[tuple[str, ...], npt.NDArray[np.int32]] = {}

    def code(self, word: str) -> int:
        if word not in self._code:
            self._code[word] = len(self.known)
            self.known.append(word)
        return self._code[word]

    def codes(self, words: tuple[str, ...]) -> npt.NDArray[np.int32]:
        if words not in self._whole:
            self._whole[words] = np.array([self.code(word) for word in words], np.int32)
        return self._whole[words]


@dataclass(frozen=True)
class _Rows:
    """One block laid flat, its live cells window by window: ``numbers`` (rows,) or (rows, D), else ``mixed`` values."""

    subject: npt.NDArray[np.int32]
    end_us: Ints
    ingress_us: Ints
    numbers: Floats | None
    mixed: list[Any]

    @classmethod
    def of(cls, block: StatBlock, subjects: Words) -> _Rows:
        windows, width = len(block.end_us), len(block.subjects)
        live = slice(None) if block.live is None else block.live.reshape(-1)
        values, numbers, mixed = block.values, None, []
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub" and values.ndim in (2, 3):
            numbers = values.reshape(windows * width, *values.shape[2:])[live].astype(np.float64)
        else:
            cells = np.arange(windows * width)[live].tolist()
            mixed = [plain(values[cell // width][cell % width]) for cell in cells]
        return cls(
            np.tile(subjects.codes(block.subjects), windows)[live],
            np.repeat(block.end_us, width)[live],
            np.repeat(block.ingress_us, width)[live],
            numbers,
            mixed,
        )

    def scalars(self) -> Floats:
        """(rows,) the numbers; NaN for everything else."""
        if self.numbers is None:
            return np.array([v if isinstance(v, float) else np.nan for v in self.mixed], np.float64)
        return self.numbers if self.numbers.ndim == 1 else np.full(len(self.numbers), np.nan)

    def vectors(self) -> tuple[Ints, npt.NDArray[np.bool_], Floats]:
        """Length of each row's vector, whether it has none, and all of them end to end."""
        n = len(self.end_us)
        if self.numbers is not None and self.numbers.ndim == 2:
            return np.full(n, self.numbers.shape[1]), np.zeros(n, np.bool_), self.numbers.reshape(-1)
        if self.numbers is not None:
            return np.zeros(n, np.int64), np.ones(n, np.bool_), np.zeros(0)
        found = [v if isinstance(v, list) else None for v in self.mixed]
        flat = [np.nan if x is None else x for v in found if v for x in v]
        lengths = np.array([len(v) if v else 0 for v in found], np.int64)
        return lengths, np.array([v is None for v in found], np.bool_), np.array(flat, np.float64)


def _ids(blocks: list[StatBlock], row_of: Ints, subject: npt.NDArray[np.int32], end_us: Ints, names: Words) -> pa.Array:
    """``topics.window_id`` or ``topics.event_id`` of every row: few beginnings, joined to their endings by Arrow."""
    begin, width = Words(), max(1, len(names.known))
    begin_of = np.array([begin.code(f"{block.game}/{block.stat}/") for block in blocks], np.int64)
    heads = [f"{head}{name}/" for head in begin.known for name in names.known]
    tails = arrow.fixed(end_us).cast(pa.string())
    if any(block.event is not None for block in blocks):
        events = arrow.strings([block.event for block in blocks]).take(arrow.fixed(row_of))
        tails = pc.coalesce(events, tails)
    head = arrow.strings(heads).take(arrow.fixed(begin_of[row_of] * width + subject))
    nothing = arrow.strings([""]).take(arrow.fixed(np.zeros(len(row_of), np.int32)))
    return pc.binary_join_element_wise(head, tails, nothing)


def _vectors(parts: list[_Rows]) -> pa.Array:
    wide = [part.numbers is None or part.numbers.ndim == 2 for part in parts]
    if not any(wide):
        return pa.nulls(sum(len(part.end_us) for part in parts), pa.list_(pa.float64()))
    lengths, missing, flat = zip(*(part.vectors() for part in parts), strict=True)
    numbers = _join(list(flat), np.float64)
    values = arrow.fixed(numbers, ~np.isfinite(numbers))
    return arrow.lists(values, _join(list(lengths), np.int64), _join(list(missing), np.bool_))


def _texts(parts: list[_Rows], text_of: Callable[[Any], str | None]) -> pa.Array:
    """What ``text_of`` makes of each row's value; null where that is nothing."""
    if not any(part.mixed for part in parts):
        return pa.nulls(sum(len(part.end_us) for part in parts), pa.string())
    at, rows, texts = 0, [], []
    for part in parts:
        found = [(at + i, text) for i, value in enumerate(part.mixed) if (text := text_of(value)) is not None]
        rows += [row for row, _ in found]
        texts += [text for _, text in found]
        at += len(part.end_us)
    return arrow.sparse_strings(at, np.array(rows, np.int64), texts)


def _join(arrays: list[npt.NDArray[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype)


#: rows of one row group of stats
GROUP_ROWS = 1 << 17


class StatRows:
    """Collects blocks and hands them to ``parts`` as row groups; the table itself is made on the writer's thread."""

    def __init__(self, parts: PartWriter, *, final_only: bool = False) -> None:
        self.parts, self.final_only = parts, final_only
        self._waiting: list[tuple[StatBlock, int]] = []
        self._waiting_rows = 0
        self._flushed = False

    def add(self, outputs: Sequence[Output], published_us: int) -> None:
        """Take the stat blocks among ``outputs``; they must not change afterwards."""
        for output in outputs:
            if isinstance(output, StatBlock) and (output.settled or not self.final_only):
                self._waiting.append((output, published_us))
                self._waiting_rows += len(output.end_us) * len(output.subjects)
        if self._waiting_rows >= GROUP_ROWS:
            self._flush()

    def close(self, *, at_least_one: bool = False) -> list[Part]:
        """Finish; ``at_least_one`` makes a part without rows when there were none."""
        self._flush()
        if at_least_one and not self._flushed:
            self.parts.write(lambda: stat_table([]), 0, 0)
        return self.parts.close()

    def abort(self) -> None:
        self.parts.abort()

    def _flush(self) -> None:
        blocks, self._waiting = [pair for pair in self._waiting if len(pair[0])], []
        self._waiting_rows = 0
        if blocks:
            self._flushed = True
            arrived = np.concatenate([block.ingress_us for block, _ in blocks])
            self.parts.write(lambda: stat_table(blocks), int(arrived.min()), int(arrived.max()))
