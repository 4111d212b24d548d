"""Stats as a Parquet file, a row per value, encoded in the background."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from streaming.blocks import Output, StatBlock
from streaming.parts import AllOrNothing, Part, PartWriter
from streaming.stat_table import ENCODINGS, stat_table

#: rows of one row group
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


class StatParquetSink(AllOrNothing):
    """One Parquet file of stats at ``path``, there when the run has ended well.

    ``final_only`` leaves out provisional and stale values.
    """

    def __init__(self, path: str | Path, *, final_only: bool = False, overwrite: bool = False) -> None:
        super().__init__(path, folder=False, overwrite=overwrite)
        where = self._staged.temporary.parent
        self._staged.temporary = where / "stats" / "part-00000.parquet"
        self._rows = StatRows(PartWriter(where, "stats", groups=1 << 30, **ENCODINGS), final_only=final_only)

    def write(self, outputs: list[Output], published_us: int) -> None:
        self._rows.add(outputs, published_us)

    def _complete(self) -> None:
        self._rows.close(at_least_one=True)

    def _stop(self) -> None:
        self._rows.abort()
