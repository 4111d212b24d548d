"""Stats as lines of JSON, the very messages a subscriber gets."""

from __future__ import annotations

from pathlib import Path

from streaming.errors import BadInput, Unavailable
from streaming.recordings.parquet_parts import AtomicWriter, reason
from streaming.sinks.base import SinkOptions, file_of
from streaming.wire.blocks import Output, StatBlock
from streaming.wire.stat_json import block_raw

_BUFFER_BYTES = 1 << 20


class StatJsonlSink(AtomicWriter):
    """One file of StatUpdates at ``path``, a line each, there when the run has ended well.

    ``final_only`` leaves out provisional and stale values.
    """

    def __init__(self, path: str | Path, *, final_only: bool = False, overwrite: bool = False) -> None:
        super().__init__(path, folder=False, overwrite=overwrite)
        self.final_only = final_only
        try:
            self._file = self._staged.temporary.open("wb", buffering=_BUFFER_BYTES)
        except OSError as error:
            self._staged.abandon()
            raise BadInput(f"cannot write {path}: {reason(error)}") from error

    def write(self, outputs: list[Output], published_us: int) -> None:
        try:
            for output in outputs:
                if isinstance(output, StatBlock) and (output.settled or not self.final_only):
                    self._file.write(lines(output, published_us))
        except OSError as error:
            raise Unavailable(f"cannot write {self._staged.path}: {reason(error)}") from error

    def _complete(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise Unavailable(f"cannot write {self._staged.path}: {reason(error)}") from error

    def _stop(self) -> None:
        self._file.close()


def lines(block: StatBlock, published_us: int) -> bytes:
    """What ``encode`` makes of each of ``block.updates(published_us)``, a line each."""
    raw = block_raw(block, published_us, b"\n")
    return raw + b"\n" if raw else raw


def open_jsonl(url: str, options: SinkOptions) -> StatJsonlSink:
    """The sink of ``FILE.jsonl``."""
    return StatJsonlSink(file_of(url), final_only=options.final_only, overwrite=options.overwrite)
